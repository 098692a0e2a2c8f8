import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TrackConfig } from '../../../src/config/types-tracking.ts';
import { assess, effectivePriorityOf, type TrackState, trackKeyOf, UNTRACKED } from '../../../src/vrrp/tracking.ts';

const UP: TrackState = { kind: 'up' };
const DOWN: TrackState = { kind: 'down', reason: 'exit code 2' };
const says = (value: number): TrackState => ({ kind: 'value', value });

function track(kind: TrackConfig['kind'], name: string, weight: number | null): TrackConfig {
  return { kind, name, weight, upDelayMs: 0, downDelayMs: 0 };
}

describe('vrrp/tracking: one object', () => {
  const rows: readonly (readonly [
    rule: string,
    TrackConfig,
    TrackState | undefined,
    adds: number,
    fault: string | null,
  ])[] = [
    ['a positive weight counts while up', track('script', 'x', 20), UP, 20, null],
    ['a positive weight is missing while down', track('script', 'x', 20), DOWN, 0, null],
    ['a negative weight does not count while up', track('script', 'x', -20), UP, 0, null],
    ['a negative weight counts while down', track('script', 'x', -20), DOWN, -20, null],
    ['without weight, up is nothing', track('script', 'x', null), UP, 0, null],
    ['without weight, down is a fault', track('script', 'x', null), DOWN, 0, 'script x is down: exit code 2'],
    ['not known yet counts as up', track('process', 'p', 20), undefined, 20, null],
    ['not known yet is no fault', track('process', 'p', null), undefined, 0, null],
    ['a file: number times weight', track('file', '/run/x', 3), says(-10), -30, null],
    ['a file: negative weight', track('file', '/run/x', -1), says(10), -10, null],
    ['a file: not more than 253', track('file', '/run/x', 2), says(200), 253, null],
    ['a file: -253 is the least', track('file', '/run/x', 1), says(-253), -253, null],
    [
      'a file: below -253 is a fault',
      track('file', '/run/x', 1),
      says(-254),
      -254,
      'file /run/x says -254: -254 is below -253',
    ],
    ['BFD without weight never is a fault', track('bfd', 'b', null), DOWN, 0, null],
    ['BFD with weight counts as others', track('bfd', 'b', -50), DOWN, -50, null],
  ];
  for (const [rule, config, state, adds, fault] of rows) {
    it(rule, () => {
      const assessment = assess([config], () => state);
      assert.deepEqual([assessment.adds, assessment.fault], [adds, fault]);
      const { key, weight, adds: its } = assessment.tracks[0] ?? {};
      assert.deepEqual([key, weight, its], [trackKeyOf(config), config.weight, adds]);
    });
  }
});

describe('vrrp/tracking: all objects of a virtual router', () => {
  it('weights add up', () => {
    const tracks = [track('interface', 'eth1', -30), track('script', 'a', 20), track('script', 'b', -5)];
    const states: Record<string, TrackState> = { 'interface eth1': DOWN, 'script a': UP, 'script b': DOWN };
    const assessment = assess(tracks, (one) => states[trackKeyOf(one)]);
    assert.equal(assessment.adds, -15);
    assert.deepEqual(
      assessment.tracks.map(({ adds }) => adds),
      [-30, 20, -5],
    );
  });

  it('the first fault is told', () => {
    const tracks = [track('script', 'a', null), track('interface', 'eth1', null)];
    assert.equal(assess(tracks, () => DOWN).fault, 'script a is down: exit code 2');
  });

  it('nothing tracked is nothing new', () => {
    assert.equal(
      assess([], () => UP),
      UNTRACKED,
    );
  });
});

describe('vrrp/tracking: effective priority', () => {
  const rows = [
    [100, 20, 120],
    [100, -30, 70],
    [100, -200, 1],
    [200, 100, 254],
    [255, -100, 255],
    [255, 100, 255],
    [254, 0, 254],
  ] as const;
  for (const [priority, adds, effective] of rows) {
    it(`${priority} and ${adds}: ${effective}`, () => assert.equal(effectivePriorityOf(priority, adds), effective));
  }

  it('is 1 to 254 whatever is tracked, 255 for the owner only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.integer({ min: -2000, max: 2000 }), (priority, adds) => {
        const effective = effectivePriorityOf(priority, adds);
        return priority === 255 ? effective === 255 : effective >= 1 && effective <= 254;
      }),
    );
  });
});
