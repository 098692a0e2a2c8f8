import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { VirtualServerConfig } from '../../../src/config/types.ts';
import {
  type Candidate,
  NOTHING_REACHED_YET,
  type Reached,
  type Serving,
  servingOf,
} from '../../../src/director/serving.ts';
import { realServer, virtualServer } from './builders.ts';

const sorryServer = { address: '10.0.0.90', port: 80, forwarding: 'direct', tunnel: null, checks: [] } as const;

/** `u` up, `o` up but without a weight, anything else down. */
function candidatesOf(server: VirtualServerConfig, letters: string): readonly Candidate[] {
  return server.realServers.map(({ weight, upperThreshold, lowerThreshold }, i) => ({
    up: letters[i] === 'u' || letters[i] === 'o',
    share: { weight: letters[i] === 'o' ? 0 : weight, upperThreshold, lowerThreshold },
  }));
}

/** One look after the other; sorry servers are up. */
function looks(server: VirtualServerConfig, ...letters: readonly string[]): readonly Serving[] {
  let reached: Reached = NOTHING_REACHED_YET;
  const sorryUp = server.sorryServers.map(() => true);
  return letters.map((one) => {
    const serving = servingOf(server, candidatesOf(server, one), sorryUp, reached);
    reached = serving.reached;
    return serving;
  });
}

const weights = ({ real, sorry }: Serving): string =>
  [...real.map((share) => share?.weight ?? '-'), ...sorry.map((weight) => `s${weight}`)].join(' ');

describe('director/serving: hysteresis', () => {
  const servers = [1, 2, 3, 4, 5].map((last) => realServer(`10.0.0.${last}`, { weight: 10 }));
  const server = virtualServer(servers, { quorum: 30, hysteresis: 10 });
  const rows: readonly [looks: readonly string[], ups: readonly boolean[]][] = [
    [
      ['uuuuu', 'uuu--', 'uu---', 'u----'],
      [true, true, true, false],
    ],
    [
      ['-----', 'uuu--', 'uuuu-', 'uu---'],
      [false, false, true, true],
    ],
    [['uu---'], [true]],
    [
      ['u----', 'uuu--'],
      [false, false],
    ],
  ];
  for (const [given, ups] of rows) {
    it(`${given.join(', ')}: ${ups.join(', ')}`, () =>
      assert.deepEqual(
        looks(server, ...given).map(({ standing }) => standing.up),
        ups,
      ));
  }

  it('with nothing left it is down, however large the hysteresis is', () => {
    const [, last] = looks(virtualServer(servers, { quorum: 10, hysteresis: 10 }), 'uuuuu', '-----');
    assert.equal(last?.standing.up, false);
  });
});

describe('director/serving: tiers', () => {
  const tiered = [
    realServer('10.0.0.1', { weight: 10 }),
    realServer('10.0.0.2', { weight: 10 }),
    realServer('10.0.0.3', { weight: 20, tier: 2 }),
    realServer('10.0.0.4', { weight: 30, tier: 5 }),
  ];
  const sorryServers = [{ ...sorryServer, weight: 3 }];
  const rows: readonly [
    name: string,
    given: Partial<VirtualServerConfig>,
    letters: string,
    weights: string,
    tier: number,
  ][] = [
    ['the first one suffices', { quorum: 20 }, 'uuuu', '10 10 0 0', 0],
    ['the next one joins', { quorum: 20 }, 'u-uu', '10 0 20 0', 2],
    ['all of them', { quorum: 40 }, 'u-uu', '10 0 20 30', 5],
    ['the first one is gone', { quorum: 20 }, '--uu', '0 0 20 0', 2],
    ['one that is up without a weight does not count', { quorum: 20 }, 'uouu', '10 0 20 0', 2],
    ['not even all suffice', { quorum: 99 }, 'u-uu', '10 0 20 30', 5],
    ['then the sorry server', { quorum: 99, sorryServers }, 'u-uu', '0 0 0 0 s3', 5],
    ['but not before', { quorum: 60, sorryServers }, 'u-uu', '10 0 20 30 s0', 5],
    ['remove: those that wait have not failed', { quorum: 20, onFailure: 'remove' }, 'u-uu', '10 - 20 0', 2],
    [
      'remove: the sorry server is all there is',
      { quorum: 99, onFailure: 'remove', sorryServers },
      'u-uu',
      '- - - - s3',
      5,
    ],
  ];
  for (const [name, given, letters, expected, tier] of rows) {
    it(name, () => {
      const [serving] = looks(virtualServer(tiered, given), letters);
      assert.ok(serving !== undefined);
      assert.deepEqual([weights(serving), serving.tier], [expected, tier]);
    });
  }

  it('have the hysteresis of the quorum, too', () => {
    const server = virtualServer(tiered, { quorum: 15, hysteresis: 5 });
    const tiers = looks(server, 'uu--', 'u---', 'u-uu', '--uu', 'u-uu', 'uuuu').map(({ tier }) => tier);
    assert.deepEqual(tiers, [0, 0, 0, 2, 2, 0]);
  });

  it('never serve while those before suffice, and none is left out that could serve', () => {
    const real = fc.record({ weight: fc.integer({ min: 0, max: 30 }), tier: fc.integer({ min: 0, max: 3 }) });
    const letters = fc.array(fc.constantFrom('u', 'o', '-'), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(real, { maxLength: 6 }),
        letters,
        fc.integer({ min: 1, max: 60 }),
        (reals, states, quorum) => {
          const servers = reals.map((given, i) => realServer(`10.0.0.${i}`, given));
          const [serving] = looks(virtualServer(servers, { quorum }), states.join(''));
          assert.ok(serving !== undefined);
          const usable = (tier: number): number =>
            reals.reduce((sum, one, i) => (one.tier <= tier && states[i] === 'u' ? sum + one.weight : sum), 0);
          for (const [i, one] of reals.entries()) {
            const before = usable(one.tier - 1);
            const expected = states[i] === 'u' && (before < quorum || before === 0) ? one.weight : 0;
            assert.equal(serving.real[i]?.weight, expected);
          }
          assert.deepEqual([serving.standing.up, serving.standing.usableWeight], [usable(9) >= quorum, usable(9)]);
        },
      ),
    );
  });
});

describe('director/serving: sorry servers', () => {
  const real = [realServer('10.0.0.1', { weight: 10 }), realServer('10.0.0.2', { weight: 10 })];
  const sorryServers = [
    { ...sorryServer, weight: 3 },
    { ...sorryServer, address: '10.0.0.91', weight: 0 },
    { ...sorryServer, address: '10.0.0.92', weight: 5 },
  ];
  const server = virtualServer(real, { quorum: 20, sorryServers });
  const rows: readonly [
    name: string,
    letters: string,
    sorryUp: readonly boolean[],
    expected: string,
    sorry: boolean,
  ][] = [
    ['by weight', 'u-', [true, true, true], '0 0 s3 s0 s5', true],
    ['only those that are up', 'u-', [false, true, true], '0 0 s0 s0 s5', true],
    ['none is usable: the real server goes on', 'u-', [false, true, false], '10 0 s0 s0 s0', false],
    ['none while the quorum is reached', 'uu', [true, true, true], '10 10 s0 s0 s0', false],
  ];
  for (const [name, letters, sorryUp, expected, sorry] of rows) {
    it(name, () => {
      const serving = servingOf(server, candidatesOf(server, letters), sorryUp, NOTHING_REACHED_YET);
      assert.deepEqual([weights(serving), serving.standing.sorry], [expected, sorry]);
    });
  }
});
