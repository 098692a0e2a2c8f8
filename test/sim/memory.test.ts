import assert from 'node:assert/strict';
import { MOST_BYTES, memoryGrowth } from './memory.ts';

describe('a virtual router', () => {
  it('does not grow with what it hears', function () {
    this.timeout(60_000);
    const { bytes, heard } = memoryGrowth();
    assert.ok(heard > 30_000, `heard ${heard}`);
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes more after ${heard} messages`);
  });
});
