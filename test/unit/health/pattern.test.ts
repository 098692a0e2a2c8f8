import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PatternConfig } from '../../../src/config/checks/payload.ts';
import { parseRegex } from '../../../src/config/checks/regex.ts';
import { compile, Matcher, type MatchState, matches, patternText } from '../../../src/health/pattern.ts';

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (text: string): PatternConfig => ({ kind: 'text', text });
const hex = (hex: string): PatternConfig => ({ kind: 'hex', hex });
const regex = (regex: string): PatternConfig => ({ kind: 'regex', regex });

/** State, and bytes up to the end of the match, for an answer in these pieces. */
function look(config: PatternConfig, pieces: readonly string[], atLineStart = true): [MatchState, number] {
  const matcher = new Matcher(compile(config), atLineStart);
  let taken = 0;
  for (const piece of pieces) taken += matcher.take(bytes(piece));
  return [matcher.state, taken];
}

describe('health/pattern', () => {
  describe('text', () => {
    it('is found with what follows it left over', () => {
      assert.deepEqual(look(text('PONG'), ['+PONG\r\nmore']), ['found', 5]);
    });
    it('is found across pieces', () => {
      assert.deepEqual(look(text('aab'), ['a', 'a', 'a', 'b!']), ['found', 4]);
    });
    it('is compared as UTF-8', () => assert.deepEqual(look(text('ü'), ['\xc3', '\xbc']), ['found', 2]));
    it('is looked for in the first 64 KiB only', () => {
      assert.deepEqual(look(text('x'), ['-'.repeat(65_536), 'x']), ['exhausted', 65_536]);
      assert.deepEqual(look(text('x'), [`${'-'.repeat(65_535)}x`]), ['found', 65_536]);
    });
  });

  describe('hex', () => {
    it('is what the answer begins with', () => {
      assert.deepEqual(look(hex('0a0b'), ['\x0a\x0b\x0c']), ['found', 2]);
      assert.deepEqual(look(hex('0b'), ['\x0a\x0b']), ['mismatch', 1]);
    });
    it('ignores digits that are ?', () => {
      assert.deepEqual(look(hex('4?ff?0'), ['\x4a', '\xff', '\x10']), ['found', 3]);
      assert.deepEqual(look(hex('4?ff?0'), ['\x4a\xff\x11']), ['mismatch', 3]);
      assert.deepEqual(look(hex('4?'), ['\x5a']), ['mismatch', 1]);
    });
    it('waits while there is too little', () => assert.deepEqual(look(hex('0a0b'), ['\x0a']), ['looking', 1]));
  });

  describe('regex', () => {
    const FOUND: readonly (readonly [string, string, number])[] = [
      ['abc', 'xxabcxx', 5],
      ['^220 .*\\n', '220-a\r\n220 b\r\nrest', 14],
      ['^[45]\\d\\d', '250 ok\n550', 10],
      ['(?i)sip/2\\.0 200', 'SIP/2.0 200 OK', 11],
      ['a|bc', 'xbc', 3],
      ['(?:ab){2}', 'abab', 4],
      ['a{2,3}$', 'aaa\n', 3],
      ['x*', '', 0],
      ['a+?b', 'aab', 3],
      ['[^a-c\\r]', 'abcd', 4],
      ['[]x]', ']', 1],
      ['[a-]', '-', 1],
      ['\\x41\\.\\\\', 'A.\\', 3],
      ['\\D\\W\\S', 'a.b', 3],
      ['\\d\\w\\s', '1_ ', 3],
      ['ü', '\xc3\xbc', 2],
      ['\\Aab', 'ab', 2],
      ['{x', '{x', 2],
      ['^$', '\n', 0],
      ['b$', 'ab\r\n', 2],
      ['(a*)*b', 'aaab', 4],
      ['()', '', 0],
    ];
    for (const [source, answer, end] of FOUND) {
      it(`/${source}/ in ${JSON.stringify(answer)} ends at ${end}, in one piece or many`, () => {
        assert.deepEqual(look(regex(source), [answer]), ['found', end]);
        assert.deepEqual(look(regex(source), [...answer]), ['found', end]);
      });
    }
    const NOT: readonly (readonly [string, string])[] = [
      ['^b', 'ab'],
      ['\\Ab', 'a\nb'],
      ['a.b', 'a\nb'],
      ['a{3}', 'aa'],
      ['a$', 'ab'],
      ['[^a]', 'a'],
      ['(?i)[^a]', 'A'],
    ];
    for (const [source, answer] of NOT) {
      it(`/${source}/ is not in ${JSON.stringify(answer)}`, () => {
        assert.equal(look(regex(source), [answer])[0], 'looking');
      });
    }
    it('does not take the rest of a line for the beginning of one', () => {
      assert.equal(look(regex('^a'), ['a'], false)[0], 'looking');
      assert.equal(look(regex('^a'), ['\na'], false)[0], 'found');
    });
    it('takes the end of the answer for the end of a line', () => {
      const matcher = new Matcher(compile(regex('a$')));
      matcher.take(bytes('a'));
      assert.equal(matcher.state, 'looking');
      assert.equal(matcher.end(), 'found');
      assert.equal(matches(compile(regex('^a$')), bytes('a')), true);
    });

    const REFUSED: readonly (readonly [string, RegExp])[] = [
      ['(', /without \)/],
      [')', /without `\(`/],
      ['[a', /without \]/],
      ['*a', /nothing to repeat/],
      ['a**', /quantifier after/],
      ['a{5,2}', /larger/],
      ['a{999}', /more than 255/],
      ['(?=a)', /not supported/],
      ['\\1', /\\1, which is not supported/],
      ['\\ba', /\\b, which is not supported/],
      ['[ü]', /only ASCII/],
      ['[z-a]', /larger/],
      ['\\x4', /two hexadecimal/],
      ['a\\', /backslash/],
      ['((a{200}){200})', /too large/],
      ['('.repeat(60), /deep/],
    ];
    for (const [source, why] of REFUSED) {
      it(`refuses /${source.slice(0, 20)}/`, () => {
        const parsed = parseRegex(source);
        assert.ok(!parsed.ok);
        assert.match(parsed.error, why);
      });
    }

    it('agrees with JavaScript on what both can say', () => {
      const atom = fc.constantFrom(
        'a',
        'b',
        '\\n',
        '[ab]',
        '[^a]',
        '.',
        '^',
        '$',
        '(a|b)',
        '(?:ab)*',
        'a{1,2}',
        '(a|)',
        'b?',
      );
      const source = fc.array(atom, { minLength: 1, maxLength: 6 }).map((atoms) => atoms.join(''));
      const answer = fc.array(fc.constantFrom('a', 'b', '\n', 'c'), { maxLength: 10 }).map((chars) => chars.join(''));
      fc.assert(
        fc.property(source, answer, (written, given) => {
          // `$` in JavaScript is the end of the text or before a line feed, as here; `.` and line ends agree without \r.
          assert.equal(matches(compile(regex(written)), bytes(given)), new RegExp(written, 'm').test(given));
        }),
        { numRuns: 5000 },
      );
    });

    it('finds the same in whatever pieces it comes', () => {
      const cuts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 4 }), { maxLength: 8 });
      fc.assert(
        fc.property(cuts, (pieces) => {
          for (const source of ['^ab+$', 'a\\n\\nb', 'b$', '(ab|ba){2}']) {
            assert.deepEqual(look(regex(source), pieces), look(regex(source), [pieces.join('')]));
          }
        }),
      );
    });

    it('takes no longer for an answer made to hold it up', () => {
      const pattern = compile(regex('(a*)*(a|aa)+[ab]{100}c'));
      const answer = bytes('a'.repeat(65_536));
      const begun = process.cpuUsage();
      assert.equal(matches(pattern, answer), false);
      const { user, system } = process.cpuUsage(begun);
      assert.ok(user + system < 3_000_000, `${(user + system) / 1000} ms`);
    });
  });

  it('puts the random bytes of a probe in', () => {
    const random = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
    const of = (form: 'text' | 'hex' | 'regex', template: string) => compile({ kind: 'fresh', form, template }, random);
    assert.ok(matches(of('hex', '00{random:2}'), bytes('\x00\x01\x02')));
    assert.ok(!matches(of('hex', '00{random:2}'), bytes('\x00\x01\x03')));
    assert.ok(matches(of('text', 'id={random:2};'), bytes('id=0102;')));
    assert.ok(matches(of('regex', '\\A.{random:2}$'), bytes('x\x01\x02')));
  });

  it('is shown as it was written', () => {
    assert.equal(patternText(text('a"')), '"a\\""');
    assert.equal(patternText(regex('^a')), '/^a/');
    assert.equal(patternText(hex('0a??')), 'bytes 0a??');
  });
});
