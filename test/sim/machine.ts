/** One machine on the simulated network: a clock of its own, and the process that runs its virtual routers. */
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import { SyncGroups } from '../../src/vrrp/sync-group.ts';
import { TrackBoard } from '../../src/vrrp/track-board.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import type { MachinePlan } from './schedule.ts';
import { Station } from './station.ts';

/** The script that the virtual routers track, if they do. */
export const SCRIPT = 'check';

/** What a machine needs of the network it is on. */
export interface Network {
  /** Real time. */
  readonly now: number;
  transmit(from: Station, message: ReceivedMessage): void;
  note(text: string): void;
  /** Has `act` done by the process of `machine` after a moment, once it no longer hangs. */
  soon(machine: Machine, act: () => void): void;
}

export class Machine {
  readonly network: Network;
  readonly plan: MachinePlan;
  readonly name: string;
  readonly stations: readonly Station[];
  /** A process that hangs neither reads nor fires until then, in real time. */
  hangsUntil = 0;
  hangsSince = 0;
  /** One that waits on the clock neither; it goes on by itself. */
  waitsUntil = 0;
  /** How many faults keep the process away, and the tracked script down. */
  absences = 0;
  scriptFaults = 0;
  /** What the process knows of that. */
  isScriptDown = false;
  /** End of the startup delay, on its clock. */
  holdUntil = 0;
  #groups: SyncGroups | null = null;
  #board = new TrackBoard();
  #isStopping = false;
  #isTold = false;
  /** A timer of a machine fires when its clock shows the time, whatever the arithmetic says. */
  #reached = Number.NEGATIVE_INFINITY;

  constructor(network: Network, plan: MachinePlan) {
    this.network = network;
    this.plan = plan;
    this.name = plan.name;
    this.stations = plan.stations.map((station, link) => new Station(this, link, station));
  }

  /** What its clock shows. */
  get now(): number {
    return Math.max(this.#reached, this.clockAt(this.network.now));
  }

  get isRunning(): boolean {
    return this.stations.some(({ router }) => router !== null);
  }

  get isGrouped(): boolean {
    return this.stations[0]?.config.group !== null;
  }

  /** In real time: until then nothing is read and no timer fires. */
  get busyUntil(): number {
    return Math.max(this.hangsUntil, this.waitsUntil);
  }

  /** On its clock: since then it hung, if it does so or has just ended to. */
  get frozenSince(): number {
    return this.hangsUntil >= this.network.now ? this.clockAt(this.hangsSince) : this.now;
  }

  /** The process does nothing until then, in real time. */
  hang(until: number): void {
    if (this.hangsUntil < this.network.now) this.hangsSince = this.network.now;
    this.hangsUntil = Math.max(this.hangsUntil, until);
  }

  /** From real time to its clock, and back. */
  clockAt(realMs: number): number {
    return this.plan.clockStartMs + realMs * this.plan.clockRate;
  }

  realTime(clockMs: number): number {
    return (clockMs - this.plan.clockStartMs) / this.plan.clockRate;
  }

  /** Its clock shows at least `clockMs`. */
  reach(clockMs: number): void {
    if (clockMs - this.clockAt(this.network.now) < 0.001) this.#reached = Math.max(this.#reached, clockMs);
  }

  /** The last reason to be away is gone. */
  start(): void {
    if (this.absences > 0 || (this.isRunning && !this.#isStopping)) return;
    if (this.isRunning) this.crash('process'); // it is still leaving: systemd kills it
    this.#isStopping = false;
    this.network.note(`${this.name} starts`);
    this.holdUntil = this.now + this.plan.startupDelayMs;
    const groups = new SyncGroups((group, role, reason) => this.network.note(`${group} ${role} (${reason})`));
    this.#groups = groups;
    this.#board = new TrackBoard();
    this.#tellBoard();
    groups.together(() => {
      const routers = this.stations.map((station) => station.create());
      groups.arrange(routers);
      for (const router of routers) router.holdUntil(this.holdUntil);
      this.#tellTracking();
      for (const station of this.stations) station.tellLink();
    });
    this.#settleAddresses();
  }

  /** `loses`: the machine went too, and its addresses with it. */
  crash(loses: 'process' | 'machine'): void {
    this.hangsUntil = 0;
    this.waitsUntil = 0;
    for (const station of this.stations) {
      station.crash();
      if (loses === 'machine') station.holdsAddresses = false;
    }
    this.network.note(`${this.name} lost its ${loses}`);
  }

  /** A planned stop. */
  stop(): void {
    if (!this.isRunning || this.#isStopping) return;
    this.#isStopping = true;
    this.network.note(`${this.name} is stopped`);
    for (const { router } of this.stations) router?.shutdown();
  }

  /** The kernel tells the process of changed addresses, its own changes too. */
  addressesChanged(): void {
    if (this.#isTold || !this.isRunning) return;
    this.#isTold = true;
    this.network.soon(this, () => {
      this.#isTold = false;
      if (this.isRunning) this.lookAround();
    });
  }

  /** Interfaces went up or down. */
  lookAround(): void {
    this.#groups?.together(() => {
      for (const station of this.stations) station.tellLink();
    });
    this.#settleAddresses();
  }

  /** The tracked script changed its mind. */
  lookAtScript(): void {
    if (!this.isRunning || this.#isStopping) return;
    this.#tellBoard();
    this.#groups?.together(() => this.#tellTracking());
    this.#settleAddresses();
  }

  /** What the main process does when the VRRP process does not come back in time. */
  releaseForDeadProcess(): void {
    if (this.isRunning) return;
    for (const station of this.stations) station.holdsAddresses = false;
  }

  #tellBoard(): void {
    this.isScriptDown = this.scriptFaults > 0;
    const state: TrackState = this.isScriptDown ? { kind: 'down', reason: 'exit code 1' } : { kind: 'up' };
    this.#board.tell({ [`script ${SCRIPT}`]: state });
  }

  #tellTracking(): void {
    for (const { router, config } of this.stations) {
      router?.setTracking(this.#board.assess(config.tracks, () => ({ kind: 'up' }), this.now));
    }
  }

  #settleAddresses(): void {
    for (const station of this.stations) station.settleAddresses();
  }
}
