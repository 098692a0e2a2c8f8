import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commandWords } from '../../../src/config/command-words.ts';

describe('a command written as one text', () => {
  const split: readonly (readonly [string, readonly string[]])[] = [
    ['/bin/true', ['/bin/true']],
    ['  /usr/bin/killall\t-0  haproxy ', ['/usr/bin/killall', '-0', 'haproxy']],
    [`sh -c "echo 'a b'"`, ['sh', '-c', "echo 'a b'"]],
    [`sh -c 'echo "$x" \\n'`, ['sh', '-c', 'echo "$x" \\n']],
    ['a""b \'\' ""', ['ab', '', '']],
    ['a\\ b "c\\"d" \\\\', ['a b', 'c"d', '\\']],
    ['a | b < c ; d $HOME *', ['a', '|', 'b', '<', 'c', ';', 'd', '$HOME', '*']],
  ];
  for (const [text, words] of split) {
    it(`${text} is ${words.length} words`, () => assert.deepEqual(commandWords(text), { ok: true, value: words }));
  }

  for (const text of ['', '   ', 'a "b', "a 'b", 'a \\', '"" a']) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(commandWords(text).ok, false));
  }

  it('any words survive being quoted', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '\t', '$', '#') });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        fc.pre(words[0] !== '');
        const text = words.map((one) => `"${one.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
        assert.deepEqual(commandWords(text), { ok: true, value: words });
      }),
    );
  });
});
