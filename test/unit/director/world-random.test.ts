/** Whatever comes, in whatever order: what the world tells is complete, and it agrees with a simple model of the rules. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Config, VirtualServerConfig } from '../../../src/config/types.ts';
import type { Observation } from '../../../src/director/observation.ts';
import { SELF_CHECK, World } from '../../../src/director/world.ts';
import type { ProbeResult } from '../../../src/health/types.ts';
import { assertNever } from '../../../src/util/assert-never.ts';
import { failure, PASS } from './builders.ts';
import { config, course, type Event } from './world-arbitrary.ts';

const RUNS = 80;
/** What can be seen of a world; `table`: what is sent to the kernel. */
function pictureOf(world: World) {
  const perServer = world.config.virtualServers.map((server) => ({
    standing: world.standing(server),
    tier: world.tierInUse(server.name),
    panic: world.panicOf(server.name),
    suspended: world.isSuspended(server.name),
    reals: server.realServers.map((_, i) => ({
      verdict: world.verdict(server.name, i),
      healths: world.healths(server.name, i).map(({ config: { port }, health }) => ({ port, health })),
      weight: world.effectiveWeight(server.name, i),
      grade: world.gradeOf(server.name, i),
      slowStart: world.slowStart(server.name, i),
      kept: world.isKept(server.name, i),
    })),
    sorry: server.sorryServers.map((_, i) => [world.sorryVerdict(server.name, i), world.sorryWeight(server.name, i)]),
  }));
  return { perServer, table: world.desired(), next: world.nextTickAt(), checks: [...world.checks.keys()] };
}

/** What a panic waits for when it begins. */
const BEGINS: readonly string[] = ['asked', 'recovery'];

/** The world under test, the kernel's table as the increments make it, and the little that the rules need of the past. */
class Run {
  readonly world: World;
  readonly #config: Config;
  readonly #table = new Map<string, string>();
  readonly #wasUp = new Map<string, boolean>();
  /** Never probed since their virtual server was suspended. */
  readonly #assumed = new Set<string>();
  nowMs = 1_000_000;

  constructor(given: Config, adopted: boolean) {
    this.#config = given;
    this.world = new World(given, () => adopted, this.nowMs);
    this.#send();
    this.#checkModel();
  }

  play(one: Event): void {
    const { world, nowMs } = this;
    const keys = [...world.checks.keys()].filter((key) => key !== SELF_CHECK);
    switch (one.do) {
      case 'result': {
        const key = keys[one.check % Math.max(keys.length, 1)] ?? '';
        this.#take(() => world.observe(key, one.result, nowMs, one.hinted));
        break;
      }
      case 'storm':
      case 'calm':
        for (const key of keys) this.#take(() => world.observe(key, one.do === 'calm' ? PASS : failure(), nowMs, true));
        // Everything has been probed anew.
        for (const { name } of this.#config.virtualServers) assert.notEqual(world.panicOf(name)?.waitsFor, 'probes');
        break;
      case 'self':
        this.#selfChecked(one.result, one.hinted);
        break;
      case 'tick':
        this.#tick();
        break;
      case 'role':
        this.#take(() => world.setRole('r1', one.role, nowMs));
        break;
      case 'reload':
        world.reload(this.#config, nowMs);
        this.#send();
        break;
      default:
        assertNever(one);
    }
  }

  /** What was announced is all there is, and a reload of the same configuration would change nothing. */
  check(): void {
    for (const { name } of this.#config.virtualServers) {
      assert.equal(this.#table.get(name), this.#wanted(name), `${name} changed unannounced`);
    }
    this.#checkModel();
    this.#checkProbed();
    // Who warms up has grown a little since it was last weighed: bring both to the same time.
    this.#take(() => this.world.tick(this.nowMs));
    assert.deepEqual(pictureOf(this.world.rehearsed(this.#config, this.nowMs, () => false)), pictureOf(this.world));
  }

  #tick(): void {
    this.nowMs = Math.max(this.nowMs, this.world.nextTickAt() ?? 0);
    this.#take(() => this.world.tick(this.nowMs));
    const next = this.world.nextTickAt();
    assert.ok(next === null || next > this.nowMs, 'the next step is later');
  }

  #selfChecked(found: ProbeResult, hinted: boolean): void {
    this.#take(() => this.world.observe(SELF_CHECK, found, this.nowMs, hinted));
    if (!found.ok || !hinted || found.latencyMs > 1 || this.#config.selfCheck === null) return;
    for (const { name } of this.#config.virtualServers) {
      const panic = this.world.panicOf(name);
      assert.ok(panic === null || panic.waitsFor === 'probes');
    }
  }

  #take(act: () => Observation): void {
    const before = this.#verdicts();
    const { changes, servers, hints } = act();
    for (const name of servers) {
      assert.notEqual(this.#table.get(name), this.#wanted(name), `${name} was announced but did not change`);
      this.#table.set(name, this.#wanted(name));
    }
    assert.equal(new Set(servers).size, servers.length);
    const after = this.#verdicts();
    const told = changes.flatMap((change) =>
      change.kind === 'real-server' ? [`${change.virtualServer} ${change.realServer} ${change.to.verdict}`] : [],
    );
    assert.deepEqual([...told].sort(), after.filter((one) => !before.includes(one)).sort());
    for (const change of changes) {
      if (change.kind !== 'panic' || change.panic === null || !BEGINS.includes(change.panic.waitsFor)) continue;
      // It begins: the quorum is as if nothing had happened.
      this.#wasUp.delete(change.virtualServer);
      assert.ok(this.#weight(change.virtualServer) > 0 || this.world.standing({ name: change.virtualServer }).sorry);
      if (change.panic.waitsFor === 'asked') assert.deepEqual(hints, [SELF_CHECK]);
    }
    for (const server of this.#config.virtualServers) this.#noteAssumed(server);
    this.#checkModel();
  }

  #verdicts(): readonly string[] {
    return this.#config.virtualServers.flatMap(({ name, realServers }) =>
      realServers.map(({ address }, i) => `${name} ${address}:80 ${this.world.verdict(name, i).verdict}`),
    );
  }

  #wanted(name: string): string {
    return JSON.stringify(this.world.desired(new Set([name])));
  }

  #send(): void {
    for (const server of this.#config.virtualServers) {
      this.#table.set(server.name, this.#wanted(server.name));
      this.#noteAssumed(server);
    }
  }

  #weight(name: string): number {
    const server = this.#config.virtualServers.find((one) => one.name === name);
    return (server?.realServers ?? []).reduce((sum, _, i) => sum + this.world.effectiveWeight(name, i), 0);
  }

  #noteAssumed({ name, realServers }: VirtualServerConfig): void {
    for (const i of realServers.keys()) {
      const isUnknown = this.world.verdict(name, i).verdict === 'unknown';
      if (!isUnknown) this.#assumed.delete(`${name} ${i}`);
      else if (this.world.isSuspended(name)) this.#assumed.add(`${name} ${i}`);
    }
  }

  #checkModel(): void {
    for (const server of this.#config.virtualServers) {
      const { name, realServers, quorum, hysteresis, gradedWeight } = server;
      const alive = realServers.map(
        (_, i) =>
          this.world.verdict(name, i).verdict === 'up' ||
          this.world.isKept(name, i) ||
          this.#assumed.has(`${name} ${i}`),
      );
      const { sorry, up, usableWeight } = this.world.standing(server);
      const tier = this.world.tierInUse(name) ?? 9;
      let sum = 0;
      for (const [i, { weight, tier: own }] of realServers.entries()) {
        const { drain } = this.world.gradeOf(name, i);
        const effective = this.world.effectiveWeight(name, i);
        // A kept one has what it had, whatever it said since.
        if (alive[i] === true && (!drain || this.world.isKept(name, i))) sum += weight;
        const serves = alive[i] === true && !sorry && own <= tier && weight > 0;
        if (!serves) assert.equal(effective, 0);
        else if (effective === 0) assert.ok(drain || this.world.isKept(name, i));
        const most = Math.round((Math.max(gradedWeight.maxPercent, 100) * weight) / 100);
        assert.ok(effective <= most, `${effective} of ${weight}`);
        const least = Math.round((weight * gradedWeight.minPercent) / 100);
        const isPlain = this.world.slowStart(name, i) === null && !this.world.isKept(name, i);
        if (effective > 0 && isPlain) assert.ok(effective >= least);
      }
      // A kept one has what it had, which was nothing if it was drained then.
      const isUncertain = (i: number): boolean =>
        this.world.isKept(name, i) && (this.world.gradeOf(name, i).drain || this.world.effectiveWeight(name, i) === 0);
      if (!realServers.some((_, i) => isUncertain(i))) assert.equal(usableWeight, sum);
      assert.equal(
        up,
        usableWeight > 0 && usableWeight >= quorum + ((this.#wasUp.get(name) ?? true) ? -hysteresis : hysteresis),
      );
      this.#wasUp.set(name, up);
      const sorryWeight = server.sorryServers.reduce((all, _, i) => all + this.world.sorryWeight(name, i), 0);
      assert.equal(sorry, sorryWeight > 0);
      if (up) assert.equal(sorry, false);
    }
  }

  /** All checks of those that are not suspended, and no others. */
  #checkProbed(): void {
    const active = this.#config.virtualServers.filter(({ name }) => !this.world.isSuspended(name));
    const all = active.flatMap(({ realServers, sorryServers }) =>
      [...realServers, ...sorryServers].flatMap(({ checks }) => checks.map((one) => JSON.stringify(one))),
    );
    if (this.#config.selfCheck !== null) all.push(SELF_CHECK);
    assert.deepEqual([...this.world.checks.keys()].sort(), [...new Set(all)].sort());
  }
}

describe('director/world: any sequence of events', () => {
  it('is told completely, follows the rules, and survives a reload', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(config, fc.boolean(), course, (given, adopted, events) => {
        const run = new Run(given, adopted);
        for (const [one, afterMs] of events) {
          run.nowMs += afterMs;
          run.play(one);
          run.check();
        }
      }),
      { numRuns: RUNS },
    );
  });
});
