import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { directorIntent } from '../../../src/doctor/director-intent.ts';
import { directorNeeds, realServerNeeds, tunnelOverhead } from '../../../src/doctor/intent.ts';
import { role } from './builders.ts';

const TEXT = `
vrrp:
  - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.100/24] }
connection_sync: { follow: web, interface: eth1, sync_id: 7 }
virtual_servers:
  - name: web
    address: 192.0.2.100
    ports: [80, 443]
    forwarding: tunnel
    tunnel: { type: gue, port: 6080, checksum: full }
    persistence: { timeout: 5m }
    scheduler: sh
    checks: [{ type: https, path: /, status: [200], verify: true, port: 443 }]
    real_servers: [{ address: 10.0.0.11 }]
    sorry_server: { address: 10.0.0.90, forwarding: nat }
  - name: marked
    fwmark: 7
    checks: [{ type: tcp, port: 80 }]
    real_servers: [{ address: 10.0.0.11 }]
`;

describe('doctor: what a configuration asks for', () => {
  const config = loadConfig(TEXT);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const intent = directorIntent(config.value);

  it('has one entry for an address, whatever its ports', () => {
    assert.deepEqual(
      intent.services.map(({ virtualServer, address, fwmark, scheduler, persistent }) => [
        virtualServer,
        address,
        fwmark,
        scheduler,
        persistent,
      ]),
      [
        ['web', '192.0.2.100', 0, 'sh', true],
        ['marked', null, 7, 'wlc', false],
      ],
    );
  });

  it('knows methods and tunnels of real servers, and the sorry server', () => {
    assert.deepEqual(intent.services[0]?.realServers, [
      { address: '10.0.0.11', forwarding: 'tunnel', overheadBytes: 36 },
      { address: '10.0.0.90', forwarding: 'nat', overheadBytes: 0 },
    ]);
  });

  it('looks for addresses where they live; those on a virtual MAC at the interface below', () => {
    const placed = loadConfig(`
vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_mac: true
    virtual_addresses: [192.0.2.1, { address: 192.0.2.2, interface: eth1 }]
    extra_addresses: ["2001:db8::1"]
`);
    assert.ok(placed.ok);
    assert.deepEqual(directorIntent(placed.value).routers, [
      {
        name: 'a',
        interface: 'eth0',
        vrid: 1,
        addresses: [
          { address: '192.0.2.1', prefixLength: 32 },
          { address: '2001:db8::1', prefixLength: 128 },
        ],
      },
      { name: 'a', interface: 'eth1', vrid: 1, addresses: [{ address: '192.0.2.2', prefixLength: 32 }] },
    ]);
  });

  it('knows virtual routers, connection sync and certificates', () => {
    assert.deepEqual(intent.routers, [
      { name: 'web', interface: 'eth0', vrid: 51, addresses: [{ address: '192.0.2.100', prefixLength: 24 }] },
    ]);
    assert.deepEqual([intent.sync?.interface, intent.sync?.syncId, intent.verifiesCertificates], ['eth1', 7, true]);
  });

  it('looks up routes, marks and schedulers', () => {
    const { routes, modules } = directorNeeds(intent);
    assert.deepEqual(modules, ['ip_vs', 'ip_vs_sh', 'ip_vs_wlc']);
    assert.deepEqual(
      new Set(routes.map(({ address, mark }) => `${address} ${mark}`)),
      new Set(['10.0.0.11 0', '10.0.0.90 0', '198.51.100.1 7', '198.51.100.1 0', '2001:db8::1 0']),
    );
    assert.deepEqual(directorNeeds(null).modules, ['ip_vs']);
    assert.deepEqual(realServerNeeds([role({ forwarding: 'tunnel', tunnel: 'gue' })]).modules, ['ipip', 'fou']);
    assert.deepEqual(realServerNeeds([role()]).modules, []);
  });

  const overheads: readonly [Parameters<typeof tunnelOverhead>, number][] = [
    [['ipip', 4, false], 20],
    [['ipip', 6, false], 40],
    [['gre', 4, false], 24],
    [['gre', 4, true], 28],
    [['gue', 4, false], 32],
  ];
  for (const [[type, family, checksum], bytes] of overheads) {
    it(`a tunnel ${type} over IPv${family}${checksum ? ' with a checksum' : ''} adds ${bytes} bytes`, () => {
      assert.equal(tunnelOverhead(type, family, checksum), bytes);
    });
  }
});
