/** What must hold on the simulated LAN at every moment, and after the last fault. */
import assert from 'node:assert/strict';
import { compareBytes } from '../../src/net/ip.ts';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import type { Lan, Observer } from './lan.ts';
import type { Machine } from './machine.ts';

/** A claim that the kernel refused is repeated after this long. */
const CLAIM_RETRY_MS = 1000;

/** Lower priorities are answered every 100 ms at most; the answer to a message that waited counts from its arrival. */
const ANSWER_MS = 200;

export class Invariants implements Observer {
  /** The longest that a message is under way. */
  readonly #mostDelayMs: number;
  /** Since when two machines are Active although the first can tell the second so, by their names. */
  readonly #overlaps = new Map<string, number>();
  #settledFrom = Number.POSITIVE_INFINITY;
  /** What the runs went through, so that a test can tell that it tested something. */
  readonly seen = { overlaps: 0, longestOverlapMs: 0, garbage: 0, heard: 0 };

  constructor(mostDelayMs: number) {
    this.#mostDelayMs = mostDelayMs;
  }

  /** From here on nothing goes wrong any more: one Active Router, once the standard's time is over. */
  faultsEnd(lan: Lan): void {
    const slowestMs = Math.max(...lan.machines.map(({ config }) => config.advertisementIntervalMs));
    // Active_Down_Interval with the greatest Skew_Time, a claim to be repeated, messages under way.
    this.#settledFrom = lan.now + 4 * slowestMs + CLAIM_RETRY_MS + 2 * this.#mostDelayMs;
  }

  settled(lan: Lan, at: number): void {
    for (const machine of lan.machines) checkAddresses(machine);
    this.#checkOverlaps(lan, at);
    if (lan.now >= this.#settledFrom) checkElection(lan);
  }

  hears(lan: Lan, to: Machine, message: ReceivedMessage, isGarbage: boolean): () => void {
    if (isGarbage) {
      this.seen.garbage++;
      const before = pictureOf(to);
      return () => assert.deepEqual(pictureOf(to), before, `garbage moved ${to.name}: ${hex(message.data)}`);
    }
    this.seen.heard++;
    if (!to.isActive) return () => {};
    const priority = message.data[2] ?? 0;
    const mustYield = beats(priority, message.source, to);
    return () => {
      assert.equal(to.isActive, !mustYield, `${to.name} heard ${hex(message.data)}: Active`);
      // RFC 3768 section 6.4.3: what is lower is discarded; the next advertisement tells it.
      if (mustYield || (to.config.version === 2 && priority !== 0)) return;
      const silentMs = lan.now - to.advertisedAt;
      assert.ok(silentMs <= (priority === 0 ? 0 : ANSWER_MS), `${to.name} does not answer ${hex(message.data)}`);
    };
  }

  /** A tick before its time. */
  ticksEarly(machine: Machine): void {
    const before = pictureOf(machine);
    machine.router?.tick();
    assert.deepEqual(pictureOf(machine), before, `an early tick moved ${machine.name}`);
  }

  /** Two Active Routers that hear each other: never longer than an interval and the way of the message. */
  #checkOverlaps(lan: Lan, at: number): void {
    for (const winner of lan.machines) {
      for (const loser of lan.machines) {
        if (winner === loser) continue;
        const key = `${winner.name} ${loser.name}`;
        if (!beats(winner.config.priority, winner.address, loser) || !isTold(lan, winner, loser)) {
          this.#overlaps.delete(key);
          continue;
        }
        if (!this.#overlaps.has(key)) this.seen.overlaps++;
        const since = this.#overlaps.get(key) ?? lan.now;
        this.#overlaps.set(key, since);
        const lastsMs = at - since;
        this.seen.longestOverlapMs = Math.max(this.seen.longestOverlapMs, lastsMs);
        const allowedMs = winner.config.advertisementIntervalMs + this.#mostDelayMs + 0.001;
        assert.ok(lastsMs <= allowedMs, `${winner.name} and ${loser.name} are both Active for ${lastsMs} ms`);
      }
    }
  }
}

/** Both are Active, and nothing stands between an advertisement of the one and the other. */
function isTold(lan: Lan, winner: Machine, loser: Machine): boolean {
  return (
    winner.isActive &&
    loser.isActive &&
    winner.isLinkUp &&
    loser.isLinkUp &&
    winner.segment === loser.segment &&
    lan.weather.loss === 0 &&
    Math.max(winner.hangsUntil, loser.hangsUntil) <= lan.now
  );
}

/** RFC 9568 section 6.4.3. */
function beats(priority: number, source: Uint8Array, other: Machine): boolean {
  if (priority === 0 || priority < other.config.priority) return false;
  return priority > other.config.priority || compareBytes(source, other.address) > 0;
}

/** Active (or handing over) with the addresses, anything else without, unless they were found there at start. */
function checkAddresses(machine: Machine): void {
  const { role, holdsAddresses, isResuming, name } = machine;
  if (role === null) return;
  if (machine.isStopped) assert.equal(role, 'STOPPED', `${name} was stopped`);
  if (role === 'MASTER' || role === 'LEAVING') assert.ok(holdsAddresses, `${name} is ${role} without the addresses`);
  else assert.ok(!holdsAddresses || isResuming, `${name} is ${role} with the addresses`);
}

/** Exactly one Active Router, with the addresses, and nobody with preemption stands above it. */
function checkElection(lan: Lan): void {
  const [active, ...others] = lan.active;
  assert.ok(active !== undefined, 'nobody is Active');
  assert.deepEqual(
    others.map(({ name }) => name),
    [],
    `others beside ${active.name}`,
  );
  for (const machine of lan.machines) {
    const { priority, preempt } = machine.config;
    const standsAbove = priority > active.config.priority && (preempt || priority === 255);
    assert.ok(!standsAbove, `${active.name} is Active, ${machine.name} should be`);
    assert.equal(machine.holdsAddresses, machine === active, `addresses of ${machine.name}`);
  }
}

/** Everything that a message may move. */
function pictureOf({ router, timerAt, holdsAddresses, announcements }: Machine): unknown {
  const { adverts, ...report } = router?.report() ?? { adverts: null };
  const counted = { refused: null, addressListErrors: null }; // counting is all that garbage may cause
  return { report, adverts: { ...adverts, ...counted }, timerAt, holdsAddresses, announcements };
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}
