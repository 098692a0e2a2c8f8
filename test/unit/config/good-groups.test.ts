import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { VirtualServerConfig } from '../../../src/config/types.ts';

function serverOf(keys: string): VirtualServerConfig {
  const loaded = loadConfig(`virtual_servers:\n  - { name: a, ${keys} }\n`);
  assert.deepEqual(loaded.ok ? [] : loaded.error, [], keys);
  const [server] = loaded.ok ? loaded.value.virtualServers : [];
  assert.ok(server);
  return server;
}

const names = (server: VirtualServerConfig): readonly string[] =>
  server.ids.map((id) =>
    id.kind === 'fwmark' ? `${id.family} ${id.fwmark}` : `${id.protocol} ${id.address} ${id.port}`,
  );

describe('config: groups of services', () => {
  const rows: readonly (readonly [keys: string, ids: readonly string[]])[] = [
    [
      'addresses: [192.0.2.1, 192.0.2.8-192.0.2.9], port: 80',
      ['tcp 192.0.2.1 80', 'tcp 192.0.2.8 80', 'tcp 192.0.2.9 80'],
    ],
    [
      'address: 192.0.2.1, ports: [443, "80-81"], protocol: udp, checks: []',
      ['udp 192.0.2.1 443', 'udp 192.0.2.1 80', 'udp 192.0.2.1 81'],
    ],
    [
      'addresses: ["2001:db8::1-2001:DB8::2"], ports: [80, 443], checks: []',
      ['tcp 2001:db8::1 80', 'tcp 2001:db8::1 443', 'tcp 2001:db8::2 80', 'tcp 2001:db8::2 443'],
    ],
    ['addresses: [192.0.2.1-192.0.2.2], port: 0, persistence: {}', ['tcp 192.0.2.1 0', 'tcp 192.0.2.2 0']],
    ['fwmarks: [7, 4294967295], checks: []', ['4 7', '4 4294967295']],
    ['fwmarks: [7], family: ipv6, checks: []', ['6 7']],
  ];
  for (const [keys, ids] of rows) {
    it(keys, () => assert.deepEqual(names(serverOf(keys)), ids));
  }

  it('as many services as the table should bear', () => {
    const { ids } = serverOf('addresses: [192.0.0.0-192.0.15.255], port: 80');
    assert.equal(ids.length, 4096);
    assert.deepEqual(ids.at(-1), { kind: 'address', family: 4, protocol: 'tcp', address: '192.0.15.255', port: 80 });
  });

  it('with one port the real servers have it; with several they have each, unless they say one', () => {
    const ports = (keys: string) =>
      serverOf(`${keys}, forwarding: nat, checks: [{ type: tcp, port: 9 }],
        real_servers: [{ address: 10.0.0.1 }, { address: 10.0.0.2, port: 8080 }], sorry_server: { address: 10.0.0.3 }`);
    const one = ports('addresses: [192.0.2.1-192.0.2.2], port: 80');
    const several = ports('address: 192.0.2.1, ports: [80, 443]');
    const marked = ports('fwmarks: [1, 2]');
    const of = (server: VirtualServerConfig) =>
      [...server.realServers, ...server.sorryServers].map((real) => real?.port);
    assert.deepEqual(
      [of(one), of(several), of(marked)],
      [
        [80, 8080, 80],
        [null, 8080, null],
        [0, 8080, 0],
      ],
    );
  });

  it('with several ports a check has its own, or that of a real server that has one', () => {
    const server = serverOf(`address: 192.0.2.1, ports: [80, 443], forwarding: nat, real_servers: [
      { address: 10.0.0.1, checks: [{ type: tcp, port: 443 }] }, { address: 10.0.0.2, port: 8080, checks: [{ type: tcp }] }]`);
    assert.deepEqual(
      server.realServers.map((real) => real.checks.map(({ address, port }) => `${address} ${port}`)),
      [['10.0.0.1 443'], ['10.0.0.2 8080']],
    );
  });

  it('one address on two ports that are not those of the services: two real servers', () => {
    const server = serverOf(`address: 192.0.2.1, ports: [80, 443], forwarding: nat, checks: [],
      real_servers: [{ address: 10.0.0.1 }, { address: 10.0.0.1, port: 8080 }]`);
    assert.deepEqual(
      server.realServers.map(({ port }) => port),
      [null, 8080],
    );
  });

  it('two groups that touch but do not overlap', () => {
    const loaded = loadConfig(`virtual_servers:
  - { name: a, addresses: [192.0.2.1-192.0.2.9], ports: ["80-89"], checks: [] }
  - { name: b, addresses: [192.0.2.1-192.0.2.9], ports: ["90-99"], checks: [] }
  - { name: c, addresses: [192.0.2.10-192.0.2.19], ports: ["80-99"], checks: [] }
  - { name: d, fwmarks: [1, 2], family: ipv6, checks: [] }
  - { name: e, fwmarks: [1, 2], checks: [] }
`);
    assert.deepEqual(loaded.ok ? [] : loaded.error, []);
  });
});

describe('config: forwarding', () => {
  it('tunnels: the real server says, else its virtual server, else IPIP; none where nothing is wrapped', () => {
    const server =
      serverOf(`address: 192.0.2.1, port: 80, forwarding: tunnel, tunnel: { type: gue, port: 6080, checksum: remote },
      real_servers: [
        { address: 10.0.0.1 },
        { address: 10.0.0.2, tunnel: { type: gre, checksum: full } },
        { address: 10.0.0.3, tunnel: { type: ipip } },
        { address: 10.0.0.4, forwarding: nat },
        { address: 10.0.0.5, tunnel: { type: gue, port: 5555 } }],
      sorry_server: { address: 10.0.0.6 }`);
    assert.deepEqual(
      [...server.realServers, ...server.sorryServers].map((real) => real?.tunnel),
      [
        { type: 'gue', port: 6080, checksum: 'remote' },
        { type: 'gre', port: 0, checksum: 'full' },
        { type: 'ipip', port: 0, checksum: 'none' },
        null,
        { type: 'gue', port: 5555, checksum: 'none' },
        { type: 'gue', port: 6080, checksum: 'remote' },
      ],
    );
    const plain = serverOf('address: 192.0.2.1, port: 80, forwarding: tunnel, real_servers: [{ address: 10.0.0.1 }]');
    assert.deepEqual(plain.realServers[0]?.tunnel, { type: 'ipip', port: 0, checksum: 'none' });
  });

  it('full NAT: any port, and the addresses that real servers see', () => {
    const server = serverOf(`address: "2001:db8::1", port: 80, forwarding: fullnat,
      source_addresses: ["2001:DB8::0:9", "2001:db8::a"], real_servers: [{ address: "2001:db8:1::1", port: 8080 }]`);
    assert.deepEqual(server.sourceAddresses, ['2001:db8::9', '2001:db8::a']);
    const [real] = server.realServers;
    assert.deepEqual([real?.forwarding, real?.port, real?.tunnel], ['fullnat', 8080, null]);
  });

  it('full NAT of one real server, or of the sorry server only', () => {
    const one = serverOf(`address: 192.0.2.1, port: 80, source_addresses: [192.0.2.9],
      real_servers: [{ address: 10.0.0.1 }, { address: 10.0.0.2, forwarding: fullnat }]`);
    assert.deepEqual(
      one.realServers.map(({ forwarding }) => forwarding),
      ['direct', 'fullnat'],
    );
    const sorry = serverOf(`address: 192.0.2.1, port: 80, source_addresses: [192.0.2.9],
      sorry_server: { address: 10.0.0.2, forwarding: fullnat, port: 81 }`);
    assert.equal(sorry.sorryServers[0]?.port, 81);
  });
});

describe('config: draining', () => {
  it('five minutes, unless the file or the virtual server says otherwise', () => {
    const drain = (defaults: string, keys: string) => {
      const loaded = loadConfig(`${defaults}\nvirtual_servers: [{ name: a, fwmark: 1, ${keys} }]`);
      return loaded.ok ? loaded.value.virtualServers[0]?.drainTimeoutMs : loaded.error;
    };
    assert.equal(drain('', ''), 300_000);
    assert.equal(drain('defaults: { drain_timeout: 24h }', ''), 86_400_000);
    assert.equal(drain('defaults: { drain_timeout: 24h }', 'drain_timeout: 0s'), 0);
  });
});
