/**
 * One virtual router at work: feeds the state machine, performs its effects in order, counts. It owns no clock, no socket
 * and no timer: those come in through `InstancePorts`, so that the same code runs in the VRRP process, on a simulated LAN
 * and in tests.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import type { BelongingsReport } from './belongings-report.ts';
import { Conversation } from './conversation.ts';
import { isObeying } from './fsm-backup.ts';
import type { Event, Reason, RouterParameters, StateName } from './fsm-types.ts';
import type { InstancePorts, LinkState } from './instance-ports.ts';
import { Machine, roleOf } from './machine.ts';
import type { Role, RouterReport } from './messages.ts';
import type { DecodedAdvert } from './packet.ts';
import type { Expected, ReceivedMessage, Refusal } from './receive.ts';
import { NOT_STARTED, Standing } from './standing.ts';
import type { GroupMember, SyncGroup } from './sync-group.ts';
import { type Millis, plausibleArrival } from './timers.ts';
import type { Assessment } from './tracking.ts';

/** The part of a report that the instance knows itself; the rest is the machine's. */
export type InstanceReport = Omit<RouterReport, 'sinceMs' | 'conflicts' | keyof BelongingsReport>;

export class VirtualRouterInstance implements GroupMember {
  readonly #ports: InstancePorts;
  readonly #machine: Machine;
  readonly #standing: Standing;
  #stopping = false;
  /** The fault that was told last. */
  #told: string | null = NOT_STARTED;
  #group: SyncGroup | null = null;
  #wonAt: Millis = Number.NEGATIVE_INFINITY;
  #reason: string = 'startup';
  readonly #conversation: Conversation;

  constructor(config: VirtualRouterConfig, ports: InstancePorts) {
    this.#standing = new Standing(config);
    this.#ports = ports;
    this.#conversation = new Conversation(config, ports);
    this.#machine = new Machine({
      ports,
      conversation: this.#conversation,
      parameters: (event) => this.#parameters(event),
      isObeying: (state) => isObeying(this.#standing.parameters, state),
      entered: (state, reason) => this.#notify(state, reason),
      refused: (error) => this.#refused(error),
      moved: () => this.#group?.settle(),
      caughtUp: () => this.#ports.wakeAt(this.dueAt),
    });
  }

  get config(): VirtualRouterConfig {
    return this.#standing.config;
  }

  /** What receive.ts is to check advertisements against. */
  get expected(): Expected {
    return this.#conversation.expected;
  }

  get stateName(): StateName {
    return this.#machine.state.name;
  }

  /** Whether the virtual addresses ought to be on the interface now. */
  get ownsAddresses(): boolean {
    return this.#machine.ownsAddresses;
  }

  /** Whether the addresses may be on the interface now: ours, or found there at start. */
  get mayHoldAddresses(): boolean {
    return this.#machine.mayHoldAddresses;
  }

  /** When `tick` is due next. */
  get dueAt(): Millis | null {
    return this.#machine.dueAt(this.#standing.parameters.holdUntil) ?? this.#standing.retryAt;
  }

  get role(): Role {
    return roleOf(this.#machine.state, this.#stopping);
  }

  get reason(): string {
    return this.#reason;
  }

  /** With the weights of what is tracked. */
  get effectivePriority(): number {
    return this.#standing.effectivePriority;
  }

  get ownFault(): string | null {
    return this.#standing.ownFault;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  get isReady(): boolean {
    return this.#machine.isReady;
  }

  get isObeying(): boolean {
    return this.#machine.isObeying;
  }

  get wonAt(): Millis {
    return this.#wonAt;
  }

  /** Moves it to a sync group, or out of one. */
  join(group: SyncGroup | null): void {
    if (group === this.#group) return;
    this.#group = group;
    this.#standing.setGrouped(group !== null);
    if (group !== null) return;
    this.settle(null);
    this.takeOver(); // if it only waited for the others
  }

  /** Startup delay: until then it does not become Active. */
  holdUntil(at: Millis): void {
    this.#standing.setHoldUntil(at);
    this.#ports.wakeAt(this.dueAt);
  }

  /** A reload that keeps interface, family, identifier and transport: state and timers stay. */
  reconfigure(config: VirtualRouterConfig): void {
    const before = this.effectivePriority;
    this.#standing.configure(config);
    this.#conversation.reconfigure(config);
    this.#priorityChanged(before);
  }

  /** The interface went up or down, or got or lost its address. */
  setLink(link: LinkState): void {
    if (this.#standing.setLink(link)) this.#conversation.moved();
    this.#reconsider();
  }

  /** Tracked objects went up or down. */
  setTracking(assessment: Assessment): void {
    const before = this.effectivePriority;
    this.#standing.setTracking(assessment);
    this.#priorityChanged(before);
    this.#reconsider();
  }

  settle(hold: string | null): void {
    this.#standing.hold = hold;
    const { fault } = this.#standing;
    if (fault !== null) {
      if (this.#machine.state.name !== 'initialize') this.#feed({ type: 'fault' });
      else if (fault !== this.#told && !this.#stopping) this.#notify('initialize', 'fault');
      this.#ports.wakeAt(this.dueAt);
    } else if (this.#machine.state.name === 'initialize' && !this.#stopping) {
      this.#told = null;
      this.#feed({ type: 'startup', holdsAddresses: this.#standing.takeFoundAddresses() });
    }
  }

  takeOver(): void {
    this.#feed({ type: 'take-over' });
  }

  yield(): void {
    this.#feed({ type: 'yield' });
  }

  /** A faster detector (BFD) lost the Active Router. */
  peerLost(): void {
    this.#feed({ type: 'peer-lost' });
  }

  /** An advertisement that passed every check of receive.ts. `arrivedAt` null: now. */
  receive(advert: DecodedAdvert, source: Uint8Array, arrivedAt: Millis | null = null): void {
    const at = plausibleArrival(arrivedAt, this.#ports.now());
    const intervalMs = advert.maxAdvertiseIntervalCs * 10;
    this.#conversation.heard(advert, source, this.effectivePriority, at);
    const wasActive = this.#machine.state.name === 'active';
    this.#feed({ type: 'advert', source, priority: advert.priority, maxAdvertiseIntervalMs: intervalMs }, at);
    if (!wasActive || advert.priority === 0) return;
    const { stateName } = this;
    if (stateName === 'active') this.#wonAt = at;
    // Beyond the standard: the winner of a healed split need not have heard us; now it announces to those that know our MAC.
    else if (stateName === 'backup') this.#conversation.advertise(this.effectivePriority);
  }

  /** A message that named this virtual router and was refused. */
  refuse(refusal: Refusal, message: ReceivedMessage): void {
    this.#conversation.refused(refusal, message);
  }

  /** Builds the advertisement that a take-over sends, so that it only needs to be sent then. */
  prepare(): void {
    this.#conversation.prepare(this.effectivePriority);
  }

  /** The timer is due. Early calls are harmless. */
  tick(): void {
    const now = this.#ports.now();
    const due = this.#machine.dueAt(this.#standing.parameters.holdUntil);
    if (due !== null && now >= due) this.#conversation.late(now - due);
    const { retryAt } = this.#standing;
    if (retryAt !== null && now >= retryAt) {
      this.#retryClaim();
      return;
    }
    this.#feed({ type: 'tick' });
    this.#conversation.checkHealed(now);
  }

  /** Which machine another active router is; `mac` in text form. */
  identifyOther(source: Uint8Array, mac: string): void {
    this.#conversation.identifyOther(source, mac);
  }

  /** Hands over (make before break) and does not start again. */
  shutdown(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#standing.forgetRefusal();
    if (this.#machine.state.name === 'initialize') this.#notify('initialize', 'shutdown');
    this.#feed({ type: 'shutdown' });
    this.#group?.settle();
  }

  report(): InstanceReport {
    return {
      ...this.#standing.report(),
      role: this.role,
      reason: this.#reason,
      fault: this.#machine.state.name === 'initialize' ? this.#standing.fault : null,
      whyNotMaster: this.#standing.whyNotMaster({
        role: this.role,
        state: this.#machine.state,
        now: this.#ports.now(),
        peer: this.#conversation.peerAddress,
        waitsFor: this.#group?.waitsFor(this) ?? null,
      }),
      ...this.#conversation.report(this.#ports.now()),
    };
  }

  #feed(event: Event, at: Millis = this.#ports.now()): void {
    this.#machine.feed(event, at);
    this.#ports.wakeAt(this.dueAt);
  }

  /** Alone or as its sync group has it: takes part, or does not any more. */
  #reconsider(): void {
    if (this.#group === null) this.settle(null);
    else this.#group.settle();
  }

  #priorityChanged(before: number): void {
    if (this.effectivePriority !== before) this.#feed({ type: 'priority', before });
  }

  /** Takes part again only when the kernel grants the addresses: each attempt as Active would take them from a peer. */
  #retryClaim(): void {
    const claimed = this.#ports.claim();
    this.#ports.release();
    if (!claimed.ok) {
      this.#standing.refused(claimed.error, this.#ports.now());
      this.#ports.wakeAt(this.dueAt);
      return;
    }
    this.#standing.forgetRefusal();
    this.#standing.takeFoundAddresses(); // they were, for the attempt
    this.#reconsider();
  }

  #refused(error: string): void {
    this.#standing.refused(error, this.#ports.now());
    this.#ports.log('warn', `${this.config.name}: ${error}; handing over and trying again`);
  }

  #notify(state: StateName, reason: Reason): void {
    if (state === 'active') this.#conversation.becameActive(this.#ports.now());
    else this.#conversation.yielded();
    if (reason === 'fault') this.#told = this.#standing.fault;
    this.#reason = reason === 'fault' ? (this.#told ?? reason) : reason;
    this.#ports.changed(this.role, this.#reason);
  }

  #parameters(event: Event): RouterParameters {
    const { parameters } = this.#standing;
    if (this.#group === null || event.type !== 'advert' || this.stateName !== 'active') return parameters;
    return { ...parameters, unyieldingUntil: this.#group.unyieldingUntil(this, event, this.#ports.now()) };
  }
}
