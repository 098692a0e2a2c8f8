import assert from 'node:assert/strict';
import { PacedQueue } from '../../../src/vrrp/paced-queue.ts';

/** All that goes out from `fromMs` to `toMs` with a clock of 1 ms, as "time frame". */
function run(queue: PacedQueue<string>, fromMs: number, toMs: number): readonly string[] {
  const sent: string[] = [];
  for (let now = fromMs; now <= toMs; now++) {
    for (let frame = queue.take(now); frame !== null; frame = queue.take(now)) sent.push(`${now} ${frame}`);
  }
  return sent;
}

describe('vrrp/paced-queue', () => {
  it('the first frame goes at once, the others with a pause between each two', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1', 'a2'], 2, 3);
    assert.deepEqual(run(queue, 0, 20), ['0 a1', '3 a2', '6 a1', '9 a2']);
    assert.equal(queue.dueAt, null);
  });

  it('all routers of an interface share the pace, and every address is told once before any is told twice', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1', 'a2'], 2, 1);
    queue.put('b', ['b1'], 3, 1);
    assert.deepEqual(run(queue, 0, 20), ['0 a1', '1 a2', '2 b1', '3 a1', '4 a2', '5 b1', '6 b1']);
  });

  it('a later one passes the second rounds of those before it', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1'], 4, 1);
    assert.deepEqual(run(queue, 0, 1), ['0 a1', '1 a1']);
    queue.put('b', ['b1', 'b2'], 1, 1);
    assert.deepEqual(run(queue, 2, 9), ['2 b1', '3 b2', '4 a1', '5 a1']);
  });

  it('a new burst replaces what its router had waiting', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['old1', 'old2'], 100, 1);
    assert.deepEqual(run(queue, 0, 1), ['0 old1', '1 old2']);
    queue.put('a', ['new'], 2, 1);
    assert.deepEqual(run(queue, 2, 9), ['2 new', '3 new']);
  });

  it('the same again and again, faster than it goes out: goes on where it was, or the last ones were never said', () => {
    const queue = new PacedQueue<string>();
    const frames = ['a1', 'a2', 'a3', 'a4', 'a5'];
    const sent: string[] = [];
    for (let now = 0; now < 12; now += 2) {
      queue.put('a', frames, 1, 1);
      sent.push(...run(queue, now, now + 1).map((line) => line.split(' ')[1] ?? ''));
    }
    assert.deepEqual(sent, ['a1', 'a2', 'a3', 'a4', 'a5', 'a1', 'a2', 'a3', 'a4', 'a5', 'a1', 'a2']);
  });

  it('takes back what a router may not say any more', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1', 'a2'], 5, 1);
    queue.put('b', ['b1'], 1, 1);
    assert.deepEqual(run(queue, 0, 0), ['0 a1']);
    queue.drop('a');
    assert.deepEqual(run(queue, 1, 9), ['1 b1']);
    queue.drop('nobody');
  });

  it('the pause outlives the burst', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1'], 1, 5);
    assert.deepEqual(run(queue, 0, 0), ['0 a1']);
    queue.put('b', ['b1'], 1, 5);
    assert.equal(queue.dueAt, 5);
    assert.deepEqual(run(queue, 0, 9), ['5 b1']);
  });

  it('nothing to say: no rounds, no frames', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', [], 5, 1);
    queue.put('b', ['b1'], 0, 1);
    assert.equal(queue.dueAt, null);
    assert.equal(queue.take(0), null);
  });

  it('is late without a burst: what was slept through is not made up for', () => {
    const queue = new PacedQueue<string>();
    queue.put('a', ['a1'], 3, 2);
    assert.deepEqual(run(queue, 0, 0), ['0 a1']);
    assert.equal(queue.take(100), 'a1');
    assert.equal(queue.take(100), null);
  });
});
