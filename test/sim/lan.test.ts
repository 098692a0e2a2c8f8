import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../src/config/types.ts';
import { routerConfig } from '../unit/vrrp/builders.ts';
import { Invariants } from './invariants.ts';
import { Lan, type Observer } from './lan.ts';
import { Random } from './random.ts';
import type { Station } from './station.ts';

/** Machines a, b ... at 192.0.2.1, 192.0.2.2 ... on a fair LAN with a delay of 1 ms, all started at 0. */
function lanOfConfigs(configs: readonly VirtualRouterConfig[], observer: Observer | null): Lan {
  const plans = configs.map((config, i) => ({
    name: 'abcd'[i] ?? '',
    startAt: 0,
    clockRate: 1,
    clockStartMs: 0,
    startupDelayMs: 0,
    stations: [{ config, address: Uint8Array.of(192, 0, 2, i + 1) }],
  }));
  const lan = new Lan(plans, new Random(1), observer);
  for (const machine of lan.machines) {
    machine.start();
    lan.touched(machine);
  }
  return lan;
}

function lanOf(priorities: readonly number[], given: Partial<VirtualRouterConfig> = {}, observer?: Observer): Lan {
  const configs = priorities.map((priority) => routerConfig({ priority, ...given }));
  return lanOfConfigs(configs, observer ?? rules());
}

/** Without a judgement of who is Active: the tests say that themselves. */
function rules(): Invariants {
  const invariants = new Invariants(1);
  invariants.lasts();
  return invariants;
}

const activeOf = (lan: Lan): string[] => lan.active.map(({ machine }) => machine.name);

function setLink(lan: Lan, station: Station | undefined, isUp: boolean): void {
  assert.ok(station !== undefined);
  station.linkFaults = isUp ? 0 : 1;
  station.machine.lookAround();
  lan.touched(station.machine);
}

function crash(lan: Lan, loses: 'process' | 'machine'): void {
  const { machine } = theActive(lan);
  machine.crash(loses);
  lan.touched(machine);
}

function theActive(lan: Lan): Station {
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
    assert.deepEqual(activeOf(lan), ['b']);
    lan.run(60_000);
    assert.deepEqual(activeOf(lan), ['b']);
    assert.deepEqual(
      lan.stations.map(({ promotions }) => promotions),
      [0, 1, 0],
    );
  });

  it('fails over one Active_Down_Interval after the last advertisement was heard', () => {
    const lan = lanOf([100, 150]);
    lan.run(10_000); // b advertises at 3414.0625 and every second after, the last time at 9414.0625
    crash(lan, 'machine');
    lan.run(9415.0625 + 3609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(9415.0625 + 3609.375);
    assert.deepEqual(activeOf(lan), ['a']);
  });

  it('a planned stop hands over within one Skew_Time, and somebody holds the addresses all the time', () => {
    let held = true;
    const holders: Observer = {
      settled: ({ stations, now }) => {
        if (now > 5000) held &&= stations.some(({ holdsAddresses }) => holdsAddresses);
      },
      acted: () => {},
      hears: () => () => {},
    };
    const lan = lanOf([100, 150], {}, holders);
    lan.run(10_000);
    theActive(lan).machine.stop();
    lan.run(10_000 + 1 + 609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(10_000 + 1 + 609.375);
    assert.deepEqual(activeOf(lan), ['a']);
    lan.run(20_000);
    assert.ok(held);
    assert.deepEqual(
      lan.stations.map(({ role }) => role),
      ['MASTER', 'STOPPED'],
    );
    assert.equal(lan.stations[1]?.holdsAddresses, false);
  });

  it('a quick restart of the Active Router that finds its addresses moves nothing', () => {
    const lan = lanOf([100, 150, 50]);
    lan.run(10_000);
    const active = theActive(lan);
    crash(lan, 'process');
    lan.run(10_300);
    active.machine.start();
    lan.touched(active.machine);
    lan.run(20_000);
    assert.equal(theActive(lan), active);
    assert.deepEqual(
      lan.stations.map(({ promotions }) => promotions),
      [0, 2, 0],
    );
  });

  it('equal priorities stay with the one that is Active, and after a partition with the greater address', () => {
    const lan = lanOf([100, 100]);
    const [lower, greater] = lan.stations;
    assert.ok(lower !== undefined && greater !== undefined);
    setLink(lan, greater, false);
    lan.run(5000);
    setLink(lan, greater, true);
    lan.run(20_000);
    assert.equal(theActive(lan), lower);
    const separate = (isApart: boolean): void => {
      lan.separate(0, lower.machine, greater.machine, isApart);
      lan.separate(0, greater.machine, lower.machine, isApart);
    };
    separate(true);
    lan.run(30_000);
    assert.equal(lan.active.length, 2);
    separate(false);
    lan.run(31_001);
    assert.equal(theActive(lan), greater);
  });

  it('a higher priority comes back and preempts, or does not', () => {
    for (const [preempt, expected] of [
      [true, 'b'],
      [false, 'a'],
    ] as const) {
      const lan = lanOf([100, 150], { preempt });
      setLink(lan, lan.stations[1], false);
      lan.run(5000);
      setLink(lan, lan.stations[1], true);
      lan.run(20_000);
      assert.equal(theActive(lan).machine.name, expected);
    }
  });

  it('version 2: fails over after three intervals and a Skew_Time of a part of a second', () => {
    const lan = lanOf([100, 150], { version: 2, advertisementIntervalMs: 2000, password: 'secret12' });
    lan.run(10_000); // b advertises at 6414.0625 and every 2 s after, the last time at 8414.0625
    crash(lan, 'machine');
    lan.run(8415.0625 + 6609.374);
    assert.deepEqual(activeOf(lan), []);
    lan.run(8415.0625 + 6609.375);
    assert.deepEqual(activeOf(lan), ['a']);
  });

  const strangers: readonly [what: string, given: Partial<VirtualRouterConfig>][] = [
    ['versions', { version: 3 }],
    ['intervals of version 2', { version: 2, advertisementIntervalMs: 2000 }],
    ['passwords', { version: 2, password: 'b' }],
  ];
  for (const [what, given] of strangers) {
    it(`routers of different ${what} do not believe each other: both are Active`, () => {
      const configs = [routerConfig({ version: 2, password: null }), routerConfig({ ...given, priority: 150 })];
      const lan = lanOfConfigs(configs, null);
      lan.run(30_000);
      assert.deepEqual(activeOf(lan), ['a', 'b']);
    });
  }

  it('an interval that the Active Router advertises is the one that backups wait for', () => {
    const configs = [
      routerConfig({ priority: 100, advertisementIntervalMs: 100 }),
      routerConfig({ priority: 150, advertisementIntervalMs: 2000 }),
    ];
    const slow = lanOfConfigs(configs, rules());
    slow.run(30_000);
    assert.equal(theActive(slow).machine.name, 'b');
    assert.equal(slow.stations[0]?.promotions, 1); // before anybody was heard
  });
});
