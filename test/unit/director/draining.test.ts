/** Removing gently, in virtual time. */
import assert from 'node:assert/strict';
import { tellDrains } from '../../../src/director/drain-text.ts';
import {
  type Drain,
  type DrainPolicy,
  type Drains,
  drainKey,
  drainsAfter,
  drainTimeouts,
  lookAtDrains,
  removalRound,
} from '../../../src/director/draining.ts';
import { serviceKey } from '../../../src/ipvs/key.ts';
import { describeCommand } from '../../../src/ipvs/refusal.ts';
import type { DumpedDestination, DumpedService } from '../../../src/ipvs/types.ts';
import { destination, fwmark, real, serviceOf, tcp, udp } from '../ipvs/builders.ts';
import { configOf, realServer, tcpId, virtualServer } from './builders.ts';

const WEB = tcp('192.0.2.1', 80);
const A = real('10.0.0.1', 80);
const B = real('10.0.0.2', 80);
const MINUTE = 60_000;
const POLICY: DrainPolicy = {
  hasFailed: () => false,
  drainTimeoutMs: () => MINUTE,
  defaultDrainTimeoutMs: () => 2 * MINUTE,
};

function found(
  id: typeof A,
  weight: number,
  connections: readonly [number, number, number] = [0, 0, 0],
): DumpedDestination {
  const [activeConnections, inactiveConnections, persistentConnections] = connections;
  const counters = { activeConnections, inactiveConnections, persistentConnections };
  return { ...destination(id, { weight }), counters };
}

function drainOf(given: Partial<Drain> = {}): Drain {
  const { settings } = destination(A, { weight: 5 });
  return { service: WEB, destination: A, sinceMs: 0, timeoutMs: MINUTE, settings, connections: null, ...given };
}

function drainsOf(...drains: readonly Drain[]): Drains {
  return new Map(drains.map((drain) => [drainKey(drain.service, drain.destination), drain]));
}

interface Row {
  readonly what: string;
  readonly found: DumpedDestination;
  readonly known?: Drain;
  readonly policy?: Partial<DrainPolicy>;
  readonly nowMs?: number;
  readonly decision: 'drain' | 'idle' | 'time-over' | 'at-once';
}

const ROWS: readonly Row[] = [
  { what: 'that serves gets weight 0 first, though it has no connection', found: found(A, 5), decision: 'drain' },
  { what: 'with weight 0 and nothing left goes', found: found(A, 0), decision: 'idle' },
  { what: 'with weight 0 waits for an active connection', found: found(A, 0, [1, 0, 0]), decision: 'drain' },
  { what: 'with weight 0 waits for an inactive one', found: found(A, 0, [0, 1, 0]), decision: 'drain' },
  { what: 'with weight 0 waits for a persistent one', found: found(A, 0, [0, 0, 1]), decision: 'drain' },
  {
    what: 'that has failed goes at once',
    found: found(A, 5, [9, 9, 9]),
    policy: { hasFailed: () => true },
    decision: 'at-once',
  },
  {
    what: 'with drain_timeout 0s goes at once',
    found: found(A, 5, [9, 9, 9]),
    policy: { drainTimeoutMs: () => 0 },
    decision: 'at-once',
  },
  {
    what: 'has until the last millisecond',
    found: found(A, 0, [1, 0, 0]),
    known: drainOf({ sinceMs: 1000 }),
    nowMs: 1000 + MINUTE - 1,
    decision: 'drain',
  },
  {
    what: 'is cut when its time is over',
    found: found(A, 0, [1, 0, 0]),
    known: drainOf({ sinceMs: 1000 }),
    nowMs: 1000 + MINUTE,
    decision: 'time-over',
  },
  {
    what: 'follows a timeout that a reload made shorter',
    found: found(A, 0, [1, 0, 0]),
    known: drainOf(),
    policy: { drainTimeoutMs: () => 1000 },
    nowMs: 1000,
    decision: 'time-over',
  },
  {
    what: 'keeps the timeout of a virtual server that nobody knows any more',
    found: found(A, 0, [1, 0, 0]),
    known: drainOf({ timeoutMs: 2000 }),
    policy: { drainTimeoutMs: () => null },
    nowMs: 2000,
    decision: 'time-over',
  },
  {
    what: 'without any timeout known has the default, and no longer',
    found: found(A, 0, [1, 0, 0]),
    known: drainOf({ timeoutMs: 2 * MINUTE }),
    policy: { drainTimeoutMs: () => null },
    nowMs: 2 * MINUTE,
    decision: 'time-over',
  },
  {
    what: 'without any timeout known goes at once if that is the default',
    found: found(A, 5, [1, 0, 0]),
    policy: { drainTimeoutMs: () => null, defaultDrainTimeoutMs: () => 0 },
    decision: 'at-once',
  },
];

describe('draining: a destination that is not wanted', () => {
  for (const { what, known, policy, nowMs = 0, decision, ...row } of ROWS) {
    it(what, () => {
      const drains = drainsOf(...(known === undefined ? [] : [known]));
      const wanted = new Set([serviceKey(WEB)]);
      const context = { policy: { ...POLICY, ...policy }, isOurs: () => true, wanted, nowMs };
      const round = removalRound(drains, context);
      assert.equal(round.removal(WEB, row.found), decision === 'drain' ? 'drain' : 'delete');
      const key = drainKey(WEB, A);
      assert.equal(round.endings.get(key) ?? 'drain', decision);
      assert.equal(round.left.has(key), decision === 'drain');
    });
  }

  it('is never idle by a count of before, which is kept for people', () => {
    for (const connections of [0, 7]) {
      const context = { policy: POLICY, isOurs: () => true, wanted: new Set([serviceKey(WEB)]), nowMs: 1 };
      const round = removalRound(drainsOf(drainOf({ connections })), context);
      assert.equal(round.removal(WEB, destination(A, { weight: 0 })), 'drain');
      assert.equal(round.left.get(drainKey(WEB, A))?.connections, connections);
    }
  });

  it('remembers since when, how it served, and how many connections it has', () => {
    const wanted = new Set<string>();
    const first = removalRound(new Map(), { policy: POLICY, isOurs: () => true, wanted, nowMs: 7 });
    first.removal(WEB, found(A, 5, [1, 2, 3]));
    const second = removalRound(first.left, { policy: POLICY, isOurs: () => true, wanted, nowMs: 9 });
    second.removal(WEB, found(A, 0, [1, 0, 3]));
    assert.deepEqual(
      [...second.left.values()],
      [drainOf({ sinceMs: 7, connections: 4, settings: found(A, 5).settings })],
    );
  });

  it('is not deleted for having no connections while these are not known', () => {
    const round = removalRound(new Map(), { policy: POLICY, isOurs: () => true, wanted: new Set(), nowMs: 0 });
    assert.equal(round.removal(WEB, destination(A, { weight: 0 })), 'drain');
  });

  it('of a stranger goes at once', () => {
    const round = removalRound(new Map(), { policy: POLICY, isOurs: () => false, wanted: new Set(), nowMs: 0 });
    assert.equal(round.removal(WEB, found(A, 5, [1, 1, 1])), 'delete');
  });

  for (const [what, service, wanted, expected] of [
    ['of one port that hides the wanted service of all ports goes at once', WEB, tcp('192.0.2.1', 0), 'delete'],
    ['of one port beside another one drains', WEB, tcp('192.0.2.1', 81), 'drain'],
    ['of another protocol hides nothing', WEB, udp('192.0.2.1', 0), 'drain'],
    ['of a wanted service drains', WEB, WEB, 'drain'],
    ['of a firewall mark drains', fwmark(7), tcp('192.0.2.1', 0), 'drain'],
  ] as const) {
    it(what, () => {
      const keys = new Set([serviceKey(wanted)]);
      const round = removalRound(new Map(), { policy: POLICY, isOurs: () => true, wanted: keys, nowMs: 0 });
      assert.equal(round.removal(service, found(A, 5)), expected);
    });
  }
});

describe('draining: a look', () => {
  const drains = drainsOf(drainOf(), drainOf({ destination: B }));
  const dumped = (...destinations: readonly DumpedDestination[]): DumpedService[] => [
    { ...serviceOf(WEB), destinations },
  ];

  for (const [what, table, isWanted, commands, left] of [
    [
      'deletes what is idle and waits for the rest',
      dumped(found(A, 0), found(B, 0, [1, 0, 0])),
      true,
      ['delete destination 10.0.0.1:80 from tcp 192.0.2.1:80'],
      [drainKey(WEB, B)],
    ],
    [
      'leaves alone what does not drain',
      dumped(found(A, 0), found(B, 0), found(real('10.0.0.3', 80), 4)),
      false,
      ['delete destination 10.0.0.1:80 from tcp 192.0.2.1:80', 'delete destination 10.0.0.2:80 from tcp 192.0.2.1:80'],
      [],
    ],
    [
      'deletes a service that is not wanted with its last destination',
      dumped(found(A, 0), found(B, 0)),
      false,
      ['delete service tcp 192.0.2.1:80'],
      [],
    ],
    [
      'leaves a wanted service empty',
      dumped(found(A, 0)),
      true,
      ['delete destination 10.0.0.1:80 from tcp 192.0.2.1:80'],
      [],
    ],
    [
      'deletes nothing that has a weight again: that is for the reconciliation',
      dumped(found(A, 3)),
      true,
      [],
      [drainKey(WEB, A)],
    ],
    ['forgets what is gone', [], true, [], []],
  ] as const) {
    it(what, () => {
      const look = lookAtDrains(drains, table, { policy: POLICY, isWanted: () => isWanted, nowMs: 1 });
      assert.deepEqual(look.commands.map(describeCommand), commands);
      assert.deepEqual([...look.left.keys()], left);
    });
  }

  it('every second for a minute: the connection lives until the last of them', () => {
    let known = drainsOf(drainOf());
    for (let nowMs = 1000; nowMs <= MINUTE; nowMs += 1000) {
      const look = lookAtDrains(known, dumped(found(A, 0, [1, 0, 0])), { policy: POLICY, isWanted: () => true, nowMs });
      assert.equal(look.commands.length, nowMs < MINUTE ? 0 : 1, `at ${nowMs}`);
      known = look.left;
    }
  });
});

describe('draining: memory', () => {
  it('keeps what an act was not about, or what it could not do', () => {
    const other = drainOf({ service: tcp('192.0.2.2', 80) });
    const before = drainsOf(drainOf(), other);
    assert.deepEqual(
      drainsAfter(before, new Map(), (key) => key === serviceKey(WEB)),
      drainsOf(other),
    );
  });

  it('knows the timeouts of every service of a virtual server', () => {
    const ids = [tcpId('192.0.2.1', 80), tcpId('192.0.2.1', 443)];
    const server = virtualServer([realServer('10.0.0.1')], { ids, drainTimeoutMs: 7000 });
    assert.deepEqual(
      [...drainTimeouts(configOf(server))],
      [
        ['tcp 192.0.2.1:80', 7000],
        ['tcp 192.0.2.1:443', 7000],
      ],
    );
  });
});

describe('draining: what is told', () => {
  const tell = (before: Drains, after: Drains, ending: 'idle' | 'time-over' | 'at-once' | null, isWanted = false) =>
    tellDrains(before, after, {
      endings: new Map(ending === null ? [] : [[drainKey(WEB, A), ending]]),
      isWanted: () => isWanted,
      nowMs: 12_300,
    });
  const one = drainsOf(drainOf({ connections: 1 }));
  const name = 'tcp 192.0.2.1:80: 10.0.0.1:80';

  for (const [text, lines] of [
    [`${name} drains: weight 0, deleted when its connections are gone or in 60 s`, tell(new Map(), one, null)],
    [`${name} has drained after 12 s: deleted`, tell(one, new Map(), 'idle')],
    [
      `${name} is deleted after 12 s of draining (drain_timeout), with 1 connection left`,
      tell(one, new Map(), 'time-over'),
    ],
    [`${name} is deleted after 12 s of draining, with 1 connection left`, tell(one, new Map(), 'at-once')],
    [`${name} is wanted again, it drains no longer`, tell(one, new Map(), null, true)],
    [`${name} was draining and is gone: somebody else deleted it`, tell(one, new Map(), null)],
  ] as const) {
    it(text, () => assert.deepEqual(lines, [text]));
  }

  it('at most five of a kind, and how many more', () => {
    const many = drainsOf(...Array.from({ length: 7 }, (_, i) => drainOf({ destination: real(`10.0.1.${i}`, 80) })));
    const lines = tell(new Map(), many, null);
    assert.equal(lines.length, 6);
    assert.equal(lines.at(-1), '2 more real servers drain');
    assert.deepEqual(tell(many, many, null), []);
  });
});
