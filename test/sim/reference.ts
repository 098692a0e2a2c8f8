/**
 * What a station must do and when, told a second time from the standard (RFC 9568 section 6.4, RFC 3768 section 6.4) and the
 * documented rules beyond it, and only from what the station was let hear. Times on the machine's clock unless said otherwise.
 */
import assert from 'node:assert/strict';
import { compareBytes } from '../../src/net/ip.ts';
import type { Role } from '../../src/vrrp/messages.ts';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import type { Station } from './station.ts';

/** Arithmetic of clocks. */
const EPSILON_MS = 0.01;
/** A message that waited longer counts from when it was read. */
const OLDEST_ARRIVAL_MS = 100;
/** A router that hands over is done by then, whatever its interval. */
const MOST_LEAVE_MS = 2000;
/** Lower priorities are answered every 100 ms at most; the answer to a message that waited counts from its arrival. */
const ANSWER_MS = 200;
const OWNER = 255;

/** The fields that the state machine acts on. */
interface Advert {
  readonly priority: number;
  readonly intervalMs: number;
  readonly source: Uint8Array;
  /** When its timers count from. */
  readonly at: number;
}

export class Reference {
  readonly #station: Station;
  #role: Role | null = null;
  #priority: number;
  /** Active_Adver_Interval and Active_Down_Timer. */
  #learntMs = 0;
  #downAt = 0;
  /** What the Active Router said last; null: nobody is. */
  #activePriority: number | null = null;
  /** End of the preempt delay; null: it does not run. */
  #preemptAt: number | null = null;
  /** Its addresses are there from before the start: no startup delay. */
  #isResuming = false;
  /** Adver_Timer. */
  #adverAt = 0;
  /** When that was over last, in real time. */
  firedAt = Number.NEGATIVE_INFINITY;
  #leftAt = 0;
  /** How many advertisements it has sent, as far as is accounted for. */
  #sent = 0;
  #announcements = 0;
  /** In real time: something must happen by then. */
  mustActBy = Number.POSITIVE_INFINITY;

  constructor(station: Station) {
    this.#station = station;
    this.#priority = station.priority;
  }

  /** RFC 9568 section 6.4.3: whether the sender of that priority wins against this station. */
  isBeatenBy(priority: number, source: Uint8Array): boolean {
    const { priority: own, address } = this.#station;
    if (priority === 0 || priority < own) return false;
    return priority > own || compareBytes(source, address) > 0;
  }

  /** The station has just dealt with a good advertisement. */
  heard(message: ReceivedMessage): void {
    const station = this.#station;
    const advert = this.#read(message);
    const { priority, at } = advert;
    if (this.#role === 'BACKUP') {
      this.#heardAsBackup(advert);
      return;
    }
    if (this.#role !== 'MASTER') return;
    const isBeaten = this.isBeatenBy(priority, advert.source);
    // In a group the first member decides between two directors; the others may stay for a moment.
    const mayStay = station.link > 0 && station.machine.isGrouped && station.machine.stations[0]?.role === 'MASTER';
    if (isBeaten && !(mayStay && station.role === 'MASTER')) {
      this.#is('BACKUP', `after priority ${priority}`);
      this.#enterBackup(at, advert.intervalMs, 3);
      this.#activePriority = priority;
      return;
    }
    if (isBeaten) return;
    this.#is('MASTER', `after priority ${priority}`);
    // An answer to a lower priority leaves the timer as it is.
    this.#sent = station.sent;
    if (priority === 0 && at < this.#adverAt) this.#adverAt = at + station.config.advertisementIntervalMs;
    else if (priority === 0) this.#advertised(at);
    // RFC 3768 section 6.4.3: what is lower is discarded; the next advertisement tells it.
    if (station.config.version === 2 && priority !== 0) return;
    const silentMs = station.machine.now - station.advertisedAt;
    assert.ok(silentMs <= (priority === 0 ? 0 : ANSWER_MS), `${station.name} does not answer priority ${priority}`);
  }

  /** A faster detector said that the Active Router is gone. */
  lostPeer(): void {
    if (this.#role !== 'BACKUP') return;
    this.#downAt = Math.min(this.#downAt, this.#station.machine.now + this.#skewMs(this.#priority));
  }

  /** Something happened on the machine: every change of role has its reason. */
  look(): void {
    const { role, priority, sent, advertisedAt, advertisedPriority, name } = this.#station;
    if (priority !== this.#priority) this.#reprioritise(priority);
    if (role !== this.#role) this.#changed(this.#role, role);
    if (sent !== this.#sent) {
      this.#sent = sent;
      this.#advertised(advertisedAt);
      if (role === 'MASTER') assert.equal(advertisedPriority, priority, `${name} advertises another priority`);
    }
    this.mustActBy = this.#deadline();
  }

  /** Real time is about to pass to `at`. */
  check(at: number): void {
    if (at <= this.mustActBy + EPSILON_MS) return;
    const { machine, name, role } = this.#station;
    const due = Math.max(this.mustActBy, machine.busyUntil) + EPSILON_MS;
    assert.ok(at <= due, `${name} is ${role} and did nothing at ${this.mustActBy}`);
  }

  #heardAsBackup({ priority, intervalMs, at }: Advert): void {
    const { config, machine } = this.#station;
    this.#is('BACKUP', `after priority ${priority}`);
    if (priority === 0) {
      // One whose time has come and that waits for its group has nothing more to wait for.
      const isReady = machine.isGrouped && machine.now >= this.#activeAt();
      this.#downAt = isReady ? Math.min(this.#downAt, machine.now) : at + this.#skewMs(this.#priority);
      this.#activePriority = null;
      this.#preemptAt = null;
      return;
    }
    this.#activePriority = priority;
    this.#isResuming = false;
    const delayMs = this.#priority === OWNER ? 0 : config.preemptDelayMs;
    if (this.#preempts(priority)) {
      if (delayMs === 0) return;
      this.#preemptAt ??= Math.max(at + delayMs, this.#downAt);
      if (at < this.#preemptAt) this.#restart(at, intervalMs, 3);
      return;
    }
    this.#preemptAt = null;
    this.#restart(at, intervalMs, 3);
  }

  #preempts(priority: number): boolean {
    return priority < this.#priority && (this.#station.config.preempt || this.#priority === OWNER);
  }

  #enterBackup(at: number, intervalMs: number, intervals: 1 | 3): void {
    this.#role = 'BACKUP';
    this.#preemptAt = null;
    this.#activePriority = null;
    this.#isResuming = intervals === 1;
    this.#restart(at, intervalMs, intervals);
  }

  #restart(at: number, intervalMs: number, intervals: 1 | 3): void {
    const { version, advertisementIntervalMs } = this.#station.config;
    this.#learntMs = version === 3 ? intervalMs : advertisementIntervalMs;
    this.#downAt = at + intervals * this.#learntMs + this.#skewMs(this.#priority);
  }

  #skewMs(priority: number): number {
    return ((256 - priority) / 256) * (this.#station.config.version === 3 ? this.#learntMs : 1000);
  }

  /** A timer that runs gets the other skew; who falls below an Active Router that it meant to replace, obeys it. */
  #reprioritise(priority: number): void {
    const { now } = this.#station.machine;
    const stoodAbove = this.#activePriority !== null && this.#preempts(this.#activePriority);
    const moved = this.#skewMs(priority) - this.#skewMs(this.#priority);
    this.#priority = priority;
    if (this.#role !== 'BACKUP') return;
    this.#downAt = Math.max(now, this.#downAt + moved);
    if (!stoodAbove || this.#activePriority === null || this.#preempts(this.#activePriority)) return;
    this.#preemptAt = null;
    this.#restart(now, this.#learntMs, 3);
  }

  /** The timer goes on from its deadline, so that lateness does not add up; what was missed for long is not made up for. */
  #advertised(at: number): void {
    if (at < this.#adverAt - EPSILON_MS) return;
    this.firedAt = this.#station.machine.network.now;
    const { advertisementIntervalMs } = this.#station.config;
    const next = this.#adverAt + advertisementIntervalMs;
    this.#adverAt = next <= at ? at + advertisementIntervalMs : next;
  }

  #activeAt(): number {
    const at = Math.min(this.#downAt, this.#preemptAt ?? Number.POSITIVE_INFINITY);
    return this.#isResuming ? at : Math.max(at, this.#station.machine.holdUntil);
  }

  #changed(before: Role | null, role: Role | null): void {
    const station = this.#station;
    const { config, machine, name, advertisedAt, advertisedPriority } = station;
    const { now } = machine;
    const saidGoodbye = advertisedAt === now && advertisedPriority === 0;
    this.#role = role;
    switch (role) {
      case 'BACKUP': {
        // Another member of its group lost against another machine, or leaves.
        const isWithGroup = machine.isGrouped && saidGoodbye;
        assert.ok(before !== 'MASTER' || isWithGroup, `${name} left MASTER without a reason`);
        this.#enterBackup(now, config.advertisementIntervalMs, station.isResuming ? 1 : 3);
        if (this.#priority === OWNER) this.#downAt = now;
        return;
      }
      case 'MASTER':
        this.#becameActive(before);
        return;
      case 'LEAVING':
        assert.ok(before === 'MASTER' && saidGoodbye, `${name} leaves without priority 0`);
        this.#leftAt = now;
        return;
      case 'FAULT': {
        assert.ok(before !== 'MASTER' || saidGoodbye, `${name} goes without priority 0`);
        const mates = machine.isGrouped ? machine.stations : [station];
        assert.ok(
          mates.some(({ isAble }) => !isAble),
          `${name} is in FAULT without a reason`,
        );
        return;
      }
      default:
        return;
    }
  }

  #becameActive(before: Role | null): void {
    const { machine, config, name, advertisedAt, advertisedPriority, announcements, inbox, sent } = this.#station;
    const { now } = machine;
    // A late backup hears what waits before it believes its timer; a group only what waits for the one that is late.
    const isDeaf = !machine.isGrouped && inbox.some(({ message, isGarbage }) => !isGarbage && message.data[2] !== 0);
    assert.ok(!isDeaf, `${name} is Active although an advertisement waits`);
    if (before === 'BACKUP') {
      const earlyMs = this.#activeAt() - now;
      assert.ok(earlyMs <= EPSILON_MS, `${name} is Active ${earlyMs} ms too early`);
    } else {
      assert.equal(this.#priority, OWNER, `${name} went from ${before} to MASTER`);
      assert.ok(now >= machine.holdUntil, `${name} is Active in its startup delay`);
    }
    assert.ok(advertisedAt === now && advertisedPriority === this.#priority, `${name} does not advertise`);
    assert.ok(announcements > this.#announcements, `${name} does not announce its addresses`);
    this.#announcements = announcements;
    this.firedAt = machine.network.now;
    this.#sent = sent;
    this.#adverAt = now + config.advertisementIntervalMs;
  }

  #deadline(): number {
    const { machine } = this.#station;
    switch (this.#role) {
      case 'BACKUP':
        // In a group it waits for the others.
        return machine.isGrouped ? Number.POSITIVE_INFINITY : machine.realTime(this.#activeAt());
      case 'MASTER':
        return machine.realTime(this.#adverAt);
      case 'LEAVING':
        return machine.realTime(this.#leftAt + MOST_LEAVE_MS);
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  #read({ data, source, arrivedAt }: ReceivedMessage): Advert {
    const { now } = this.#station.machine;
    const at = arrivedAt !== null && now - arrivedAt <= OLDEST_ARRIVAL_MS ? arrivedAt : now;
    const intervalMs = (((data[4] ?? 0) & 0x0f) * 256 + (data[5] ?? 0)) * 10;
    return { priority: data[2] ?? 0, intervalMs, source, at };
  }

  #is(expected: Role, when: string): void {
    const { role, name, machine } = this.#station;
    // Its group moves it too: look() tells whether that was right.
    assert.ok(role === expected || (machine.isGrouped && expected === 'BACKUP'), `${name} is ${role} ${when}`);
  }
}
