/** What is told of changes, and where. */
import assert from 'node:assert/strict';
import { Chronicle } from '../../src/sys/chronicle.ts';
import type { Log } from '../../src/sys/log.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';

const UP: TrackState = { kind: 'up' };
const DOWN: TrackState = { kind: 'down', reason: 'no carrier, or not set up' };

describe('sys/chronicle', () => {
  it('logs tracked interfaces when they change: with a weight they only move priorities, which nobody else tells', async () => {
    const logged: string[] = [];
    const say = (text: string): void => void logged.push(text);
    const log: Log = { debug: say, info: say, warn: say, error: say, flush: () => Promise.resolve() };
    const chronicle = new Chronicle(log);
    for (const state of [UP, DOWN, DOWN, UP]) {
      chronicle.vrrp({ type: 'tracked', states: { 'interface eth1': state, 'bfd peer': state } });
    }
    assert.deepEqual(logged, [
      'tracked interface eth1: down (no carrier, or not set up)',
      'tracked interface eth1: up',
    ]);
    const answer = await chronicle.events.after({ since: 0, waitMs: 0, instance: null });
    assert.deepEqual(
      answer?.events.map(({ object, from, to }) => [object, from, to]),
      [
        ['interface eth1', null, 'UP'],
        ['bfd peer', null, 'UP'],
        ['interface eth1', 'UP', 'DOWN'],
        ['bfd peer', 'UP', 'DOWN'],
        ['interface eth1', 'DOWN', 'UP'],
        ['bfd peer', 'DOWN', 'UP'],
      ],
    );
  });
});
