import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { BelongingsConfig } from '../../../src/config/types-addresses.ts';
import { vip } from '../vrrp/builders.ts';

function routerOf(text: string): BelongingsConfig {
  const loaded = loadConfig(text);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const [router] = loaded.value.virtualRouters;
  assert.ok(router !== undefined);
  return router;
}

describe('config: what virtual routers bring along', () => {
  it('addresses in the long form', () => {
    const { virtualAddresses, extraAddresses } = routerOf(`
vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses:
      - 192.0.2.1
      - { address: 192.0.2.2/24, scope: link, label: "eth0:1", broadcast: 192.0.2.255 }
      - { address: 192.0.2.3/32, interface: eth1, scope: host, label: eth1 }
    extra_addresses: ["2001:DB8::1/64", { address: 192.0.2.4 }]
`);
    assert.deepEqual(virtualAddresses, [
      vip('192.0.2.1', 32),
      {
        address: '192.0.2.2',
        prefixLength: 24,
        interface: null,
        scope: 253,
        label: 'eth0:1',
        broadcast: '192.0.2.255',
      },
      { ...vip('192.0.2.3', 32), interface: 'eth1', scope: 254, label: 'eth1' },
    ]);
    assert.deepEqual(extraAddresses, [vip('2001:db8::1', 64), vip('192.0.2.4', 32)]);
  });

  it('routes', () => {
    const { virtualRoutes } = routerOf(`
vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1]
    virtual_routes:
      - { to: 198.51.100.0/24, via: 192.0.2.9, interface: eth0, source: 192.0.2.1, table: local, metric: 0 }
      - { to: default, interface: eth1, table: 4294967295 }
      - { to: default, via: fe80::1, interface: eth1, metric: 7 }
      - { to: "2001:db8::/32", type: unreachable }
      - { to: 203.0.113.1, type: blackhole, table: default }
`);
    const base = { type: 'unicast', via: null, interface: null, source: null, table: 254, metric: null, scope: 0 };
    assert.deepEqual(virtualRoutes, [
      {
        ...base,
        family: 4,
        to: { address: '198.51.100.0', prefixLength: 24 },
        via: '192.0.2.9',
        interface: 'eth0',
        source: '192.0.2.1',
        table: 255,
        metric: 0,
      },
      {
        ...base,
        family: 4,
        to: { address: '0.0.0.0', prefixLength: 0 },
        interface: 'eth1',
        table: 4_294_967_295,
        scope: 253,
      },
      { ...base, family: 6, to: { address: '::', prefixLength: 0 }, via: 'fe80::1', interface: 'eth1', metric: 7 },
      { ...base, family: 6, to: { address: '2001:db8::', prefixLength: 32 }, type: 'unreachable' },
      { ...base, family: 4, to: { address: '203.0.113.1', prefixLength: 32 }, type: 'blackhole', table: 253 },
    ]);
  });

  it('rules; what does not tell its family has that of the router', () => {
    const { virtualRules } = routerOf(`
vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [fe80::1]
    virtual_rules:
      - { from: 192.0.2.0/24, to: default, incoming_interface: eth0, table: main }
      - { fwmark: 7, table: 100, priority: 1 }
      - { fwmark: 7, fwmask: 0xf, outgoing_interface: eth1, action: blackhole }
`);
    const base = { from: null, to: null, fwmark: null, incomingInterface: null, outgoingInterface: null };
    assert.deepEqual(virtualRules, [
      {
        ...base,
        family: 4,
        from: { address: '192.0.2.0', prefixLength: 24 },
        to: { address: '0.0.0.0', prefixLength: 0 },
        incomingInterface: 'eth0',
        action: 'lookup',
        table: 254,
        priority: 20_000,
      },
      { ...base, family: 6, fwmark: { value: 7, mask: 0xffff_ffff }, action: 'lookup', table: 100, priority: 1 },
      {
        ...base,
        family: 6,
        fwmark: { value: 7, mask: 15 },
        outgoingInterface: 'eth1',
        action: 'blackhole',
        table: 0,
        priority: 20_000,
      },
    ]);
  });

  it('virtual MAC and the rest', () => {
    const of = (more: string) => {
      const text = `vrrp: [{ name: a, interface: eth0, virtual_router_id: 9, virtual_addresses: [fe80::1]${more} }]`;
      const { virtualMac, promoteSecondaries, accept } = routerOf(text);
      return { virtualMac, promoteSecondaries, accept };
    };
    assert.deepEqual(of(''), { virtualMac: null, promoteSecondaries: false, accept: true });
    assert.deepEqual(of(', virtual_mac: true, promote_secondaries: true, accept: false'), {
      virtualMac: { interface: 'vrrp6.9' },
      promoteSecondaries: true,
      accept: false,
    });
    assert.deepEqual(of(', virtual_mac: { interface: vmac }').virtualMac, { interface: 'vmac' });
    assert.equal(of(', virtual_mac: false').virtualMac, null);
  });
});
