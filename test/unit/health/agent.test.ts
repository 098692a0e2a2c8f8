import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agentVerdict } from '../../../src/health/agent.ts';
import type { Advice } from '../../../src/health/types.ts';

describe("health/agent: the words of HAProxy's agent-check", () => {
  const inService: readonly (readonly [string, Advice, string?])[] = [
    ['up', {}],
    ['ready', {}],
    ['75%', { weightPercent: 75 }],
    ['0%', { weightPercent: 0 }],
    ['150%', { weightPercent: 150 }],
    ['drain', { drain: true }],
    ['maxconn:30', { maxConnections: 30 }],
    ['maxconn:0', { maxConnections: 0 }],
    ['up 75% maxconn:30', { weightPercent: 75, maxConnections: 30 }],
    ['maxconn:30,75%,\tup', { weightPercent: 75, maxConnections: 30 }],
    ['  ready,,up  \r\ndown\n', {}],
    ['UP 50% MaxConn:7', { weightPercent: 50, maxConnections: 7 }],
    ['drain up', { drain: true }],
    ['10% 20%', { weightPercent: 20 }],
    ['up # down for lunch', {}],
    ['up#down', {}],
    ['up load:3', {}, 'load:3'],
    [
      'up 75 75.5% -5% 1001% maxconn:-1 maxconn:2147483648 maxconn:',
      {},
      '75 75.5% -5% 1001% maxconn:-1 maxconn:2147483648 maxconn:',
    ],
  ];
  for (const [answer, advice, unknown = ''] of inService) {
    it(`${JSON.stringify(answer)} is in service`, () => {
      assert.deepEqual(agentVerdict(answer), { ok: true, advice, unknown });
    });
  }

  const outOfService: readonly (readonly [string, 'told' | 'answer', string])[] = [
    ['down', 'told', 'down'],
    ['Down # disk full', 'told', 'down: disk full'],
    ['fail#', 'told', 'fail'],
    ['stopped #by #hand', 'told', 'stopped: by #hand'],
    ['maint', 'told', 'maint'],
    ['up 100% down', 'told', 'down'],
    ['down maint # kernel update', 'told', 'maint: kernel update'],
    ['stopped fail down maint', 'told', 'maint'],
    ['what down', 'told', 'down'],
    ['down # \u001b]0;title\u0007', 'told', 'down: ?]0;title?'],
    ['', 'answer', 'nothing'],
    ['\nup', 'answer', 'nothing'],
    [' ,\t', 'answer', 'nothing'],
    ['# up', 'answer', 'nothing'],
    ['75', 'answer', '75'],
    ['downs', 'answer', 'downs'],
    ['HTTP/1.1 400 Bad Request\r\n', 'answer', 'HTTP/1.1 400 Bad Request'],
    ['constructor', 'answer', 'constructor'],
  ];
  for (const [answer, reason, detail] of outOfService) {
    it(`${JSON.stringify(answer)} is not`, () => {
      assert.deepEqual(agentVerdict(answer), { ok: false, reason, detail });
    });
  }

  it('takes anything, and says nothing that could command a terminal, nor at length', () => {
    const word = fc.constantFrom(
      'up',
      'ready',
      'drain',
      '7%',
      'maxconn:3',
      'x',
      '#',
      ' ',
      ',',
      '\n',
      '\u0000',
      '\u009b',
    );
    const answers = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const verdict = agentVerdict(answer);
        const said = verdict.ok ? verdict.unknown : verdict.detail;
        assert.ok(said.length <= 170 && !/\p{Cc}/u.test(said), said);
      }),
    );
  });

  it('counts the words alike in whatever order they stand', () => {
    const words = ['up', 'drain', '40%', 'maxconn:9', 'nonsense'];
    fc.assert(
      fc.property(fc.shuffledSubarray(words, { minLength: 5 }), fc.constantFrom(' ', ',', '\t', ', '), (order, gap) => {
        assert.deepEqual(agentVerdict(order.join(gap)), {
          ok: true,
          advice: { drain: true, weightPercent: 40, maxConnections: 9 },
          unknown: 'nonsense',
        });
      }),
    );
  });
});
