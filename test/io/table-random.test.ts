/** Whatever comes in whatever order, the table ends as it is wanted, and nothing of our own is called somebody else's doing. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { serviceKey } from '../../src/ipvs/key.ts';
import type { TableKeeper } from '../../src/sys/table-keeper.ts';
import { KeeperBench, settle } from '../support/keeper-bench.ts';
import { delDest, destination, newDest, real, serviceOf, tcp } from '../unit/ipvs/builders.ts';

const SERVICES = [tcp('192.0.2.1', 80), tcp('192.0.2.2', 80), tcp('192.0.2.2', 0)] as const;
const REALS = [real('10.0.0.1', 80), real('10.0.0.2', 80), real('10.0.0.3', 80)] as const;

/** For each pair of a service and a real server: null, or a weight. */
const weights = fc.array(fc.option(fc.integer({ min: 0, max: 2 })), { minLength: 9, maxLength: 9 });
const own = fc.oneof(
  fc.record({ act: fc.constantFrom('reload', 'verdicts'), weights }),
  fc.record({ act: fc.constantFrom('connections'), weights }),
  fc.record({ act: fc.constantFrom('reconcile', 'look', 'pause', 'killed'), weights: fc.constant([]) }),
);
const strange = fc.record({ act: fc.constantFrom('stranger'), weights });

interface Step {
  readonly act: string;
  readonly weights: readonly (number | null)[];
}

class Run {
  readonly bench = new KeeperBench();
  readonly #waits: Promise<unknown>[] = [];
  #keeper: TableKeeper;

  constructor() {
    const { kernel } = this.bench;
    // So that everything may come while the table is read, and while commands are sent.
    kernel.afterDump = settle;
    const apply = kernel.apply.bind(kernel);
    kernel.apply = async (commands) => {
      const outcome = await apply(commands);
      await settle();
      return outcome;
    };
    for (const id of SERVICES) this.bench.drainTimeouts.set(serviceKey(id), 60_000);
    this.#keeper = this.bench.keeper();
  }

  get repairs(): number {
    return this.#keeper.counters.repairs;
  }

  async take({ act, weights }: Step): Promise<void> {
    const { bench } = this;
    switch (act) {
      case 'reload':
        this.#want(weights);
        this.#waits.push(this.#keeper.reconfigured());
        break;
      case 'verdicts':
        this.#judge(weights);
        this.#keeper.changed(bench.services.keys());
        break;
      case 'connections':
        each(weights, (i, j, count) => bench.kernel.connections.set(connectionKey(i, j), count));
        break;
      case 'stranger':
        each(weights, (i, j, weight) => {
          const [service, id] = [SERVICES[i], REALS[j]];
          if (service === undefined || id === undefined) return;
          bench.kernel.do(weight === 0 ? delDest(service, id) : newDest(service, id, { weight }));
        });
        break;
      case 'look':
        bench.nowMs += 20_000;
        this.#keeper.look();
        break;
      case 'killed':
        await this.rest();
        this.#keeper = bench.keeper();
        this.#waits.push(this.#keeper.reconcile());
        break;
      case 'reconcile':
        this.#waits.push(this.#keeper.reconcile());
        break;
      default:
        await settle();
    }
  }

  /** Until nothing is under way. */
  async rest(): Promise<void> {
    await Promise.all(this.#waits.splice(0));
    await this.#keeper.reconcile();
    for (let i = 0; i < 8; i++) await settle();
  }

  /** What is still sent when every connection is gone and everything had its time. */
  async end(): Promise<readonly string[]> {
    await this.rest();
    this.bench.kernel.connections.clear();
    for (let i = 0; i < 2; i++) {
      this.#keeper.look();
      await this.rest();
    }
    this.bench.sent();
    await this.rest();
    await this.#keeper.close({ keepServices: true });
    assert.deepEqual(this.#keeper.draining, []);
    return this.bench.sent();
  }

  #want(weights: readonly (number | null)[]): void {
    this.bench.services.clear();
    for (const [i, id] of SERVICES.entries()) {
      const inside = REALS.flatMap((to, j) => {
        const weight = weights[i * REALS.length + j] ?? null;
        return weight === null ? [] : [destination(to, { weight })];
      });
      if (inside.length > 0) this.bench.services.set(`s${i}`, serviceOf(id, inside));
    }
  }

  /** Other weights for what is there. */
  #judge(weights: readonly (number | null)[]): void {
    for (const [name, service] of this.bench.services) {
      const judged = service.destinations.map(({ id }, j) => destination(id, { weight: weights[j] ?? 0 }));
      this.bench.services.set(name, { ...service, destinations: judged });
    }
  }
}

function each(weights: readonly (number | null)[], act: (service: number, real: number, value: number) => void): void {
  for (const [place, value] of weights.entries()) {
    if (value !== null) act(Math.floor(place / REALS.length), place % REALS.length, value);
  }
}

function connectionKey(service: number, to: number): string {
  const id = SERVICES[service];
  return `${id === undefined ? '' : serviceKey(id)} ${REALS[to]?.address}:80`;
}

function wantedWeights({ services }: KeeperBench): Record<string, Record<string, number>> {
  return Object.fromEntries(
    [...services.values()].map(({ id, destinations }) => [
      serviceKey(id),
      Object.fromEntries(destinations.map(({ id: to, settings }) => [`${to.address}:80`, settings.weight])),
    ]),
  );
}

describe('table keeper: anything in any order', () => {
  it('ends as it is wanted; without a stranger nothing is repaired', async () => {
    const steps = fc.array(own, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const run = new Run();
        for (const step of taken) await run.take(step);
        assert.deepEqual(await run.end(), []);
        assert.deepEqual(run.bench.kernel.weights, wantedWeights(run.bench));
        assert.deepEqual([...run.bench.owned.keys].sort(), Object.keys(run.bench.kernel.weights).sort());
        assert.equal(run.repairs, 0, run.bench.lines.join('\n'));
      }),
      { numRuns: 150 },
    );
  });

  it('ends as it is wanted whatever a stranger does to our services', async () => {
    const steps = fc.array(fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: strange }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const run = new Run();
        for (const step of taken) await run.take(step);
        assert.deepEqual(await run.end(), []);
        assert.deepEqual(run.bench.kernel.weights, wantedWeights(run.bench));
      }),
      { numRuns: 150 },
    );
  });
});
