import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAddress } from '../../../src/net/ip.ts';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import {
  decodeOwnRoute,
  decodeOwnRule,
  type NetworkBytes,
  type RouteChange,
  type RuleChange,
  routeKey,
  ruleKey,
  writeAddRoute,
  writeAddRule,
  writeDeleteRoute,
  writeDeleteRule,
  writeDumpRoutes,
  writeDumpRules,
} from '../../../src/net/rtnetlink-routes.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const ip = (text: string): Uint8Array => parseAddress(text)?.bytes ?? new Uint8Array();
const net = (text: string, prefixLength: number): NetworkBytes => ({ address: ip(text), prefixLength });

const route = (given: Partial<RouteChange>): RouteChange => ({
  family: 4,
  to: net('192.0.2.0', 24),
  type: 'unicast',
  gateway: null,
  interfaceIndex: null,
  source: null,
  table: 254,
  metric: null,
  scope: 0,
  ...given,
});
const rule = (given: Partial<RuleChange>): RuleChange => ({
  family: 4,
  from: null,
  to: null,
  fwmark: null,
  incomingInterface: null,
  outgoingInterface: null,
  action: 'lookup',
  table: 100,
  priority: 1000,
  ...given,
});

const SEQ = 0x6b00f5b9;
const via = { gateway: ip('10.1.0.1'), interfaceIndex: 3, source: ip('10.1.0.100'), metric: 50 };
const default6 = { family: 6, to: net('::', 0), gateway: ip('fe80::1'), interfaceIndex: 3 } as const;
const FE80_1 = 'fe800000000000000000000000000001';

/** As iproute2 6.1 sends them with `proto 112` (traced), but for what is said. */
const REQUESTS: readonly [command: string, write: (w: AttrWriter, seq: number) => void, wire: string][] = [
  [
    'ip route add 192.0.2.0/24 via 10.1.0.1 dev eth0 src 10.1.0.100 metric 50',
    (w, seq) => writeAddRoute(w, seq, route(via)),
    `44000000 1800 0506 b9f5006b 00000000 | 02180000 fe700001 00000000 | 08000100 c0000200 | 08000500 0a010001 |
     08000700 0a010064 | 08000600 32000000 | 08000400 03000000`,
  ],
  [
    'ip route add default via 10.1.0.1 table 1000: the number is an attribute',
    (w, seq) => writeAddRoute(w, seq, route({ to: net('0.0.0.0', 0), gateway: ip('10.1.0.1'), table: 1000 })),
    '2c000000 1800 0506 b9f5006b 00000000 | 02000000 00700001 00000000 | 08000500 0a010001 | 08000f00 e8030000',
  ],
  [
    'ip route add 192.0.2.8/32 dev eth0 scope link',
    (w, seq) => writeAddRoute(w, seq, route({ to: net('192.0.2.8', 32), interfaceIndex: 3, scope: 253 })),
    '2c000000 1800 0506 b9f5006b 00000000 | 02200000 fe70fd01 00000000 | 08000100 c0000208 | 08000400 03000000',
  ],
  [
    'ip route add blackhole 203.0.113.0/24',
    (w, seq) => writeAddRoute(w, seq, route({ to: net('203.0.113.0', 24), type: 'blackhole' })),
    '24000000 1800 0506 b9f5006b 00000000 | 02180000 fe700006 00000000 | 08000100 cb007100',
  ],
  [
    'ip -6 route add prohibit 2001:db8:9::/64',
    (w, seq) => writeAddRoute(w, seq, route({ family: 6, to: net('2001:db8:9::', 64), type: 'prohibit' })),
    '30000000 1800 0506 b9f5006b 00000000 | 0a400000 fe700008 00000000 | 14000100 20010db8000900000000000000000000',
  ],
  [
    'ip -6 route add default via fe80::1 dev eth0 (iproute2 adds a destination of zeros)',
    (w, seq) => writeAddRoute(w, seq, route(default6)),
    `38000000 1800 0506 b9f5006b 00000000 | 0a000000 fe700001 00000000 | 14000500 ${FE80_1} | 08000400 03000000`,
  ],
  [
    'ip route del, exactly this one and ours: any scope, its type (iproute2: any)',
    (w, seq) => writeDeleteRoute(w, seq, route(via)),
    `44000000 1900 0500 b9f5006b 00000000 | 02180000 fe70ff01 00000000 | 08000100 c0000200 | 08000500 0a010001 |
     08000700 0a010064 | 08000600 32000000 | 08000400 03000000`,
  ],
  [
    'ip rule add from 10.0.0.0/24 fwmark 7/0xff iif e0 oif e1 table 1000 pref 1000',
    (w, seq) =>
      writeAddRule(
        w,
        seq,
        rule({
          from: net('10.0.0.0', 24),
          fwmark: { value: 7, mask: 255 },
          incomingInterface: 'e0',
          outgoingInterface: 'e1',
          table: 1000,
        }),
      ),
    `5c000000 2000 0506 b9f5006b 00000000 | 02001800 00000001 00000000 | 08000200 0a000000 | 08000a00 07000000 |
     08001000 ff000000 | 07000300 65300000 | 07001100 65310000 | 08000f00 e8030000 | 08000600 e8030000 | 05001500 70000000`,
  ],
  [
    'ip rule add to 198.51.100.0/24 pref 1001 blackhole',
    (w, seq) =>
      writeAddRule(w, seq, rule({ to: net('198.51.100.0', 24), action: 'blackhole', table: 0, priority: 1001 })),
    `34000000 2000 0506 b9f5006b 00000000 | 02180000 00000006 00000000 | 08000100 c6336400 | 08000600 e9030000 |
     05001500 70000000`,
  ],
  [
    'ip rule del from all table 100 pref 1000',
    (w, seq) => writeDeleteRule(w, seq, rule({ from: net('0.0.0.0', 0) })),
    '2c000000 2100 0500 b9f5006b 00000000 | 02000000 64000001 00000000 | 08000600 e8030000 | 05001500 70000000',
  ],
  [
    'a dump of our IPv4 routes',
    (w, seq) => writeDumpRoutes(w, seq, 4),
    '1c000000 1a00 0103 b9f5006b 00000000 | 02000000 00700000 00000000',
  ],
  [
    'a dump of IPv6 rules',
    (w, seq) => writeDumpRules(w, seq, 6),
    '1c000000 2200 0103 b9f5006b 00000000 | 0a000000 00000000 00000000',
  ],
];

/** What the writers wrote, behind the nlmsghdr, as the kernel would tell it back. */
const payloadOf = (write: (w: AttrWriter) => void): Uint8Array => {
  const w = new AttrWriter();
  write(w);
  return w.finish().slice(16);
};

describe('net/rtnetlink-routes: requests', () => {
  for (const [command, write, wire] of REQUESTS) {
    it(command, () => {
      const w = new AttrWriter();
      write(w, SEQ);
      assert.equal(hex(w.finish()), wire.replaceAll(/[\s|]/g, ''));
    });
  }
});

describe('net/rtnetlink-routes: what the kernel tells back', () => {
  const routes: readonly [string, RouteChange][] = [
    ['with a next hop', route(via)],
    ['default, in a table above 255', route({ to: net('0.0.0.0', 0), gateway: ip('10.1.0.1'), table: 1000 })],
    ['blackhole', route({ type: 'blackhole' })],
    ['IPv6 default', route({ ...default6, metric: 1024 })],
  ];
  for (const [name, change] of routes) {
    it(`a route: ${name}`, () => {
      assert.deepEqual(decodeOwnRoute(payloadOf((w) => writeAddRoute(w, 1, change))), { ok: true, value: change });
    });
  }

  /** RTM_NEWROUTE of Linux 6.18 for `ip route add ... proto 112`. */
  const captured: readonly [command: string, told: string, change: RouteChange][] = [
    [
      '192.0.2.0/24 via 10.0.0.2 dev e0 src 10.0.0.1 metric 50',
      `02180000 fe700001 00000000 | 08000f00 fe000000 | 08000100 c0000200 | 08000600 32000000 | 08000700 0a000001 |
       08000500 0a000002 | 08000400 03000000`,
      route({ gateway: ip('10.0.0.2'), interfaceIndex: 3, source: ip('10.0.0.1'), metric: 50 }),
    ],
    [
      'blackhole 192.0.3.0/24 table 1000',
      '02180000 fc700006 00000000 | 08000f00 e8030000 | 08000100 c0000300',
      route({ to: net('192.0.3.0', 24), type: 'blackhole', table: 1000 }),
    ],
    [
      'unreachable 2001:db8:9::/48, for which the kernel names lo and a metric',
      `0a300000 fe700007 00000000 | 08000f00 fe000000 | 14000100 20010db8000900000000000000000000 | 08000600 00040000 |
       08000400 01000000 | 24000c00 ${'00'.repeat(32)} | 05001400 00000000`,
      route({ family: 6, to: net('2001:db8:9::', 48), type: 'unreachable' }),
    ],
  ];
  for (const [command, told, change] of captured) {
    it(`captured: ${command}`, () => {
      const decoded = decodeOwnRoute(bytes(told));
      assert.ok(decoded.ok && decoded.value !== null);
      assert.equal(routeKey(decoded.value), routeKey(change));
    });
  }

  it('captured: rules', () => {
    const mixed = `02001800 fc000001 00000000 | 08000f00 e8030000 | 08000e00 ffffffff | 05001500 70000000 |
      07000300 65300000 | 08000600 e8030000 | 08000a00 07000000 | 08001000 ff000000 | 08000200 0a000000`;
    assert.deepEqual(decodeOwnRule(bytes(mixed)), {
      ok: true,
      value: rule({
        from: net('10.0.0.0', 24),
        fwmark: { value: 7, mask: 255 },
        incomingInterface: 'e0',
        table: 1000,
      }),
    });
    const dropping = `0a000000 00000007 00000000 | 08000f00 00000000 | 08000e00 ffffffff | 05001500 70000000 |
      08000600 eb030000 | 08000a00 09000000 | 08001000 ffffffff`;
    const fwmark = { value: 9, mask: 0xffff_ffff };
    assert.deepEqual(decodeOwnRule(bytes(dropping)), {
      ok: true,
      value: rule({ family: 6, fwmark, action: 'unreachable', table: 0, priority: 1003 }),
    });
  });

  it("a route of keepalived's is not ours, nor one of another family", () => {
    const theirs = payloadOf((w) => writeAddRoute(w, 1, route(via)));
    theirs[5] = 18;
    assert.deepEqual(decodeOwnRoute(theirs), { ok: true, value: null });
    const ours = payloadOf((w) => writeAddRoute(w, 1, route(via)));
    ours[0] = 28; // AF_MPLS
    assert.deepEqual(decodeOwnRoute(ours), { ok: true, value: null });
  });

  const rules: readonly [string, RuleChange][] = [
    [
      'everything',
      rule({ from: net('10.0.0.0', 24), to: net('10.1.0.0', 16), incomingInterface: 'eth0', table: 1000 }),
    ],
    ['a mark', rule({ fwmark: { value: 7, mask: 15 }, action: 'prohibit', table: 0 })],
    ['IPv6', rule({ family: 6, to: net('2001:db8::', 32), action: 'unreachable', table: 0, priority: 9 })],
  ];
  for (const [name, change] of rules) {
    it(`a rule: ${name}`, () => {
      assert.deepEqual(decodeOwnRule(payloadOf((w) => writeAddRule(w, 1, change))), { ok: true, value: change });
    });
  }

  it('a rule without FRA_PROTOCOL is not ours', () => {
    const told = bytes('02000000 64000001 00000000 | 08000600 e8030000');
    assert.deepEqual(decodeOwnRule(told), { ok: true, value: null });
  });

  it('what is too short, or no list of attributes, is an error', () => {
    for (const decode of [decodeOwnRoute, decodeOwnRule]) {
      assert.deepEqual(decode(new Uint8Array(11)), { ok: false, error: { kind: 'short' } });
      const cut = payloadOf((w) => writeAddRoute(w, 1, route(via)));
      cut[12] = 200;
      assert.deepEqual(decode(cut), { ok: false, error: { kind: 'attributes' } });
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (payload) => {
        payload[5] = 112;
        decodeOwnRoute(payload);
        decodeOwnRule(payload);
      }),
    );
  });
});

describe('net/rtnetlink-routes: keys', () => {
  it('the same for what the kernel fills in', () => {
    assert.equal(routeKey(route({})), routeKey(route({ metric: 0, scope: 253 })));
    assert.equal(routeKey(route(default6)), routeKey(route({ ...default6, metric: 1024 })));
    assert.equal(ruleKey(rule({})), ruleKey(rule({ from: net('0.0.0.0', 0) })));
  });

  it('another one for everything that makes a difference', () => {
    const changes: readonly Partial<RouteChange>[] = [
      { to: net('192.0.3.0', 24) },
      { to: net('192.0.2.0', 25) },
      { type: 'prohibit' },
      { gateway: ip('10.1.0.2') },
      { interfaceIndex: 4 },
      { source: ip('10.1.0.101') },
      { table: 100 },
      { metric: 51 },
    ];
    const keys = changes.map((change) => routeKey(route({ ...via, ...change })));
    assert.equal(new Set([...keys, routeKey(route(via))]).size, changes.length + 1);
    const rules: readonly Partial<RuleChange>[] = [
      { from: net('10.0.0.0', 8) },
      { to: net('10.0.0.0', 8) },
      { fwmark: { value: 1, mask: 1 } },
      { fwmark: { value: 1, mask: 3 } },
      { incomingInterface: 'eth0' },
      { outgoingInterface: 'eth0' },
      { action: 'blackhole' },
      { table: 101 },
      { priority: 1 },
    ];
    assert.equal(new Set([...rules.map((change) => ruleKey(rule(change))), ruleKey(rule({}))]).size, rules.length + 1);
  });
});
