/** The quick reader of YAML reads what the thorough one reads, or nothing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { readYaml } from '../../../src/config/document.ts';
import { quickValue } from '../../../src/config/quick-yaml.ts';

const FILES = readdirSync('etc', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

/** Scalars on which readers of YAML like to differ, and syntax. */
const PIECES = ['1', '-1', '+1', '1_000', '0b11', '0x1F', '0o17', '012', '.5', '1.', '1e3', '.inf', '.nan', '~', 'null']
  .concat(['true', 'True', 'yes', 'on', '2001-01-01', '1:30', '12:30:45', '<<', '=', '"a\\u0041\\n"', "'it''s'"])
  .concat(['10.0.0.1', '::1', 'fe80::1/64', '1.5s', '250ms', 'a: b', '#x', 'a #x', '>', '|', '-', '?', ',', '[', ']'])
  .concat(['{', '}', '{ a: 1 }', '[1, 2]', '- ', '\n', '\n  ', '\n- ', ': ', ' ', '"', "'", '\\', '\t', '%', '@', '`'])
  // Where they do not begin anything, they are text; elsewhere the thorough reader reads.
  .concat(['a*b', 'a&b', 'a!', '".*"', "'!'", '&', '*', '!', '&a', '*a', '!!str', '"a"&b']);

function assertSame(text: string): void {
  const quick = quickValue(text);
  if (quick === undefined) return;
  const { value, problems } = readYaml(text);
  // What the thorough reader refuses is for `lvsd check` to say; a file of a configuration is a mapping with names as keys.
  if (problems.length > 0 || !isPlain(value)) return;
  assert.deepEqual(quick, value);
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'number' || Math.abs(value) !== Number.POSITIVE_INFINITY;
  // A number beyond all bounds, such as 1e3012, as a key: what is no key of a configuration either way.
  return Object.entries(value).every(([key, inner]) => key !== '' && !/^-?Infinity$/.test(key) && isPlain(inner));
}

describe('config/quick-yaml: quickValue', () => {
  for (const name of FILES) {
    it(`reads etc/${name}`, () => {
      const text = readFileSync(`etc/${name}`, 'utf8');
      assert.notEqual(quickValue(text), undefined);
      assert.deepEqual(quickValue(text), readYaml(text).value);
    });
  }

  for (const [what, text] of [
    ['an anchor', 'a: &x 1\nb: 2\n'],
    ['an alias', 'b: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a block with its own indentation', '>1\n  '],
    ['a key given twice', 'a: 1\na: 2\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['a syntax error', 'a: [1\n'],
    ['deep nesting', '['.repeat(100_000)],
    ['too much', `a: ${'x'.repeat(17 * 1024 * 1024)}\n`],
  ] as const) {
    it(`leaves ${what} to the thorough reader`, () => assert.equal(quickValue(text), undefined));
  }

  it('reads every scalar in every place as the thorough reader', () => {
    for (const piece of PIECES) {
      for (const text of [
        `k: ${piece}\n`,
        `- ${piece}\n`,
        `k: [${piece}]\n`,
        `k: { a: ${piece} }\n`,
        `${piece}: 1\n`,
      ]) {
        assertSame(text);
      }
    }
  });

  it('reads random text as the thorough reader', () => {
    const text = fc.array(fc.constantFrom(...PIECES, 'key', 'k: '), { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(fc.property(text, assertSame), { numRuns: 5000 });
  });
});
