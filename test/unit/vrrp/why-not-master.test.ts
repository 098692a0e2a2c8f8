/** "Why is the one with the higher priority not MASTER?" */
import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import type { TrackReport } from '../../../src/vrrp/tracking.ts';
import { advert, bench, DOWN, linkUp } from './instance-bench.ts';

type Bench = ReturnType<typeof bench>;

const script = (adds: number, weight: number): TrackReport => ({
  key: 'script x',
  state: adds === 0 ? { kind: 'down', reason: 'exit code 2' } : { kind: 'up' },
  weight,
  adds,
});

/** Heard from 192.0.2.2 at 1 s, asked at 2 s. */
const rows: readonly (readonly [
  situation: string,
  given: Partial<VirtualRouterConfig>,
  happens: (b: Bench) => void,
  why: string | null,
])[] = [
  ['nobody was heard yet', {}, () => {}, 'it listens for another router: 1.7 s left'],
  ['a higher priority', {}, (b) => b.hear(advert(150)), '192.0.2.2 has the higher priority: 150, here 100'],
  ['the same priority', {}, (b) => b.hear(advert(100)), '192.0.2.2 has the same priority and was there first: 100'],
  [
    'a lower priority, soon preempted',
    {},
    (b) => b.hear(advert(50)),
    'it takes over from 192.0.2.2, priority 50, in 1.7 s',
  ],
  [
    'preempt: false',
    { preempt: false },
    (b) => b.hear(advert(50)),
    'preempt: false, and 192.0.2.2 is there with priority 50',
  ],
  [
    'preempt delay',
    { preemptDelayMs: 30_000 },
    (b) => b.hear(advert(50)),
    'preempt delay: 29 s left, 192.0.2.2 is there with priority 50',
  ],
  [
    'startup delay',
    {},
    (b) => {
      b.router.holdUntil(5500);
      b.hear(advert(50));
    },
    'startup delay: 3.5 s left',
  ],
  [
    'startup delay, but somebody stands above anyway',
    {},
    (b) => {
      b.router.holdUntil(5500);
      b.hear(advert(150));
    },
    '192.0.2.2 has the higher priority: 150, here 100',
  ],
  [
    'the priority was lowered',
    { priority: 200 },
    (b) => {
      b.router.setTracking({ fault: null, adds: -60, tracks: [script(-60, -60)] });
      b.hear(advert(150));
    },
    '192.0.2.2 has the higher priority: 150, here 140, configured 200 (script x -60)',
  ],
  [
    'the priority was not raised',
    { priority: 100 },
    (b) => {
      b.router.setTracking({
        fault: null,
        adds: -10,
        tracks: [
          script(-10, -10),
          { ...script(0, 60), key: 'process p' },
          { key: 'file /run/prio', state: { kind: 'value', value: 0 }, weight: 1, adds: 0 },
        ],
      });
      b.hear(advert(90));
    },
    '192.0.2.2 has the same priority and was there first: 90, configured 100 (script x -10, process p not +60)',
  ],
  ['a fault', {}, (b) => b.router.setLink(DOWN), 'interface eth0 is down or has no carrier'],
  ['it was stopped', {}, (b) => b.router.shutdown(), 'it was stopped'],
];

describe('vrrp/why-not-master', () => {
  for (const [situation, given, happens, why] of rows) {
    it(situation, () => {
      const b = bench(given);
      b.router.setLink(linkUp());
      b.until(1000);
      happens(b);
      b.until(2000);
      assert.equal(b.router.report().whyNotMaster, why);
    });
  }

  it('the peer has left', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.hear(advert(0));
    b.until(500);
    assert.equal(b.router.report().whyNotMaster, 'it listens for another router: 0.2 s left');
  });

  it('MASTER has nothing to explain', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.until(3609.375);
    assert.equal(b.router.report().whyNotMaster, null);
  });

  it('on its way out', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.until(3609.375);
    b.router.shutdown();
    assert.equal(b.router.report().whyNotMaster, 'it was stopped and hands over');
  });
});
