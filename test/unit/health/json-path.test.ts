import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type JsonStep, parseJsonPath, resolveJsonCondition } from '../../../src/config/checks/http-json.ts';
import { jsonProblem, parseJson } from '../../../src/health/json-path.ts';

describe('config/checks/http-json: paths', () => {
  const rows: [text: string, steps: readonly JsonStep[] | null][] = [
    ['status', ['status']],
    ['a.b.c', ['a', 'b', 'c']],
    ['a.b[0].c', ['a', 'b', 0, 'c']],
    ['[2]', [2]],
    ['[0][1]', [0, 1]],
    ['$', []],
    ['$.a', ['a']],
    ['$[0].a', [0, 'a']],
    ['$money', ['$money']],
    ['a["b.c"].d', ['a', 'b.c', 'd']],
    ['["\\u00e4\\""]', ['ä"']],
    ['a-b.c_d', ['a-b', 'c_d']],
    ['', null],
    ['.a', null],
    ['a.', null],
    ['a..b', null],
    ['a[0]b', null],
    ['a[', null],
    ['a[]', null],
    ['a[-1]', null],
    ['a[x]', null],
    ['a["b]', null],
    ['a b', null],
    ['a.[0]', null],
    ['["\\x"]', null],
  ];
  for (const [text, steps] of rows) {
    it(`${JSON.stringify(text)} ${steps === null ? 'is none' : `is ${JSON.stringify(steps)}`}`, () => {
      assert.deepEqual(parseJsonPath(text), steps);
    });
  }

  it('any text is a path or none, and what is none is never taken for one of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a.b[0]"\\$ ') }), (text) => {
        const steps = parseJsonPath(text);
        assert.ok(steps === null || steps.length <= text.length);
      }),
    );
  });
});

const DOCUMENT = '{"status":"ok","n":3,"up":true,"none":null,"queues":[{"length":7},{"length":0}],"a.b":{"c":1}}';

describe('health/json-path', () => {
  const document = parseJson(new TextEncoder().encode(DOCUMENT));
  assert.ok(document.ok);
  const judged = (raw: Parameters<typeof resolveJsonCondition>[0]) =>
    jsonProblem(
      resolveJsonCondition(raw, [], (_, message) => assert.fail(message)),
      document.value,
    );

  const rows: [raw: Parameters<typeof judged>[0], problem: string | null][] = [
    [{ path: 'status' }, null],
    [{ path: 'status', equals: 'ok' }, null],
    [{ path: 'status', equals: 'no' }, 'status is "ok", expected "no"'],
    [{ path: 'n', equals: 3 }, null],
    [{ path: 'n', equals: '3' }, 'n is 3, expected "3"'],
    [{ path: 'up', equals: true }, null],
    [{ path: 'up', equals: false }, 'up is true, expected false'],
    [{ path: 'none', equals: null }, null],
    [{ path: 'none' }, null],
    [{ path: 'n', equals: null }, 'n is 3, expected null'],
    [{ path: 'queues[0].length', max: 10 }, null],
    [{ path: 'queues[0].length', min: 7, max: 7 }, null],
    [{ path: 'queues[0].length', max: 6 }, 'queues[0].length is 7, expected at most 6'],
    [{ path: 'queues[1].length', min: 1 }, 'queues[1].length is 0, expected at least 1'],
    [{ path: 'status', min: 1 }, 'status is "ok", expected a number'],
    [{ path: 'queues[2].length' }, 'no queues[2].length in the JSON body'],
    [{ path: 'queues.length' }, 'no queues.length in the JSON body'],
    [{ path: 'status[0]' }, 'no status[0] in the JSON body'],
    [{ path: 'status.length' }, 'no status.length in the JSON body'],
    [{ path: 'constructor' }, 'no constructor in the JSON body'],
    [{ path: '__proto__' }, 'no __proto__ in the JSON body'],
    [{ path: 'error', exists: false }, null],
    [{ path: 'status', exists: false }, 'status is there: "ok"'],
    [{ path: '["a.b"].c', equals: 1 }, null],
    [{ path: 'queues', equals: 'x' }, 'queues is a list of 2, expected "x"'],
    [{ path: '$' }, null],
    [{ path: '$', equals: 1 }, '$ is an object, expected 1'],
    [{ path: 'queues', max: 1 }, 'queues is a list of 2, expected a number'],
  ];
  for (const [raw, problem] of rows) {
    it(`${JSON.stringify(raw)}: ${problem ?? 'fine'}`, () => assert.equal(judged(raw), problem));
  }

  it('shows no more than 60 characters of a value', () => {
    const problem = jsonProblem(
      { path: 'a', steps: ['a'], exists: true, equals: 1, min: null, max: null },
      { a: 'x'.repeat(1000) },
    );
    assert.equal(problem, `a is "${'x'.repeat(59)}..., expected 1`);
  });

  it('takes any depth', () => {
    const deep = parseJson(new TextEncoder().encode('['.repeat(32_000) + ']'.repeat(32_000)));
    const whole = { path: '$', steps: [], exists: true, equals: 1, min: null, max: null };
    if (deep.ok) assert.equal(jsonProblem(whole, deep.value), '$ is a list of 1, expected 1');
    else assert.match(deep.error, /stack/);
  });

  it('says what is not JSON', () => {
    const broken = parseJson(new TextEncoder().encode('{"a":'));
    assert.ok(!broken.ok);
    assert.match(broken.error, /JSON/);
    assert.ok(parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)).ok, 'byte order mark');
  });
});
