import assert from 'node:assert/strict';
import type { SessionParameters } from '../../../src/bfd/types.ts';
import { parameters } from './builders.ts';
import { Pair } from './pair.ts';

const SEEDS = 100;
const second = { ...parameters, localDiscriminator: 2 };

function forSeeds(
  run: (pair: Pair, seed: number) => void,
  both: readonly [SessionParameters, SessionParameters] = [parameters, second],
): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const pair = new Pair(seed, both);
    try {
      run(pair, seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}

function upPair(pair: Pair): void {
  pair.run(3000);
  assert.deepEqual(pair.states, ['up', 'up']);
  pair.changes.length = 0;
}

describe('two BFD sessions in virtual time', function () {
  this.timeout(20_000);

  it('come Up within 1.3 s, and settle on their fast intervals', () => {
    forSeeds((pair) => {
      pair.run(1300);
      assert.deepEqual(pair.states, ['up', 'up']);
      pair.run(1000);
      for (const who of [0, 1] as const) {
        const { polling, txMs, remote, expiresAt } = pair.session(who);
        assert.deepEqual([polling, txMs, remote?.minTxMs], [false, 300, 300]);
        assert.ok((expiresAt ?? 0) - pair.now <= 900);
      }
    });
  });

  it('stay Up for a minute without loss, each packet 225 to 300 ms after the other', () => {
    forSeeds((pair) => {
      upPair(pair);
      for (const times of pair.sent) times.length = 0;
      pair.run(60_000);
      assert.deepEqual(pair.changes, []);
      for (const times of pair.sent) {
        const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
        assert.ok(Math.min(...gaps) >= 225 - 1e-6 && Math.max(...gaps) <= 300 + 1e-6);
      }
    });
  });

  it('a cut cable: both Down by their own detection, 600 to 920 ms later, and slow from then on', () => {
    forSeeds((pair) => {
      upPair(pair);
      const cutAt = pair.now;
      pair.loss.fill(1);
      pair.run(1000);
      assert.deepEqual(
        pair.changes.map(({ to, diagnostic }) => [to, diagnostic]),
        [
          ['down', 1],
          ['down', 1],
        ],
      );
      for (const { at } of pair.changes) assert.ok(at - cutAt > 580 && at - cutAt <= 920, `${at - cutAt}`);
      for (const times of pair.sent) times.length = 0;
      pair.run(60_000);
      for (const times of pair.sent) assert.ok(times.length <= 80, `${times.length} packets in a minute`);
      pair.loss.fill(0);
      pair.run(1100);
      assert.deepEqual(pair.states, ['up', 'up'], 'heals within a slow interval');
    });
  });

  it('one way cut: the deaf one by time, the other because it is told', () => {
    forSeeds((pair) => {
      upPair(pair);
      pair.loss[0] = 1;
      pair.run(1000);
      const [deaf, told, ...more] = pair.changes;
      assert.deepEqual([deaf?.who, deaf?.to, deaf?.diagnostic], [1, 'down', 1]);
      assert.deepEqual([told?.who, told?.to, told?.diagnostic], [0, 'down', 3]);
      assert.ok((told?.at ?? 0) - (deaf?.at ?? 0) <= 20);
      // The told one hears Down and answers Init, which never arrives; nobody may come Up.
      assert.ok(!more.some(({ to }) => to === 'up'));
      pair.run(30_000);
      assert.ok(!pair.changes.some(({ to }) => to === 'up'));
      pair.loss[0] = 0;
      pair.run(2200);
      assert.deepEqual(pair.states, ['up', 'up']);
    });
  });

  it('a restart with another discriminator: the other hears Down, and both are Up again', () => {
    forSeeds((pair, seed) => {
      upPair(pair);
      pair.restart(0, 0x7000_0000 + seed);
      pair.run(2500);
      assert.deepEqual(pair.states, ['up', 'up']);
      assert.ok(!pair.changes.some(({ diagnostic }) => diagnostic === 1), 'no detection time expired');
      assert.equal(pair.session(1).remote?.discriminator, 0x7000_0000 + seed);
    });
  });

  it('a third of all packets lost: every fall is healed, and Up is the rule', () => {
    forSeeds((pair) => {
      upPair(pair);
      pair.loss.fill(1 / 3);
      pair.run(60_000);
      pair.loss.fill(0);
      pair.run(4000);
      assert.deepEqual(pair.states, ['up', 'up']);
    });
  });

  it('a shutdown is heard as AdminDown though the way loses a fifth, never as silence', () => {
    let missed = 0;
    forSeeds((pair) => {
      upPair(pair);
      pair.loss[0] = 0.2;
      pair.feed(0, { type: 'shutdown' });
      pair.run(5000);
      const [, first] = pair.changes;
      assert.equal(first?.to, 'down');
      if (first?.diagnostic !== 3) missed++;
      assert.deepEqual(pair.states, ['admin-down', 'down']);
    });
    // 0.2^3 of 100 are 0.8.
    assert.ok(missed <= 5, `${missed} of ${SEEDS}`);
  });

  it('a reload of the intervals while Up moves both sides and drops nothing', () => {
    forSeeds((pair) => {
      upPair(pair);
      pair.reconfigure(0, { minTxMs: 1000, minRxMs: 100 });
      pair.reconfigure(1, { minTxMs: 100, minRxMs: 50 });
      pair.run(10_000);
      assert.deepEqual(pair.changes, []);
      assert.deepEqual([pair.session(0).txMs, pair.session(0).rxMs], [1000, 100]);
      assert.equal(pair.session(0).polling, false);
      assert.equal(pair.session(1).remote?.minTxMs, 1000);
    });
  });

  it('two passive ones never begin; one of them suffices to hear the other', () => {
    const silent = [
      { ...parameters, passive: true },
      { ...second, passive: true },
    ] as const;
    forSeeds((pair) => {
      pair.run(60_000);
      assert.deepEqual(pair.sent, [[], []]);
    }, silent);
    forSeeds(upPair, [silent[0], second]);
  });
});
