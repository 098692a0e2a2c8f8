import assert from 'node:assert/strict';
import { Slots } from '../../src/sys/slots.ts';

describe('sys/slots', () => {
  it('lets so many in at once, the others in order, the urgent before them', () => {
    const slots = new Slots(2);
    const begun: string[] = [];
    const enter = (name: string, isUrgent = false) => slots.enter(() => begun.push(name), isUrgent);
    const leave = enter('a');
    enter('b');
    enter('c');
    enter('d');
    enter('e', true);
    assert.deepEqual([begun.join(''), slots.taken, slots.waiting], ['ab', 2, 3]);
    slots.free();
    slots.free();
    assert.deepEqual([begun.join(''), slots.taken, slots.waiting], ['abec', 2, 1]);
    leave(); // its turn is over long since
    slots.free();
    slots.free();
    slots.free();
    assert.deepEqual([begun.join(''), slots.taken, slots.waiting], ['abecd', 0, 0]);
  });

  it('forgets who leaves the queue', () => {
    const slots = new Slots(1);
    const begun: string[] = [];
    const begin = () => begun.push('x');
    slots.enter(begin);
    const leave = slots.enter(begin);
    slots.enter(begin);
    leave();
    leave();
    assert.equal(slots.waiting, 1);
    slots.free();
    assert.equal(begun.length, 2);
    slots.free();
    assert.equal(slots.taken, 0);
  });
});
