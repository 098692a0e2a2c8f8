/** Changes of the kernel's state as data and in words. */
import assert from 'node:assert/strict';
import { describeRepair, renderChange, renderChanges } from '../../../src/director/change-text.ts';
import { changeOf, daemonChange, foundIn, type KernelChange, valueChange } from '../../../src/director/changes.ts';
import { type Drains, drainKey } from '../../../src/director/draining.ts';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import type { Service } from '../../../src/ipvs/types.ts';
import {
  daemonOf,
  delDest,
  destination,
  newDest,
  newService,
  real,
  serviceOf,
  setDest,
  setService,
  tcp,
} from '../ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const A = real('10.0.0.11', 80);
const { settings } = destination(A, { weight: 5 });
const DRAINING: Drains = new Map([
  [drainKey(WEB, A), { service: WEB, destination: A, sinceMs: 0, timeoutMs: 300_000, settings, connections: 3 }],
]);
const TABLE: readonly Service[] = [serviceOf(WEB, [destination(A, { weight: 5 })], { flags: 2 })];

interface Row {
  readonly command: IpvsCommand;
  readonly table?: readonly Service[];
  readonly drains?: Drains;
  readonly line: string;
  readonly repair: string;
}

const ROWS: readonly Row[] = [
  {
    command: newService(WEB, { scheduler: 'rr' }),
    table: [],
    line: '+ tcp 192.0.2.1:80 rr',
    repair: 'tcp 192.0.2.1:80 was missing: added',
  },
  {
    command: newService(WEB, {
      scheduler: 'mh',
      flags: 0x19,
      timeoutS: 300,
      prefixLength: 24,
      persistenceEngine: 'sip',
    }),
    table: [],
    line: '+ tcp 192.0.2.1:80 mh, flags flag-1 flag-2, persistence 300 s, persistence prefix length 24, persistence engine sip',
    repair: 'tcp 192.0.2.1:80 was missing: added',
  },
  {
    command: setService(WEB, { scheduler: 'rr', flags: 1, timeoutS: 60 }),
    line: '~ tcp 192.0.2.1:80 scheduler wlc -> rr, persistence none -> 60 s',
    repair: 'tcp 192.0.2.1:80 had scheduler wlc, wants rr; had persistence none, wants 60 s: set',
  },
  {
    command: { command: 'del-service', service: WEB },
    line: '- tcp 192.0.2.1:80',
    repair: 'tcp 192.0.2.1:80 is not ours and ipvs.exclusive is set: deleted',
  },
  {
    command: newDest(WEB, real('10.0.0.12', 80), { weight: 3, upperThreshold: 9 }),
    line: '+ tcp 192.0.2.1:80: 10.0.0.12:80 direct, weight 3, upper threshold 9',
    repair: 'tcp 192.0.2.1:80: 10.0.0.12:80 was missing: added',
  },
  {
    command: setDest(WEB, A, { weight: 10 }),
    line: '~ tcp 192.0.2.1:80: 10.0.0.11:80 weight 5 -> 10',
    repair: 'tcp 192.0.2.1:80: 10.0.0.11:80 had weight 5, wants 10: set',
  },
  {
    command: setDest(WEB, A, { weight: 5, forwardMethod: 2, tunnelType: 1, tunnelPort: 6080 }),
    line: '~ tcp 192.0.2.1:80: 10.0.0.11:80 forwarding direct -> tunnel, tunnel type none -> gue, tunnel port none -> 6080',
    repair:
      'tcp 192.0.2.1:80: 10.0.0.11:80 had forwarding direct, wants tunnel; had tunnel type none, wants gue; had tunnel port none, wants 6080: set',
  },
  {
    command: setDest(WEB, A, { weight: 0 }),
    drains: DRAINING,
    line: '- tcp 192.0.2.1:80: 10.0.0.11:80 (drains first: 3 connections, at most 300 s)',
    repair: 'tcp 192.0.2.1:80: 10.0.0.11:80 does not belong there: weight 0, deleted when its connections are gone',
  },
  {
    command: delDest(WEB, A),
    line: '- tcp 192.0.2.1:80: 10.0.0.11:80',
    repair: 'tcp 192.0.2.1:80: 10.0.0.11:80 does not belong there: deleted',
  },
];

function changed({ command, table = TABLE, drains = new Map() }: Omit<Row, 'line' | 'repair'>): KernelChange {
  const change = changeOf(command, foundIn(table), drains);
  if (change === null) assert.fail('no change');
  return change;
}

describe('changes of the table', () => {
  for (const { line, repair, ...row } of ROWS) {
    it(line, () => {
      assert.equal(renderChange(changed(row)), line);
      assert.equal(describeRepair(changed(row)), repair);
    });
  }

  it('name only what becomes different', () => {
    assert.deepEqual(changed({ command: setDest(WEB, A, { weight: 10 }) }), {
      action: 'change',
      object: 'destination',
      service: 'tcp 192.0.2.1:80',
      name: '10.0.0.11:80',
      from: { weight: 5 },
      to: { weight: 10 },
      waitsFor: null,
    });
  });

  it('of a drain say what it waits for', () => {
    const { action, waitsFor } = changed({ command: setDest(WEB, A, { weight: 0 }), drains: DRAINING });
    assert.deepEqual([action, waitsFor], ['drain', { connections: 3, timeoutMs: 300_000 }]);
  });

  it('show flags that nobody has named', () => {
    const change = changed({ command: newService(WEB, { flags: 0x1c0 }), table: [] });
    assert.deepEqual(change.to, { scheduler: 'wlc', flags: '0x1c0' });
  });
});

describe('other changes', () => {
  for (const [change, line, repair] of [
    [
      valueChange('setting', 'expire_nodest_conn', { from: '0', to: '1' }),
      '~ net.ipv4.vs.expire_nodest_conn 0 -> 1',
      'net.ipv4.vs.expire_nodest_conn was 0, wants 1: set',
    ],
    [
      valueChange('timeout', 'tcp', { from: 900, to: 600 }),
      '~ timeout tcp 900 -> 600',
      'timeout tcp was 900, wants 600: set',
    ],
    [
      daemonChange({ command: 'new-daemon', daemon: daemonOf({ interface: 'eth1', syncId: 51, group: '224.0.0.99' }) }),
      '+ master sync daemon eth1, sync id 51, group 224.0.0.99',
      'master sync daemon was missing: added',
    ],
    [
      daemonChange({ command: 'del-daemon', role: 'backup' }),
      '- backup sync daemon',
      'backup sync daemon does not belong there: deleted',
    ],
  ] as const) {
    it(line, () => {
      assert.equal(renderChange(change), line);
      assert.equal(describeRepair(change), repair);
    });
  }

  it('of one service stand together, and are counted', () => {
    const other = tcp('192.0.2.2', 80);
    const changes = [
      valueChange('timeout', 'tcp', { from: 900, to: 600 }),
      changed({ command: newDest(WEB, real('10.0.0.12', 80), {}) }),
      changed({ command: newService(other, {}), table: [] }),
      changed({ command: newDest(other, A, {}), table: [] }),
      changed({ command: delDest(WEB, A) }),
      changed({ command: setService(WEB, { scheduler: 'rr' }) }),
    ];
    assert.deepEqual(renderChanges(changes).split('\n'), [
      '~ timeout tcp 900 -> 600',
      '~ tcp 192.0.2.1:80 scheduler wlc -> rr',
      '+ tcp 192.0.2.1:80: 10.0.0.12:80 direct, weight 1',
      '- tcp 192.0.2.1:80: 10.0.0.11:80',
      '+ tcp 192.0.2.2:80 wlc',
      '+ tcp 192.0.2.2:80: 10.0.0.11:80 direct, weight 1',
      '6 changes',
      '',
    ]);
    assert.equal(renderChanges([]), 'no changes\n');
    assert.match(renderChanges(changes.slice(0, 1)), /\n1 change\n$/);
  });
});

describe('what is found in a table', () => {
  it('costs no search through a service of thousands, each time', () => {
    let reads = 0;
    const destinations = Array.from({ length: 1000 }, (_, i) => {
      const { id, settings } = destination(real(`10.0.${i >> 8}.${i & 255}`, 80), { weight: i });
      return {
        settings,
        get id() {
          reads++;
          return id;
        },
      };
    });
    const found = foundIn([serviceOf(WEB, destinations)]);
    for (let i = 0; i < 1000; i++) {
      assert.equal(found.destination(WEB, real(`10.0.${i >> 8}.${i & 255}`, 80))?.weight, i);
    }
    assert.equal(reads, 1000);
    assert.equal(found.destination(WEB, real('10.9.9.9', 80)), null);
    assert.equal(found.destination(tcp('192.0.2.9', 80), A), null);
  });
});
