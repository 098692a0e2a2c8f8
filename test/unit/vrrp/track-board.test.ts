import assert from 'node:assert/strict';
import type { TrackConfig } from '../../../src/config/types-tracking.ts';
import { TrackBoard } from '../../../src/vrrp/track-board.ts';
import type { TrackState } from '../../../src/vrrp/tracking.ts';

const UP: TrackState = { kind: 'up' };
const DOWN: TrackState = { kind: 'down', reason: 'no carrier, or not set up' };
const eth1: TrackConfig = { kind: 'interface', name: 'eth1', weight: -30, upDelayMs: 5000, downDelayMs: 1000 };
const script: TrackConfig = { kind: 'script', name: 'x', weight: -20, upDelayMs: 0, downDelayMs: 0 };

describe('vrrp/track-board: delays of an interface', () => {
  /** Found at a time: what counts then, and when to look again. */
  type Look = readonly [at: number, found: TrackState, adds: number, nextAt: number | null];
  const stories: readonly (readonly [string, readonly Look[]])[] = [
    ['what is found first counts at once', [[0, DOWN, -30, null]]],
    [
      'down counts after its delay',
      [
        [0, UP, 0, null],
        [100, DOWN, 0, 1100],
        [1099, DOWN, 0, 1100],
        [1100, DOWN, -30, null],
      ],
    ],
    [
      'up counts after its delay',
      [
        [0, DOWN, -30, null],
        [100, UP, -30, 5100],
        [5100, UP, 0, null],
      ],
    ],
    [
      'a flap within the delay never counts',
      [
        [0, UP, 0, null],
        [100, DOWN, 0, 1100],
        [600, UP, 0, null],
        [2000, UP, 0, null],
      ],
    ],
    [
      'the delay starts again after a flap',
      [
        [0, UP, 0, null],
        [100, DOWN, 0, 1100],
        [600, UP, 0, null],
        [700, DOWN, 0, 1700],
      ],
    ],
  ];
  for (const [story, looks] of stories) {
    it(story, () => {
      const board = new TrackBoard();
      for (const [at, found, adds, nextAt] of looks) {
        assert.equal(board.assess([eth1], () => found, at).adds, adds, `${at}`);
        assert.equal(board.nextAt, nextAt, `${at}`);
      }
    });
  }

  it('while up_delay runs, the fault says so', () => {
    const board = new TrackBoard();
    const own = { ...eth1, weight: null };
    const faults = [DOWN, UP, UP].map((found, i) => board.assess([own], () => found, i * 3000).fault);
    assert.deepEqual(faults, [
      'interface eth1 is down: no carrier, or not set up',
      'interface eth1 is down: it is up again, but up_delay is not over',
      'interface eth1 is down: it is up again, but up_delay is not over',
    ]);
    assert.equal(board.assess([own], () => UP, 8000).fault, null);
  });

  it('without delays everything counts at once', () => {
    const board = new TrackBoard();
    const plain = { ...eth1, upDelayMs: 0, downDelayMs: 0 };
    assert.deepEqual(
      [UP, DOWN, UP].map((found, at) => board.assess([plain], () => found, at).adds),
      [0, -30, 0],
    );
    assert.equal(board.nextAt, null);
  });

  it('two virtual routers may damp one interface differently', () => {
    const board = new TrackBoard();
    const quick = { ...eth1, downDelayMs: 10 };
    for (const at of [0, 5]) for (const track of [eth1, quick]) board.assess([track], () => (at === 0 ? UP : DOWN), at);
    assert.equal(board.nextAt, 15);
    assert.deepEqual(
      [eth1, quick].map((track) => board.assess([track], () => DOWN, 15).adds),
      [0, -30],
    );
  });

  it('forgets what nobody tracks any more', () => {
    const board = new TrackBoard();
    board.assess([eth1], () => UP, 0);
    board.assess([eth1], () => DOWN, 10);
    board.tell({ 'script x': DOWN });
    board.keepOnly([], []);
    assert.equal(board.nextAt, null);
    assert.equal(board.assess([script], () => UP, 20).adds, 0);
  });
});

describe('vrrp/track-board: what the main process tells', () => {
  it('is kept for what nobody tracks yet, if it is said to be there', () => {
    const board = new TrackBoard();
    const session: TrackConfig = { ...script, kind: 'bfd', name: 'peer' };
    board.tell({ 'bfd peer': DOWN, 'bfd gone': DOWN });
    board.keepOnly([], ['bfd peer']);
    const gone = { ...session, name: 'gone' };
    assert.deepEqual(
      [session, gone].map((track) => board.assess([track], () => UP, 0).adds),
      [-20, 0],
    );
  });

  it('counts from then on, and only for what was named', () => {
    const board = new TrackBoard();
    const other = { ...script, name: 'y' };
    board.tell({ 'script x': DOWN });
    board.tell({ 'script y': UP });
    assert.equal(board.assess([script, other], () => UP, 0).adds, -20);
    board.tell({ 'script x': UP });
    assert.equal(board.assess([script, other], () => UP, 0).adds, 0);
  });
});
