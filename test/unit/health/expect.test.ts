import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ANSWER_LIMIT,
  beginSearch,
  excerpt,
  needle,
  type Search,
  search,
  statusMatches,
  statusText,
} from '../../../src/health/expect.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function lookFor(text: string, chunks: readonly Uint8Array[]): Search {
  const prepared = needle(text);
  return chunks.reduce((so, chunk) => search(prepared, so, chunk), beginSearch(prepared));
}

describe('health/expect text', () => {
  const rows: [name: string, text: string, chunks: string[], state: Search['state']][] = [
    ['in one chunk', 'PONG', ['+PONG\r\n'], 'found'],
    ['not there', 'PONG', ['-ERR unknown\r\n'], 'looking'],
    ['split over two chunks', 'PONG', ['+PO', 'NG\r\n'], 'found'],
    ['a byte a chunk', 'PONG', ['+', 'P', 'O', 'N', 'G'], 'found'],
    ['empty chunks in between', 'PONG', ['+PO', '', 'NG'], 'found'],
    ['a false start that contains the true one', 'aab', ['aaa', 'ab'], 'found'],
    ['a false start over the border', 'abcabd', ['abcabc', 'abd'], 'found'],
    ['a prefix alone', 'PONG', ['PON'], 'looking'],
    ['not across a gap', 'PONG', ['PO', ' NG'], 'looking'],
    ['case matters', 'PONG', ['pong'], 'looking'],
    ['text outside ASCII, as UTF-8', 'grün', ['alles grün'], 'found'],
  ];
  for (const [name, text, chunks, state] of rows) {
    it(name, () => assert.equal(lookFor(text, chunks.map(bytes)).state, state));
  }

  it('finds a UTF-8 character cut in two', () => {
    const whole = bytes('ü');
    assert.equal(lookFor('ü', [whole.subarray(0, 1), whole.subarray(1)]).state, 'found');
  });

  it('finds the empty text in no bytes at all', () => {
    assert.equal(beginSearch(needle('')).state, 'found');
  });

  it('looks at the first 64 KiB and no further', () => {
    const filler = (length: number) => new Uint8Array(length).fill(0x2e);
    assert.equal(lookFor('END', [filler(ANSWER_LIMIT - 3), bytes('END')]).state, 'found');
    assert.equal(lookFor('END', [filler(ANSWER_LIMIT - 2), bytes('END')]).state, 'exhausted');
    assert.equal(lookFor('END', [filler(ANSWER_LIMIT), bytes('END')]).state, 'exhausted');
    assert.equal(lookFor('END', [filler(ANSWER_LIMIT - 1)]).state, 'looking');
    assert.equal(lookFor('END', [filler(10 * ANSWER_LIMIT)]).seen, ANSWER_LIMIT);
  });

  it('agrees with a plain search, however the answer is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 });
    const wanted = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), wanted, (chunks, text) => {
        const found = lookFor(text, chunks.map(bytes)).state === 'found';
        assert.equal(found, chunks.join('').includes(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('health/expect excerpt', () => {
  const rows: [name: string, input: Uint8Array, shown: string][] = [
    ['plain text', bytes('hello'), '"hello"'],
    ['nothing', bytes(''), '""'],
    ['line ends and quotes', bytes('a"b\\\r\n'), '"a\\"b\\\\\\r\\n"'],
    ['bytes that a terminal should not get', Uint8Array.of(0x1b, 0x5b, 0x00, 0xff), '"\\x1b[\\x00\\xff"'],
    ['only the beginning of a long one', new Uint8Array(1000).fill(0x61), `"${'a'.repeat(60)}"...`],
  ];
  for (const [name, input, shown] of rows) {
    it(name, () => assert.equal(excerpt(input), shown));
  }
});

describe('health/expect status', () => {
  const ranges = [
    { from: 200, to: 299 },
    { from: 401, to: 401 },
  ];
  const rows: [status: number, matches: boolean][] = [
    [199, false],
    [200, true],
    [299, true],
    [300, false],
    [401, true],
    [402, false],
  ];
  for (const [status, matches] of rows) {
    it(`${status} ${matches ? 'is' : 'is not'} among 200-299, 401`, () => {
      assert.equal(statusMatches(ranges, status), matches);
    });
  }

  it('no range matches nothing', () => assert.equal(statusMatches([], 200), false));
  it('is written as people write it', () => assert.equal(statusText(ranges), '200-299, 401'));
});
