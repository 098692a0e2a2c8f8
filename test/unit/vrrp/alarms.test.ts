import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Alarms } from '../../../src/vrrp/alarms.ts';

/** All whose time has come, in the order in which they are given out. */
function takeAll(alarms: Alarms<string>, now: number): readonly string[] {
  const taken: string[] = [];
  for (let owner = alarms.take(now); owner !== null; owner = alarms.take(now)) taken.push(owner);
  return taken;
}

describe('vrrp/alarms', () => {
  it('gives out who is due, the earliest first, and each once', () => {
    const alarms = new Alarms<string>();
    alarms.set('c', 30);
    alarms.set('a', 10);
    alarms.set('d', 40);
    alarms.set('b', 20);
    assert.equal(alarms.nextAt, 10);
    assert.deepEqual(takeAll(alarms, 9), []);
    assert.deepEqual(takeAll(alarms, 30), ['a', 'b', 'c']);
    assert.deepEqual(takeAll(alarms, 30), []);
    assert.equal(alarms.nextAt, 40);
  });

  it('a deadline moves to and fro, and goes', () => {
    const alarms = new Alarms<string>();
    for (const [owner, at] of [
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ] as const)
      alarms.set(owner, at);
    alarms.set('a', 25);
    alarms.set('c', 5);
    alarms.set('b', null);
    alarms.set('never', null);
    assert.deepEqual(takeAll(alarms, 100), ['c', 'a']);
    assert.equal(alarms.nextAt, null);
  });

  it('who is forgotten is not woken, and may come back', () => {
    const alarms = new Alarms<string>();
    alarms.set('a', 10);
    alarms.set('b', 20);
    alarms.forget('a');
    assert.equal(alarms.nextAt, 20);
    alarms.set('a', 30);
    assert.deepEqual(takeAll(alarms, 30), ['b', 'a']);
  });

  it('does as a list that is sorted each time, whatever is asked of it', () => {
    const act = fc.record({ owner: fc.integer({ min: 0, max: 20 }), at: fc.option(fc.integer({ min: 0, max: 50 })) });
    const property = fc.property(fc.array(fc.oneof(act, fc.constant('take' as const))), (acts) => {
      const alarms = new Alarms<number>();
      const model = new Map<number, number>();
      let now = 0;
      for (const each of acts) {
        const earliest = model.size === 0 ? null : Math.min(...model.values());
        assert.equal(alarms.nextAt, earliest);
        if (each === 'take') {
          now += 5;
          const owner = alarms.take(now);
          assert.equal(
            owner === null ? null : model.get(owner),
            earliest !== null && earliest <= now ? earliest : null,
          );
          if (owner !== null) model.delete(owner);
        } else {
          alarms.set(each.owner, each.at);
          if (each.at === null) model.delete(each.owner);
          else model.set(each.owner, each.at);
        }
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
