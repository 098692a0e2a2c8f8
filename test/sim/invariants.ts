/** What must hold on the simulated network at every moment, and once it was left alone for a while. */
import assert from 'node:assert/strict';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import type { Lan, Observer } from './lan.ts';
import type { Machine } from './machine.ts';
import { Reference } from './reference.ts';
import type { Station } from './station.ts';

/** A claim that the kernel refused is repeated after this long. */
const CLAIM_RETRY_MS = 1000;
/** A process waits on its clock at a take-over. */
const WAIT_MS = 2;
/** Advertisements that were sent so shortly after one another cross on a fair wire. */
const CROSSING_MS = 10;
/** A win of the first member of a group counts for the others, and theirs until it is heard. */
const GROUP_INTERVALS = 4;

export class Invariants implements Observer {
  /** The longest that a message is under way. */
  readonly #mostDelayMs: number;
  readonly #references = new Map<Station, Reference>();
  readonly #all: Reference[] = [];
  /** What the standard's time for an election comes to; 0: not yet computed. */
  #settleMs = 0;
  /** Since when two stations are Active although the first can tell the second so, by their names. */
  readonly #overlaps = new Map<string, number>();
  /** How many faults last, and since when nothing begins or ends. */
  #lasting = 0;
  #calmSince = 0;
  /** An Active Router of each link, when it was looked at last. */
  readonly #activeOn: (Station | null)[] = [];
  /** What the runs went through, so that a test can tell that it tested something. */
  readonly seen = { overlaps: 0, garbage: 0, heard: 0, calmMs: 0 };

  constructor(mostDelayMs: number) {
    this.#mostDelayMs = mostDelayMs;
  }

  /** A fault begins (`lasts` 1) or ends (-1), or happens (0). */
  disturbed(lan: Lan, lasts: number): void {
    this.#lasting += lasts;
    this.#calmSince = lan.now;
  }

  /** Something lasts for ever: nobody says who must be Active. */
  lasts(): void {
    this.#lasting++;
  }

  settled(lan: Lan, at: number): void {
    for (const reference of this.#all) reference.check(at);
    this.#checkOverlaps(lan, at);
    this.#checkGap(lan);
    if (this.#settleMs === 0) this.#settleMs = settleMs(lan, this.#mostDelayMs);
    if (this.#lasting > 0 || lan.now < this.#calmSince + this.#settleMs) return;
    this.seen.calmMs += at - lan.now;
    checkElection(lan);
  }

  acted(machine: Machine): void {
    for (const station of machine.stations) {
      checkAddresses(station);
      this.#reference(station).look();
    }
    if (machine.isGrouped) checkGroup(machine);
  }

  hears(to: Station, message: ReceivedMessage, isGarbage: boolean): () => void {
    if (isGarbage) {
      this.seen.garbage++;
      const before = pictureOf(to);
      return () => assert.equal(pictureOf(to), before, `garbage moved ${to.name}: ${hex(message.data)}`);
    }
    this.seen.heard++;
    return () => this.#reference(to).heard(message);
  }

  /** A tick before its time: all that it may do is to notice that another Active Router is gone. */
  ticksEarly(station: Station): void {
    const before = pictureOf(station, NOTICED);
    station.router?.tick();
    assert.equal(pictureOf(station, NOTICED), before, `an early tick moved ${station.name}`);
  }

  /** BFD. */
  losesPeer(station: Station): void {
    if (station.router === null) return;
    station.router.peerLost();
    this.#reference(station).lostPeer();
    this.acted(station.machine);
  }

  #reference(station: Station): Reference {
    const known = this.#references.get(station);
    if (known !== undefined) return known;
    const reference = new Reference(station);
    this.#references.set(station, reference);
    this.#all.push(reference);
    return reference;
  }

  /** Two Active Routers that hear each other: never longer than an interval and the way of the message. */
  #checkOverlaps(lan: Lan, at: number): void {
    let active = 0;
    for (const station of lan.stations) if (station.isActive) active++;
    if (active < 2) {
      this.#overlaps.clear();
      return;
    }
    for (const winner of lan.stations) {
      if (!winner.isActive && this.#overlaps.size === 0) continue;
      for (const loser of lan.stations) {
        if (winner !== loser && winner.link === loser.link) this.#checkOverlap(lan, at, winner, loser);
      }
    }
  }

  /**
   * Without a fault nobody gives up being Active but to another one that stays it: two that yield to each other would leave
   * nobody. They may where their advertisements cross on the wire, and to one that then cannot claim the addresses.
   */
  #checkGap(lan: Lan): void {
    const { stations, now } = lan;
    for (let link = 0; link < 2; link++) {
      const active = stations.find((station) => station.link === link && station.isActive) ?? null;
      const before = this.#activeOn[link] ?? null;
      this.#activeOn[link] = active;
      if (active !== null || before === null || this.#lasting > 0 || now - this.#calmSince < this.#mostDelayMs)
        continue;
      const isRefused = stations.some(({ addressFaults }) => addressFaults > 0);
      const mayYieldBoth = isRefused || this.#haveCrossed(stations);
      assert.ok(mayYieldBoth, `${before.name} gave up and nobody is Active`);
    }
  }

  #haveCrossed(stations: readonly Station[]): boolean {
    const fired = stations.map((station) => this.#reference(station).firedAt);
    return stations.some((one, i) =>
      stations.some((two, j) => {
        const apartMs = Math.abs((fired[i] ?? 0) - (fired[j] ?? 0));
        return one.machine !== two.machine && apartMs < CROSSING_MS;
      }),
    );
  }

  #checkOverlap(lan: Lan, at: number, winner: Station, loser: Station): void {
    const key = `${winner.name} ${loser.name}`;
    if (!isTold(lan, winner, loser) || !this.#reference(loser).isBeatenBy(winner.priority, winner.address)) {
      this.#overlaps.delete(key);
      return;
    }
    if (!this.#overlaps.has(key)) this.seen.overlaps++;
    const since = this.#overlaps.get(key) ?? lan.now;
    this.#overlaps.set(key, since);
    const lastsMs = at - since;
    // Of a group the first member decides: for a while the others stay.
    const isLater = loser.machine.isGrouped && loser.link > 0;
    const patienceMs = isLater ? GROUP_INTERVALS * slowestMs([winner, loser]) : 0;
    const allowedMs = slowestMs([winner]) + patienceMs + this.#mostDelayMs + WAIT_MS;
    assert.ok(lastsMs <= allowedMs, `${winner.name} and ${loser.name} are both Active for ${lastsMs} ms`);
  }
}

/**
 * Active_Down_Interval with the greatest Skew_Time, one that cannot claim, a claim to be repeated, delays, groups, messages
 * under way.
 */
function settleMs({ stations, machines }: Lan, mostDelayMs: number): number {
  let longestMs = 0;
  // One after the other may preempt, each after its delay: to the rest it is another Active Router.
  const times = machines.length - 1;
  for (const { config, machine } of stations) {
    const { clockRate, startupDelayMs } = machine.plan;
    const intervals = 6.25 + (machine.isGrouped ? 2 * GROUP_INTERVALS : 0);
    const ms = intervals * slowestMs(stations) + (times * config.preemptDelayMs + startupDelayMs) / clockRate;
    longestMs = Math.max(longestMs, ms);
  }
  return longestMs + CLAIM_RETRY_MS + 2 * mostDelayMs;
}

function slowestMs(stations: readonly Station[]): number {
  return Math.max(...stations.map(({ config, machine }) => config.advertisementIntervalMs / machine.plan.clockRate));
}

/** Both are Active, and nothing stands between an advertisement of the one and the other. */
function isTold(lan: Lan, winner: Station, loser: Station): boolean {
  return (
    winner.isActive &&
    loser.isActive &&
    lan.reaches(winner, loser) &&
    lan.weather.loss === 0 &&
    Math.max(winner.machine.busyUntil, loser.machine.busyUntil) <= lan.now
  );
}

/** Active (or handing over) with the addresses, anything else without, unless they were found there at start. */
function checkAddresses({ role, holdsAddresses, isResuming, isLinkKnownUp, tracksFault, name }: Station): void {
  if (role === null) return;
  if (role === 'MASTER' || role === 'LEAVING') assert.ok(holdsAddresses, `${name} is ${role} without the addresses`);
  else assert.ok(!holdsAddresses || isResuming, `${name} is ${role} with the addresses`);
  assert.ok(
    (isLinkKnownUp && !tracksFault) || role === 'FAULT' || role === 'STOPPED',
    `${name} is ${role} without a link, or in spite of its script`,
  );
}

/** All members of a sync group are in one state; one by one only while they hand over. */
function checkGroup({ name, stations }: Machine): void {
  const roles = new Set(stations.map(({ role }) => role));
  if (roles.size <= 1) return;
  const isLeaving = !roles.has('MASTER') && !roles.has('BACKUP') && roles.has('STOPPED');
  assert.ok(isLeaving, `the group of ${name} is split: ${[...roles].join(', ')}`);
}

/** Of every link: exactly one Active Router, with the addresses, and nobody with preemption stands above it. */
function checkElection({ stations }: Lan): void {
  for (let link = 0; link < 2; link++) {
    const active = theActive(stations, link);
    for (const station of stations) {
      if (station.link !== link || !isHere(station)) continue;
      assert.ok(active !== null || !isAble(station), `nobody is Active on link ${link}`);
      if (active === null || station === active) continue;
      const { priority, config } = station;
      const standsAbove = priority > active.priority && (config.preempt || priority === 255) && isAble(station);
      assert.ok(!standsAbove, `${active.name} is Active, ${station.name} should be`);
      assert.ok(!station.holdsAddresses, `${station.name} has the addresses`);
    }
  }
}

function theActive(stations: readonly Station[], link: number): Station | null {
  let active: Station | null = null;
  for (const station of stations) {
    if (station.link !== link || !station.isActive) continue;
    assert.ok(active === null, `${station.name} is Active beside ${active?.name}`);
    active = station;
  }
  return active;
}

/** Nothing keeps it, or its group, from being Active. */
function isAble(station: Station): boolean {
  return station.machine.isGrouped ? station.machine.stations.every((mate) => mate.isAble) : station.isAble;
}

function isHere({ role }: Station): boolean {
  return role !== null && role !== 'STOPPED';
}

/** Counting is all that garbage may cause. */
const COUNTED = { refused: null, addressListErrors: null };
const NOTICED = { otherActives: null, announcements: null };

/** Everything that a message may move, but for `besides`. */
function pictureOf({ router, timerAt, holdsAddresses, announcements, advertisedAt }: Station, besides = {}): string {
  const { adverts, ...report } = router?.report() ?? { adverts: null };
  const all = { ...report, adverts: { ...adverts, ...COUNTED }, timerAt, holdsAddresses, announcements, advertisedAt };
  return JSON.stringify({ ...all, ...besides });
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}
