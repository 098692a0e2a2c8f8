import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { routerConfig } from '../unit/vrrp/builders.ts';
import { Invariants } from './invariants.ts';
import { Lan, type Observer } from './lan.ts';
import type { Machine } from './machine.ts';
import { Random } from './random.ts';
import { END_MS, MOST_DELAY_MS, plannedLan } from './schedule.ts';

/** Routers 192.0.2.1, 192.0.2.2 ... on a fair LAN with a delay of 1 ms, all started at 0. */
function lanOf(priorities: readonly number[], given: Partial<VirtualRouterConfig> = {}, observer?: Observer): Lan {
  const routers = priorities.map((priority, i) => ({
    config: routerConfig({ priority, ...given }),
    address: Uint8Array.of(192, 0, 2, i + 1),
  }));
  const lan = new Lan(routers, new Random(1), observer ?? new Invariants(1));
  for (const machine of lan.machines) machine.start();
  return lan;
}

const activeOf = (lan: Lan): string[] => lan.active.map(({ name }) => name);

function theActive(lan: Lan): Machine {
  const [active, ...others] = lan.active;
  assert.ok(active !== undefined && others.length === 0, `Active: ${activeOf(lan).join(', ')}`);
  return active;
}

describe('a LAN of virtual routers', () => {
  it('elects the highest priority and nobody else', () => {
    const lan = lanOf([100, 150, 50]);
    lan.run(3414.0624);
    assert.deepEqual(activeOf(lan), []);
    lan.run(3414.0625); // 3 s and 106/256 s
    assert.deepEqual(activeOf(lan), ['192.0.2.2']);
    lan.run(60_000);
    assert.deepEqual(activeOf(lan), ['192.0.2.2']);
    assert.deepEqual(
      lan.machines.map(({ promotions }) => promotions),
      [0, 1, 0],
    );
  });

  it('fails over one Active_Down_Interval after the last advertisement was heard', () => {
    const lan = lanOf([100, 150]);
    lan.run(10_000); // 192.0.2.2 advertises at 3414.0625 and every second after, the last time at 9414.0625
    theActive(lan).crash('machine');
    lan.run(9415.0625 + 3609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(9415.0625 + 3609.375);
    assert.deepEqual(activeOf(lan), ['192.0.2.1']);
  });

  it('a planned stop hands over within one Skew_Time, and somebody holds the addresses all the time', () => {
    let held = true;
    const holders: Observer = {
      settled: ({ machines, now }) => {
        if (now > 5000) held &&= machines.some(({ holdsAddresses }) => holdsAddresses);
      },
      hears: () => () => {},
    };
    const lan = lanOf([100, 150], {}, holders);
    lan.run(10_000);
    theActive(lan).router?.shutdown();
    lan.run(10_000 + 1 + 609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(10_000 + 1 + 609.375);
    assert.deepEqual(activeOf(lan), ['192.0.2.1']);
    lan.run(20_000);
    assert.ok(held);
    assert.deepEqual(
      lan.machines.map(({ role }) => role),
      ['MASTER', 'STOPPED'],
    );
    assert.equal(lan.machines[1]?.holdsAddresses, false);
  });

  it('a quick restart of the Active Router that finds its addresses moves nothing', () => {
    const lan = lanOf([100, 150, 50]);
    lan.run(10_000);
    const active = theActive(lan);
    active.crash('process');
    lan.run(10_300);
    active.start();
    lan.run(20_000);
    assert.equal(theActive(lan), active);
    assert.deepEqual(
      lan.machines.map(({ promotions }) => promotions),
      [0, 2, 0],
    );
  });

  it('equal priorities stay with the one that is Active, and after a partition with the greater address', () => {
    const lan = lanOf([100, 100]);
    const [lower, greater] = lan.machines;
    assert.ok(lower !== undefined && greater !== undefined);
    greater.setLink(false);
    lan.run(5000);
    greater.setLink(true);
    lan.run(20_000);
    assert.equal(theActive(lan), lower);
    greater.segment = 1;
    lan.run(30_000);
    assert.equal(lan.active.length, 2);
    greater.segment = 0;
    lan.run(31_001);
    assert.equal(theActive(lan), greater);
  });

  it('a higher priority comes back and preempts, or does not', () => {
    for (const [preempt, expected] of [
      [true, '192.0.2.2'],
      [false, '192.0.2.1'],
    ] as const) {
      const lan = lanOf([100, 150], { preempt });
      lan.machines[1]?.setLink(false);
      lan.run(5000);
      lan.machines[1]?.setLink(true);
      lan.run(20_000);
      assert.equal(theActive(lan).name, expected);
    }
  });

  it('version 2: fails over after three intervals and a Skew_Time of a part of a second', () => {
    const lan = lanOf([100, 150], { version: 2, advertisementIntervalMs: 2000, password: 'secret12' });
    lan.run(10_000); // 192.0.2.2 advertises at 6414.0625 and every 2 s after, the last time at 8414.0625
    theActive(lan).crash('machine');
    lan.run(8415.0625 + 6609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(8415.0625 + 6609.375);
    assert.deepEqual(activeOf(lan), ['192.0.2.1']);
  });

  const strangers: readonly [what: string, given: Partial<VirtualRouterConfig>][] = [
    ['versions', { version: 3 }],
    ['intervals of version 2', { version: 2, advertisementIntervalMs: 2000 }],
    ['passwords', { version: 2, password: 'b' }],
  ];
  for (const [what, given] of strangers) {
    it(`routers of different ${what} do not believe each other: both are Active`, () => {
      const configs = [routerConfig({ version: 2, password: null }), routerConfig({ ...given, priority: 150 })];
      const routers = configs.map((config, i) => ({ config, address: Uint8Array.of(192, 0, 2, i + 1) }));
      const lan = new Lan(routers, new Random(1));
      for (const machine of lan.machines) machine.start();
      lan.run(30_000);
      assert.deepEqual(activeOf(lan), ['192.0.2.1', '192.0.2.2']);
    });
  }

  it('an interval that the Active Router advertises is the one that backups wait for', () => {
    const lan = lanOf([100, 150]);
    const slow = new Lan(
      lan.machines.map(({ config, address }, i) => ({
        config: { ...config, advertisementIntervalMs: i === 0 ? 100 : 2000 },
        address,
      })),
      new Random(1),
      new Invariants(1),
    );
    for (const machine of slow.machines) machine.start();
    slow.run(30_000);
    assert.equal(theActive(slow).name, '192.0.2.2');
    assert.equal(slow.machines[0]?.promotions, 1); // before anybody was heard
  });
});

describe('a LAN of virtual routers under faults', () => {
  const only = process.env['SEED'];
  const seeds = only === undefined ? Array.from({ length: 600 }, (_, i) => i + 1) : [Number(only)];

  it(`keeps its rules on ${seeds.length} schedules (one of them again: SEED=n)`, function () {
    this.timeout(60_000);
    const total = { overlaps: 0, longestOverlapMs: 0, garbage: 0, heard: 0, promotions: 0 };
    for (const seed of seeds) {
      const invariants = new Invariants(MOST_DELAY_MS);
      const lan = plannedLan(seed, invariants);
      try {
        lan.run(END_MS);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        assert.fail(`SEED=${seed}: at ${lan.now.toFixed(3)} ms ${said}\n${lan.trace}`);
      }
      total.overlaps += invariants.seen.overlaps;
      total.garbage += invariants.seen.garbage;
      total.heard += invariants.seen.heard;
      total.longestOverlapMs = Math.max(total.longestOverlapMs, invariants.seen.longestOverlapMs);
      for (const { promotions } of lan.machines) total.promotions += promotions;
    }
    if (process.env['VERBOSE'] !== undefined) console.log(total);
    if (only !== undefined) return;
    // A simulator in which nothing happens finds nothing.
    assert.ok(total.promotions > 2000 && total.overlaps > 200 && total.garbage > 5000 && total.heard > 100_000);
  });
});
