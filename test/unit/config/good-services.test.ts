import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { ServiceIdConfig, VirtualServerConfig } from '../../../src/config/types.ts';

function serversOf(keys: string): readonly VirtualServerConfig[] {
  const loaded = loadConfig(`virtual_servers:\n  - { ${keys} }\n`);
  assert.deepEqual(loaded.ok ? [] : loaded.error, [], keys);
  return loaded.ok ? loaded.value.virtualServers : [];
}

describe('config: identity of virtual servers', () => {
  const table: readonly (readonly [keys: string, id: ServiceIdConfig])[] = [
    [
      'name: a, address: 192.0.2.1, port: 53, protocol: udp, one_packet: true',
      { kind: 'address', family: 4, protocol: 'udp', address: '192.0.2.1', port: 53 },
    ],
    [
      'name: a, address: "2001:DB8::0:1", port: 65535, protocol: sctp',
      { kind: 'address', family: 6, protocol: 'sctp', address: '2001:db8::1', port: 65535 },
    ],
    [
      'name: a, address: 192.0.2.1, port: 0, persistence: {}',
      { kind: 'address', family: 4, protocol: 'tcp', address: '192.0.2.1', port: 0 },
    ],
    ['name: a, fwmark: 4294967295', { kind: 'fwmark', family: 4, fwmark: 4_294_967_295 }],
    ['name: a, fwmark: 1, family: ipv6, one_packet: true', { kind: 'fwmark', family: 6, fwmark: 1 }],
  ];
  for (const [keys, id] of table) {
    it(keys, () => assert.deepEqual(serversOf(keys)[0]?.ids, [id]));
  }

  it('one address and port, two protocols and two families of one mark: different services', () => {
    const loaded = loadConfig(`
virtual_servers:
  - { name: a, address: 192.0.2.1, port: 53 }
  - { name: b, address: 192.0.2.1, port: 53, protocol: udp }
  - { name: c, fwmark: 1 }
  - { name: d, fwmark: 1, family: ipv6 }
`);
    assert.ok(loaded.ok);
    assert.deepEqual(
      loaded.value.virtualServers.map((server) => server.name),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('persistence: defaults by family, and everything said', () => {
    const persistence = (keys: string) => serversOf(keys)[0]?.persistence;
    const minutes = 60_000;
    assert.deepEqual(persistence('name: a, address: 192.0.2.1, port: 80, persistence: {}'), {
      timeoutMs: 6 * minutes,
      prefixLength: 32,
      engine: null,
    });
    assert.deepEqual(persistence('name: a, fwmark: 1, family: ipv6, persistence: { timeout: 744h, engine: sip }'), {
      timeoutMs: 2_678_400_000,
      prefixLength: 128,
      engine: 'sip',
    });
    assert.deepEqual(persistence('name: a, fwmark: 1, persistence: { timeout: 1s, prefix_length: 1 }'), {
      timeoutMs: 1000,
      prefixLength: 1,
      engine: null,
    });
  });

  it('real servers of the other family, through a tunnel', () => {
    const [server] = serversOf(
      'name: a, address: 192.0.2.1, port: 80, forwarding: tunnel, real_servers: [{ address: "2001:db8::1" }]',
    );
    assert.equal(server?.realServers[0]?.address, '2001:db8::1');
  });

  it('behind a fwmark, real servers keep the port (0) unless NAT gives one; checks say theirs', () => {
    const [server] = serversOf(
      `name: a, fwmark: 1, checks: [{ type: tcp, port: 80 }],
       real_servers: [{ address: 10.0.0.1 }, { address: 10.0.0.2, forwarding: nat, port: 8080 }]`,
    );
    assert.deepEqual(
      server?.realServers.map((real) => [real.port, real.checks[0]?.port]),
      [
        [0, 80],
        [8080, 80],
      ],
    );
  });

  it('thresholds: equal ones, and the largest the kernel takes', () => {
    const [server] = serversOf(
      'name: a, address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1, upper_threshold: 2147483647, lower_threshold: 2147483647, weight: 65535 }]',
    );
    assert.equal(server?.realServers[0]?.upperThreshold, 2_147_483_647);
    assert.equal(server?.realServers[0]?.lowerThreshold, 2_147_483_647);
    assert.equal(server?.realServers[0]?.weight, 65_535);
  });

  it('an anchor shared by many virtual servers', () => {
    const items = Array.from({ length: 500 }, (_, i) => `  - { name: s${i}, fwmark: ${i + 1}, checks: *probe }\n`);
    const loaded = loadConfig(
      `virtual_servers:\n  - { name: first, fwmark: 9999, checks: &probe [{ type: tcp, port: 80 }] }\n${items.join('')}`,
    );
    assert.ok(loaded.ok);
    assert.equal(loaded.value.virtualServers.length, 501);
  });

  it('an empty list on purpose', () => {
    assert.ok(loadConfig('virtual_servers: []\n').ok);
    assert.ok(loadConfig('vrrp: []\n').ok);
  });
});
