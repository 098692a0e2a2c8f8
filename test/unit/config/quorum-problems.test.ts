import assert from 'node:assert/strict';
import { quorumProblems } from '../../../src/config/quorum-problems.ts';
import { realServer, virtualServer } from '../director/builders.ts';

const two = [realServer('10.0.0.1', { weight: 100 }), realServer('10.0.0.2', { weight: 100 })];

describe('config/quorum-problems', () => {
  for (const [quorum, hysteresis, expected] of [
    [200, 0, []],
    [150, 50, []],
    [201, 0, ['virtual server web stays DOWN: its quorum is 201, all real servers together weigh 200']],
    [
      150,
      51,
      [
        'virtual server web would never come back UP: that takes its quorum + hysteresis, 201, but all real servers together weigh 200',
      ],
    ],
  ] as const) {
    it(`quorum ${quorum}, hysteresis ${hysteresis}, weights 100 and 100`, () => {
      const virtualServers = [virtualServer(two, { quorum, hysteresis })];
      assert.deepEqual(quorumProblems({ virtualServers }), expected);
    });
  }

  it('weight 0 everywhere is meant', () => {
    const virtualServers = [virtualServer([realServer('10.0.0.1', { weight: 0 })], { quorum: 5 })];
    assert.deepEqual(quorumProblems({ virtualServers }), []);
  });
});
