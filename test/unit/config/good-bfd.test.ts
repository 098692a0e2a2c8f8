import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';

const routers = `vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    virtual_addresses: [192.0.2.100/24]
    track:
      - { bfd: peer }
      - { bfd: peer6, weight: -50 }
`;

describe('config: BFD sessions', () => {
  it('take their defaults, and every key', () => {
    const loaded = loadConfig(`${routers}bfd:
  - { name: peer, neighbor: 192.0.2.3, interface: eth0 }
  - name: peer6
    neighbor: FE80::0:2
    interface: eth1
    source_address: fe80::1
    min_tx: 50ms
    min_rx: 1.5s
    multiplier: 255
    passive: true
`);
    assert.ok(loaded.ok);
    assert.deepEqual(loaded.value.bfdSessions, [
      {
        name: 'peer',
        neighbor: '192.0.2.3',
        family: 4,
        interface: 'eth0',
        sourceAddress: null,
        minTxMs: 300,
        minRxMs: 300,
        multiplier: 3,
        passive: false,
      },
      {
        name: 'peer6',
        neighbor: 'fe80::2',
        family: 6,
        interface: 'eth1',
        sourceAddress: 'fe80::1',
        minTxMs: 50,
        minRxMs: 1500,
        multiplier: 255,
        passive: true,
      },
    ]);
    assert.deepEqual(
      loaded.value.virtualRouters[0]?.tracks.map(({ kind, name, weight }) => [kind, name, weight]),
      [
        ['bfd', 'peer', null],
        ['bfd', 'peer6', -50],
      ],
    );
  });
});
