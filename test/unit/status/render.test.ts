import assert from 'node:assert/strict';
import { renderStatus } from '../../../src/status/render.ts';
import type {
  CheckReport,
  RealServerReport,
  Snapshot,
  SorryServerReport,
  VirtualServerReport,
} from '../../../src/status/types.ts';
import type { RouterReport } from '../../../src/vrrp/messages.ts';
import { calmCheck, NOW_MS, router, snapshot, troubles } from '../../support/snapshot.ts';

const WHOLE = `\
lb1: lvsd 0.1.0, pid 1234, up 3h12m, /etc/lvsd/lvsd.yaml loaded 12m5s ago

Virtual routers (process 1235, SCHED_RR 10, memory locked, 0 restarts)
NAME  STATE   SINCE  PRIO  PEER                        SENT  RECV  REFUSED  LATE MS  ADDRESSES
web   MASTER  3m12s   150  192.0.2.3 (100, 3m12s ago)   192     3        0   0.2/12  192.0.2.100/24

BFD sessions
NAME            STATE  SINCE  NEIGHBOUR          DETECT MS  FLAPS  SENT  RECV  REFUSED
other-director  UP     3m12s  192.0.2.3 on eth0        900      1   731   729        0

Connection sync follows web, wanted: master, running: master on eth1 (sync id 51)

Virtual servers
  REAL SERVER   FORWARD  STATE  SINCE   WEIGHT  ACTIVE  INACTIVE  LIMITS     LAST PROBE
web: tcp 192.0.2.100:80 wlc, UP, usable weight 100, quorum 1
  10.0.0.11:80  direct   UP     3m12s  100/100      12       130  2000/1500  http ok 1.2 ms, 1s ago
  10.0.0.12:80  direct   DOWN   5s       0/100       2         7  -          http refused 0.3 ms, 0.4s ago
    refused: connect ECONNREFUSED 10.0.0.12:80
  10.0.0.90:80  direct   sorry  idle       -/1       -         -  -          -

Self check icmp 192.0.2.254: UP, icmp ok 0.4 ms, 1s ago

IPVS: 12 reconciliations, the last 5s ago, 1 repair, 0 refused commands
`;

function render(changes: Partial<Snapshot>, colour = false): string {
  return renderStatus({ ...snapshot, ...changes }, { nowMs: NOW_MS, colour });
}

/** The lines of `text` that follow the one with `head`, blanks squeezed. */
function linesAfter(text: string, head: string): string[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));
  const at = lines.findIndex((line) => line.startsWith(head));
  const end = lines.indexOf('', at);
  return lines.slice(at + 1, end);
}

function routerLines(changes: Partial<RouterReport>): string[] {
  return linesAfter(render({ virtualRouters: [{ ...router, ...changes }] }), 'NAME');
}

function serverLines(server: Partial<VirtualServerReport>, real: Partial<RealServerReport>): string[] {
  const [first] = snapshot.virtualServers;
  assert.ok(first?.realServers[0]);
  const realServers = [{ ...first.realServers[0], ...real }];
  return linesAfter(
    render({ virtualServers: [{ ...first, sorryServers: [], realServers, ...server }] }),
    'REAL SERVER',
  );
}

const CHECK: CheckReport = {
  type: 'tcp',
  target: '10.0.0.11:81',
  state: 'UP',
  lastResult: 'ok',
  detail: null,
  latencyMs: 2,
  atMs: NOW_MS - 3000,
  ...calmCheck,
};

const weighed = (wanted: number) => ({ configured: 100, wanted, kernel: wanted });

describe('status/render', () => {
  it('shows the whole, aligned, within 110 columns', () => {
    assert.equal(render({}), WHOLE);
    for (const line of WHOLE.split('\n')) assert.ok(line.length <= 110, line);
  });

  it('shows nothing of what is not configured', () => {
    const bare = {
      virtualRouters: [],
      bfdSessions: [],
      virtualServers: [],
      connectionSync: null,
      selfCheck: null,
      ipvs: null,
    };
    assert.equal(render(bare), 'lb1: lvsd 0.1.0, pid 1234, up 3h12m, /etc/lvsd/lvsd.yaml loaded 12m5s ago\n');
  });

  it('colours states only when asked', () => {
    assert.ok(!render({}).includes('\u001b'));
    const coloured = render({}, true);
    assert.ok(coloured.includes('\u001b[32mMASTER\u001b[0m'));
    assert.ok(coloured.includes('\u001b[1;31mDOWN\u001b[0m'));
    assert.equal(coloured.replace(/\p{Cc}\[[\d;]*m/gu, ''), WHOLE);
  });

  it('tells what was refused of a reload that went through', () => {
    const lastReload = { atMs: NOW_MS - 2000, ok: true, problems: ['Cannot add service fwmark 7: ENOENT'] };
    const text = render({ daemon: { ...snapshot.daemon, lastReload } });
    assert.deepEqual(text.split('\n').slice(1, 3), [
      'Last reload 2s ago went through, but:',
      '  Cannot add service fwmark 7: ENOENT',
    ]);
  });

  it('tells why the last reload was refused', () => {
    const lastReload = { atMs: NOW_MS - 2000, ok: false, problems: ['/etc/lvsd/lvsd.yaml:3:1: name: missing'] };
    const text = render({ daemon: { ...snapshot.daemon, lastReload } });
    assert.deepEqual(linesAfter(text, 'lb1:'), [
      'Last reload 2s ago refused, nothing was changed:',
      '/etc/lvsd/lvsd.yaml:3:1: name: missing',
    ]);
  });

  it('lets nothing from the network steer the terminal', () => {
    const lines = serverLines({}, { state: 'DOWN', reason: 'answer: \u001b[2Jgone' });
    assert.equal(lines[2], 'answer: ?[2Jgone');
  });

  describe('virtual routers', () => {
    it('FAULT shows why, and no peer as -', () => {
      assert.deepEqual(
        routerLines({
          role: 'FAULT',
          fault: 'interface eth0 is down',
          peer: null,
          virtualAddresses: [{ address: '192.0.2.100/24', interface: 'eth0', held: false }],
        }),
        ['web | FAULT | 3m12s | 150 | - | 192 | 3 | 0 | 0.2/12 | 192.0.2.100/24', 'fault: interface eth0 is down'],
      );
    });

    it('counts refused packets by reason', () => {
      const adverts = { ...router.adverts, addressListErrors: 4, refused: { 'checksum-errors': 3, 'vrid-errors': 2 } };
      assert.deepEqual(routerLines({ adverts }), [
        'web | MASTER | 3m12s | 150 | 192.0.2.3 (100, 3m12s ago) | 192 | 3 | 5 | 0.2/12 | 192.0.2.100/24',
        'refused: checksum-errors 3, vrid-errors 2',
        '4 times the peer had other virtual addresses',
      ]);
    });

    it('names the addresses that are not where they should be, and counts the rest', () => {
      const vips = (held: boolean, count: number) =>
        Array.from({ length: count }, (_, i) => ({ address: `192.0.2.${100 + i}/24`, interface: 'eth0', held }));
      const last = (changes: Partial<RouterReport>) => routerLines(changes).map((line) => line.split(' | ').at(-1));
      assert.deepEqual(
        last({ virtualAddresses: [...vips(true, 2), { address: '192.0.2.9/24', interface: 'eth0', held: false }] }),
        ['192.0.2.9/24 MISSING', '192.0.2.100/24', '192.0.2.101/24'],
      );
      assert.deepEqual(last({ role: 'BACKUP', virtualAddresses: vips(true, 1) }), ['192.0.2.100/24 HELD']);
      assert.deepEqual(last({ role: 'FAULT', priority: 255, virtualAddresses: vips(true, 1) }), ['192.0.2.100/24']);
      assert.deepEqual(last({ virtualAddresses: vips(true, 6) }).slice(3), ['192.0.2.103/24', 'and 2 more']);
    });

    it('names the interface of an address that is elsewhere, and extra addresses too', () => {
      const elsewhere = { address: '198.51.100.7/32', interface: 'eth1', held: true };
      const last = routerLines({ extraAddresses: [elsewhere] }).map((line) => line.split(' | ').at(-1));
      assert.deepEqual(last, ['192.0.2.100/24', '198.51.100.7/32 on eth1']);
    });

    it('tells which routes and rules a MASTER lacks, and why', () => {
      const virtualRoutes = [
        { text: '198.51.100.0/24 via 192.0.2.1', held: true, problem: null },
        { text: 'default dev eth1', held: false, problem: 'ENETDOWN' },
      ];
      const virtualRules = [{ text: '9: from all fwmark 7 lookup 9', held: false, problem: null }];
      assert.deepEqual(routerLines({ virtualRoutes, virtualRules }).slice(1), [
        'route default dev eth1 is MISSING: ENETDOWN',
        'rule 9: from all fwmark 7 lookup 9 is MISSING',
      ]);
      assert.equal(routerLines({ role: 'BACKUP', virtualRoutes, virtualRules }).length, 1);
    });

    it('shows an effective priority that is not the configured one', () => {
      assert.match(routerLines({ effectivePriority: 100 })[0] ?? '', / 100 of 150 /);
    });

    it('tells what notifications lost, if anything', () => {
      const fifo = { path: '/run/x', dropped: 7 };
      for (const [notifications, text] of [
        [{ skipped: 0, failed: 1, fifo: { ...fifo, dropped: 0 }, lvsFifo: null }, 'Notifications: 1 failed program'],
        [
          { skipped: 2, failed: 0, fifo: null, lvsFifo: { path: '/run/y', dropped: 1 } },
          'Notifications: 2 changes skipped, 1 line of /run/y dropped',
        ],
        [
          { skipped: 1, failed: 2, fifo, lvsFifo: null },
          'Notifications: 2 failed programs, 1 change skipped, 7 lines of /run/x dropped',
        ],
      ] as const) {
        assert.ok(render({ notifications }).split('\n').includes(text), text);
      }
    });

    it('tells that the VRRP process does not answer', () => {
      const down = { virtualRouters: [], vrrpAnswering: false };
      const vrrpProcess = { pid: null, restarts: 1, scheduling: null, memoryLocked: null };
      assert.match(render(down), /^Virtual routers: the VRRP process \(pid 1235\) does not answer, 0 restarts$/m);
      assert.match(
        render({ ...down, daemon: { ...snapshot.daemon, vrrpProcess } }),
        /^Virtual routers: the VRRP process does not run, 1 restart$/m,
      );
    });

    it('counts packets for nobody here', () => {
      const text = render({ vrrpRefused: { 'eth0 ipv4': { 'vrid-errors': 7, 'own-address': 0 }, 'eth1 ipv4': {} } });
      assert.match(text, /^Refused on eth0 ipv4, for no virtual router here: vrid-errors 7$/m);
      assert.ok(!text.includes('eth1 ipv4'));
    });
  });

  describe('connection sync', () => {
    const rows = [
      { wanted: 'none', running: [], text: 'wanted: none, running: none' },
      { wanted: 'backup', running: [], text: 'wanted: backup, running: none (NOT AS WANTED)' },
      {
        wanted: 'backup',
        running: snapshot.connectionSync?.running ?? [],
        text: 'wanted: backup, running: master on eth1 (sync id 51) (NOT AS WANTED)',
      },
    ] as const;
    for (const { text, ...sync } of rows) {
      it(text, () => {
        const line = render({ connectionSync: { follow: 'web', ...sync } })
          .split('\n')
          .find((one) => one.startsWith('Connection sync'));
        assert.equal(line, `Connection sync follows web, ${text}`);
      });
    }
  });

  describe('virtual servers', () => {
    it('never probed, not in the table: - everywhere', () => {
      const lines = serverLines(
        {
          state: 'DOWN',
          usableWeight: 0,
          services: [{ service: 'tcp 192.0.2.100:80', inKernel: false }],
          inKernel: false,
        },
        {
          state: 'UNKNOWN',
          reason: 'not probed yet',
          sinceMs: null,
          weight: { configured: 100, wanted: 0, kernel: null },
          thresholds: { upper: 0, lower: 0, over: false },
          connections: null,
          checks: [],
        },
      );
      assert.deepEqual(lines, [
        "web: tcp 192.0.2.100:80 wlc, DOWN, usable weight 0, quorum 1, NOT IN THE KERNEL'S TABLE",
        '10.0.0.11:80 | direct | UNKNOWN | - | -/100 | - | - | - | -',
        'not probed yet',
      ]);
    });

    it('OVER stands out; a lower threshold of 0 is three quarters of the upper one', () => {
      assert.match(serverLines({}, { thresholds: { upper: 10, lower: 4, over: true } })[1] ?? '', /\| 10\/4 OVER \|/);
      assert.match(serverLines({}, { thresholds: { upper: 10, lower: 0, over: false } })[1] ?? '', /\| 10\/8 \|/);
    });

    it('an active sorry server stands out, and so does one that is not usable', () => {
      const [idle] = snapshot.virtualServers[0]?.sorryServers ?? [];
      assert.ok(idle);
      const active: SorryServerReport = {
        ...idle,
        forwarding: 'nat',
        active: true,
        weight: { configured: 3, wanted: 3, kernel: 3 },
        connections: { active: 3, inactive: 4, persistent: 0 },
      };
      const check = { ...CHECK, state: 'DOWN', lastResult: 'refused', detail: 'x', failure: 'refused: x' } as const;
      const down: SorryServerReport = {
        ...idle,
        state: 'DOWN',
        reason: 'refused: x',
        sinceMs: NOW_MS - 5000,
        checks: [check],
      };
      assert.deepEqual(serverLines({ sorryServers: [active, down] }, {}).slice(2), [
        '10.0.0.90:80 | nat | SORRY | active | 3/3 | 3 | 4 | - | -',
        '10.0.0.90:80 | direct | sorry DOWN | 5s | -/1 | - | - | - | tcp refused 2.0 ms, 3s ago',
        'refused: x',
      ]);
      const waits = serverLines({ sorryServers: [active] }, { weight: weighed(0) });
      assert.equal(waits[2], 'weight 0 of 100: sorry servers take its place');
    });

    it('a hysteresis, a tier, a panic and checks that rest are in the heading', () => {
      const heading = (server: Partial<VirtualServerReport>) => serverLines(server, {});
      assert.equal(
        heading({ quorum: 100, hysteresis: 20, tier: 1, suspendedBy: 'web' })[0],
        'web: tcp 192.0.2.100:80 wlc, UP, usable weight 100, quorum 100 +- 20, tier 1 serves, not probed: web is not MASTER',
      );
      assert.deepEqual(heading({ panic: troubles.panic }).slice(0, 2), [
        'web: tcp 192.0.2.100:80 wlc, UP, PANIC, usable weight 100, quorum 1',
        'panic for 5s: 3 of 4 are down and kept; the self check is asked',
      ]);
    });

    const weights: readonly (readonly [Partial<RealServerReport>, readonly string[], number?])[] = [
      [{ slowStart: troubles.slowStart, weight: weighed(40) }, ['weight 40 of 100: slow start at 40 % for 20s more']],
      [
        { grade: { advisedPercent: 49.6, drain: false, maxConnections: 5, latencyMs: 12 }, weight: weighed(45) },
        ['weight 45 of 100: advised 50 %, latency 12 ms', 'limit told: 5 connections'],
      ],
      [
        { grade: { advisedPercent: null, drain: true, maxConnections: null, latencyMs: null }, weight: weighed(0) },
        ['weight 0 of 100: told to take no new connections'],
      ],
      [{ tier: 2, weight: weighed(0) }, ['weight 0 of 100: tier 2 is not needed'], 1],
      [{ tier: 1, weight: weighed(100) }, [], 1],
      // A weight that is not the wanted one for a moment needs no words.
      [{ weight: weighed(100) }, []],
      [
        { state: 'DOWN', reason: 'refused: x', kept: true, weight: weighed(100) },
        ['refused: x', 'kept with weight 100 by the panic'],
      ],
      [
        { state: 'DOWN', reason: 'refused: x', checks: [{ ...CHECK, state: 'DOWN', heldUntilMs: NOW_MS + 12_000 }] },
        ['refused: x', 'held down for 12s more: it came and went'],
      ],
      [
        { checks: [{ ...CHECK, warning: 'the certificate expires in 3 days' }] },
        ['warning: tcp 10.0.0.11:81: the certificate expires in 3 days'],
      ],
    ];
    for (const [real, lines, tier = null] of weights) {
      it(`why: ${lines.join('; ') || 'nothing to say'}`, () => {
        assert.deepEqual(serverLines({ tier }, real).slice(2), lines);
      });
    }

    it('a self check that fails says why', () => {
      const selfCheck = { ...CHECK, state: 'DOWN', lastResult: 'timeout', failure: 'timeout: no answer' } as const;
      assert.match(
        render({ selfCheck }),
        /^Self check tcp 10\.0\.0\.11:81: DOWN \(timeout: no answer\), tcp timeout 2\.0 ms, 3s ago$/m,
      );
    });

    it('shows of several probes one that fails, and lists all that fail', () => {
      const check = {
        type: 'tcp',
        target: '10.0.0.11:81',
        state: 'UP',
        lastResult: 'ok',
        detail: null,
        ...calmCheck,
      } as const;
      const slow = { ...check, latencyMs: 20, atMs: NOW_MS - 1000 };
      const fast = { ...check, latencyMs: 2, atMs: NOW_MS - 3000 };
      const failing = { ...fast, lastResult: 'timeout', detail: 'no answer within 1000 ms' } as const;
      assert.match(serverLines({}, { checks: [fast, slow] })[1] ?? '', /\| tcp ok 20 ms, 1s ago$/);
      const up = serverLines({}, { checks: [slow, failing] });
      assert.match(up[1] ?? '', /\| tcp timeout 2.0 ms, 3s ago$/);
      assert.deepEqual(up.slice(2), ['failing: tcp 10.0.0.11:81: timeout: no answer within 1000 ms']);
      const down = serverLines({}, { state: 'DOWN', reason: 'refused: x', checks: [slow, failing] });
      assert.deepEqual(down.slice(2), ['refused: x', 'tcp 10.0.0.11:81: timeout: no answer within 1000 ms']);
    });
  });

  it('tells what is wrong with the table', () => {
    assert.ok(snapshot.ipvs);
    const ipvs = { ...snapshot.ipvs, available: false, lastReconcileAtMs: null, reconciles: 1, lastProblem: 'EPERM' };
    assert.deepEqual(render({ ipvs }).split('\n').slice(-4), [
      'IPVS: 1 reconciliation, the last never, 1 repair, 0 refused commands',
      "  the kernel's table cannot be read now",
      '  last problem: EPERM',
      '',
    ]);
  });
});
