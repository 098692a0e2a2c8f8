import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Heap } from './heap.ts';

describe('what comes next', () => {
  it('is the earliest, then the lowest rank, then what was put in first', () => {
    const item = fc.record({ at: fc.nat(5), rank: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const heap = new Heap<{ at: number; rank: number; put: number }>();
        items.forEach((one, put) => {
          heap.push({ ...one, put });
        });
        const taken = items.map(() => heap.pop());
        const expected = items
          .map((one, put) => ({ ...one, put }))
          .sort((a, b) => a.at - b.at || a.rank - b.rank || a.put - b.put);
        assert.deepEqual(taken, expected);
        assert.equal(heap.pop(), null);
      }),
    );
  });
});
