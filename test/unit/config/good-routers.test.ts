import assert from 'node:assert/strict';
import { routerConfig, vip } from '../vrrp/builders.ts';
import { configOf } from './builders.ts';

describe('config: virtual routers', () => {
  it('of version 2: with and without a password, both transports, the longest interval', () => {
    const text = `
vrrp:
  - { name: a, interface: eth0, virtual_router_id: 1, version: 2, virtual_addresses: [192.0.2.1] }
  - name: b
    interface: eth0
    virtual_router_id: 2
    version: 2
    password: "p~ !\\"12x"
    advertisement_interval: 255s
    transport: udp
    virtual_addresses: [192.0.2.2]
`;
    const shown = configOf(text).virtualRouters.map(({ version, family, password, advertisementIntervalMs }) => ({
      version,
      family,
      password,
      advertisementIntervalMs,
    }));
    assert.deepEqual(shown, [
      { version: 2, family: 4, password: null, advertisementIntervalMs: 1000 },
      { version: 2, family: 4, password: 'p~ !"12x', advertisementIntervalMs: 255_000 },
    ]);
  });

  it('everything said, IPv6, UDP', () => {
    const text = `
vrrp_process: { realtime_priority: 99, lock_memory: true }
vrrp:
  - name: six
    interface: bond0.100
    virtual_router_id: 255
    priority: 255
    advertisement_interval: 40.95s
    preempt: false
    virtual_addresses: [FE80::1, "2001:DB8:0:0::2/64"]
    transport: udp
    peers: ["2001:DB8::3"]
    source_address: "2001:db8:0::4"
    ttl: { send: 64, least: 62 }
    checksum: rfc9568
    announcements:
      count: 100
      repeat_delay: 0s
      refresh: 1m
      refresh_count: 2
      lower_priority_count: 0
      lower_priority_delay: 1s
      spacing: 2ms
      arp: both
      interfaces: [eth1, eth2]
    conflict_probe: true
  - { name: four, interface: bond0.100, virtual_router_id: 255, transport: udp, udp_port: 9, virtual_addresses: [192.0.2.1] }
`;
    const config = configOf(text);
    assert.deepEqual(config.vrrpProcess, { realtimePriority: 99, lockMemory: true, startupDelayMs: 0 });
    const expected = routerConfig({
      name: 'six',
      interface: 'bond0.100',
      family: 6,
      vrid: 255,
      priority: 255,
      advertisementIntervalMs: 40_950,
      preempt: false,
      virtualAddresses: [vip('fe80::1', 128), vip('2001:db8::2', 64)],
      transport: { kind: 'udp', port: 8112 },
      checksum: 'rfc9568',
      peers: ['2001:db8::3'],
      sourceAddress: '2001:db8::4',
      ttl: { send: 64, least: 62 },
      announcements: {
        count: 100,
        repeatDelayMs: 0,
        refreshMs: 60_000,
        refreshCount: 2,
        lowerPriorityCount: 0,
        lowerPriorityDelayMs: 1000,
        spacingMs: 2,
        arp: 'both',
        interfaces: ['eth1', 'eth2'],
      },
      conflictProbe: true,
    });
    assert.deepEqual(config.virtualRouters[0], expected);
    assert.deepEqual(config.virtualRouters[1]?.transport, { kind: 'udp', port: 9 });
    assert.deepEqual(config.virtualRouters[1]?.virtualAddresses, [vip('192.0.2.1', 32)]);
  });

  it('the same link-local address may live on two interfaces', () => {
    const config = configOf(`
vrrp:
  - { name: a, interface: eth0, virtual_router_id: 1, virtual_addresses: [fe80::1] }
  - { name: b, interface: eth1, virtual_router_id: 1, virtual_addresses: [fe80::1] }
`);
    assert.equal(config.virtualRouters.length, 2);
  });
});
