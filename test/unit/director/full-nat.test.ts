import assert from 'node:assert/strict';
import { natMembers, withDraining } from '../../../src/director/full-nat.ts';
import type { NatMember } from '../../../src/nft/ruleset.ts';
import { real, tcp } from '../ipvs/builders.ts';
import { configOf, realServer, tcpId, virtualServer } from './builders.ts';

const FULL = { forwarding: 'fullnat' } as const;
const VIP = tcp('192.0.2.100', 80);

const show = ({ service, destination, source }: NatMember): string =>
  `${service.kind === 'address' ? service.port : ''} ${destination.address}:${destination.port} ${String(source)}`;

describe('director/full-nat', () => {
  it('needs nothing without full NAT', () => {
    const plain = virtualServer([realServer('10.0.0.11', { forwarding: 'nat' }), realServer('10.0.0.12')]);
    assert.deepEqual(natMembers(configOf(plain)), []);
  });

  it('names every service of a group with every real server, and the sorry server; plain NAT keeps its source', () => {
    const sorryServer = { address: '10.0.0.90', port: 8080, tunnel: null, ...FULL, weight: 1, checks: [] };
    const server = virtualServer(
      [
        realServer('10.0.0.11', { ...FULL, port: null }),
        realServer('10.0.0.12', { forwarding: 'nat', port: 81 }),
        realServer('10.0.0.13'),
      ],
      { ids: [tcpId('192.0.2.100', 80), tcpId('192.0.2.100', 443)], sorryServers: [sorryServer] },
    );
    assert.deepEqual(natMembers(configOf(server)).map(show), [
      '80 10.0.0.11:80 masquerade',
      '443 10.0.0.11:443 masquerade',
      '80 10.0.0.12:81 keep',
      '443 10.0.0.12:81 keep',
      '80 10.0.0.90:8080 masquerade',
      '443 10.0.0.90:8080 masquerade',
    ]);
  });

  it('takes the source addresses of the virtual server', () => {
    const server = virtualServer([realServer('10.0.0.11', FULL)], { sourceAddresses: ['192.0.2.5', '192.0.2.6'] });
    assert.deepEqual(natMembers(configOf(server)), [
      { service: VIP, destination: real('10.0.0.11', 80), source: ['192.0.2.5', '192.0.2.6'] },
    ]);
  });

  it('keeps what drains, as it was, until it has drained; what is wanted again counts as wanted', () => {
    const member = (address: string, source: NatMember['source']): NatMember => ({
      service: VIP,
      destination: real(address, 80),
      source,
    });
    const before = [
      member('10.0.0.11', ['192.0.2.5']),
      member('10.0.0.12', 'masquerade'),
      member('10.0.0.13', 'masquerade'),
    ];
    const draining = ['10.0.0.11', '10.0.0.13', '10.0.0.14'].map((host) => ({
      service: VIP,
      destination: real(host, 80),
    }));
    const wanted = [member('10.0.0.13', 'keep')];
    assert.deepEqual(withDraining(wanted, before, draining), [
      member('10.0.0.11', ['192.0.2.5']),
      member('10.0.0.13', 'keep'),
    ]);
    assert.deepEqual(withDraining(wanted, before, []), wanted);
  });
});
