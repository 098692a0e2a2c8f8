import assert from 'node:assert/strict';
import { Backlog } from '../../../src/notify/backlog.ts';

describe('notify/backlog', () => {
  it('hands out in order, until it is told to stop', () => {
    const backlog = new Backlog(10);
    for (const line of ['a', 'b', 'c']) assert.equal(backlog.add(line), true);
    const got: string[] = [];
    backlog.drain((line) => line !== 'c' && got.push(line) > 0);
    assert.deepEqual(got, ['a', 'b']);
    assert.equal(backlog.isEmpty, false);
    backlog.drain((line) => got.push(line) > 0);
    assert.deepEqual([got, backlog.isEmpty, backlog.dropped], [['a', 'b', 'c'], true, 0]);
  });

  it('drops the oldest when it is full, and counts', () => {
    const backlog = new Backlog(2);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((line) => backlog.add(line)),
      [true, true, false, false],
    );
    const got: string[] = [];
    backlog.drain((line) => got.push(line) > 0);
    assert.deepEqual([got, backlog.dropped], [['c', 'd'], 2]);
  });
});
