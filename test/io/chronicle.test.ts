/** What is told of changes, and where. */
import assert from 'node:assert/strict';
import { World } from '../../src/director/world.ts';
import { Chronicle } from '../../src/sys/chronicle.ts';
import type { Log } from '../../src/sys/log.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import { NO_FIFO, NotifierBench } from '../support/notifier-bench.ts';
import { configOf, failure, realServer, virtualServer } from '../unit/director/builders.ts';

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

  it('tells by the programs of the new configuration what that made of servers', async () => {
    const logged: string[] = [];
    const say = (text: string): void => void logged.push(text);
    const log: Log = { debug: say, info: say, warn: say, error: say, flush: () => Promise.resolve() };
    const chronicle = new Chronicle(log);
    const bench = new NotifierBench();
    const hook = (word: string) => ['sh', '-c', `echo ${word} $LVSD_REAL_SERVER $LVSD_STATE >> ${bench.file('log')}`];
    const hooked = (notifyUp: string, checks = realServer('10.0.0.11').checks) =>
      configOf(
        virtualServer([{ ...realServer('10.0.0.11'), notifyUp: hook(notifyUp), notifyDown: hook('down'), checks }]),
      );
    const world = new World(hooked('old'), () => true, 0);
    const targets = { routers: [], groups: [], notifications: NO_FIFO, world };
    try {
      await chronicle.configure(targets, []);
      const [check = ''] = world.checks.keys();
      for (let i = 0; i < 3; i++) chronicle.verdicts(world.observe(check, failure(), 0).changes);
      const changes = world.reload(hooked('new', []), 1);
      await chronicle.configure(targets, changes);
      await bench.until(() => bench.linesOf('log').length === 2);
      assert.deepEqual(bench.linesOf('log'), ['down 10.0.0.11:80 DOWN', 'new 10.0.0.11:80 UP']);
      assert.deepEqual(logged.slice(-2), [
        'web: real server 10.0.0.11:80 down -> up',
        'web: virtual server up, usable weight 100',
      ]);
    } finally {
      await chronicle.notifier.stop(100);
      await bench.close();
    }
  });
});
