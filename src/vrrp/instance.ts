/**
 * One virtual router at work: feeds the state machine, performs its effects in order, counts. It owns no clock, no socket
 * and no timer: those come in through `InstancePorts`, so that the same code runs in the VRRP process, on a simulated LAN
 * and in tests.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes, formatAddress } from '../net/ip.ts';
import { assertNever } from '../util/assert-never.ts';
import { expectedOf } from './expected.ts';
import {
  deadline,
  type Effect,
  type Event,
  INITIAL,
  type Reason,
  type RouterParameters,
  type State,
  type StateName,
  step,
} from './fsm.ts';
import type { InstancePorts, LinkState } from './instance-ports.ts';
import type { Role, RouterReport } from './messages.ts';
import { Observations } from './observations.ts';
import type { DecodedAdvert } from './packet.ts';
import { PrebuiltAdverts } from './prebuilt.ts';
import { checksumToSend, type Expected, hasSameAddresses, type ReceivedMessage, type Refusal } from './receive.ts';
import { explainRefusal } from './refusals.ts';
import { type Millis, plausibleArrival } from './timers.ts';

/** A kernel that refused the addresses is asked again after this long. */
const CLAIM_RETRY_MS = 1000;

/** The part of a report that the instance knows itself; the rest is the machine's. */
export type InstanceReport = Omit<RouterReport, 'sinceMs' | 'virtualAddresses'>;

export class VirtualRouterInstance {
  #config: VirtualRouterConfig;
  readonly #ports: InstancePorts;
  #state: State = INITIAL;
  #stopping = false;
  #fault: string | null = 'not started';
  #retryAt: Millis | null = null;
  #reason: string = 'startup';
  #primaryAddress: Uint8Array | null = null;
  #expected: Expected;
  readonly #seen = new Observations();
  readonly #prebuilt = new PrebuiltAdverts();

  constructor(config: VirtualRouterConfig, ports: InstancePorts) {
    this.#config = config;
    this.#ports = ports;
    this.#expected = expectedOf(config);
  }

  get config(): VirtualRouterConfig {
    return this.#config;
  }

  /** What receive.ts is to check advertisements against. */
  get expected(): Expected {
    return this.#expected;
  }

  get stateName(): StateName {
    return this.#state.name;
  }

  /** Whether the virtual addresses ought to be on the interface now. */
  get ownsAddresses(): boolean {
    return this.#state.name === 'active' || this.#state.name === 'leaving';
  }

  /** Whether the addresses may be on the interface now: ours, or found there at start. */
  get mayHoldAddresses(): boolean {
    return this.ownsAddresses || (this.#state.name === 'backup' && this.#state.holdsAddresses);
  }

  /** When `tick` is due next. */
  get dueAt(): Millis | null {
    return deadline(this.#state) ?? this.#retryAt;
  }

  get role(): Role {
    return roleOf(this.#state, this.#stopping);
  }

  /** A reload that keeps interface, family, identifier and transport: state and timers stay. */
  reconfigure(config: VirtualRouterConfig): void {
    this.#config = config;
    this.#expected = expectedOf(config);
    this.#prebuilt.clear();
  }

  /** The interface went up or down, or got or lost its address. */
  setLink(link: LinkState): void {
    if (link.fault !== null) {
      const news = link.fault !== this.#fault;
      this.#fault = link.fault;
      this.#retryAt = null;
      if (this.#state.name !== 'initialize') this.#feed({ type: 'fault' });
      else if (news) this.#notify('initialize', 'fault');
      this.#ports.wakeAt(this.dueAt); // no claim is repeated without a link
      return;
    }
    if (this.#primaryAddress === null || compareBytes(this.#primaryAddress, link.primaryAddress) !== 0)
      this.#prebuilt.clear();
    this.#primaryAddress = link.primaryAddress;
    if (this.#state.name !== 'initialize' || this.#stopping || this.#retryAt !== null) return;
    this.#fault = null;
    this.#feed({ type: 'startup', holdsAddresses: link.holdsAddresses });
  }

  /** An advertisement that passed every check of receive.ts. `arrivedAt` null: now. */
  receive(advert: DecodedAdvert, source: Uint8Array, arrivedAt: Millis | null = null): void {
    const at = plausibleArrival(arrivedAt, this.#ports.now());
    const intervalMs = advert.maxAdvertiseIntervalCs * 10;
    this.#notePeer(advert, source, at);
    this.#feed({ type: 'advert', source, priority: advert.priority, maxAdvertiseIntervalMs: intervalMs }, at);
  }

  /** A message that named this virtual router and was refused. */
  refuse(refusal: Refusal, message: ReceivedMessage): void {
    if (!this.#seen.refused(refusal, this.#ports.now())) return;
    const why = explainRefusal(refusal, message, this.#expected);
    if (why !== null) this.#ports.log('warn', `${this.#config.name}: ${why}`);
  }

  /** The timer is due. Early calls are harmless. */
  tick(): void {
    const now = this.#ports.now();
    const due = deadline(this.#state);
    if (due !== null && now >= due) this.#seen.late(now - due);
    if (this.#retryAt !== null && now >= this.#retryAt) {
      this.#retryClaim();
      return;
    }
    this.#feed({ type: 'tick' });
  }

  /** Hands over (make before break) and does not start again. */
  shutdown(): void {
    this.#stopping = true;
    this.#retryAt = null;
    this.#feed({ type: 'shutdown' });
  }

  report(): InstanceReport {
    const { name, interface: interfaceName, version, family, vrid, priority } = this.#config;
    const { advertisementIntervalMs, preempt } = this.#config;
    return {
      name,
      interface: interfaceName,
      version,
      family,
      vrid,
      priority,
      effectivePriority: priority,
      advertisementIntervalMs,
      preempt,
      role: this.role,
      reason: this.#reason,
      fault: this.#state.name === 'initialize' ? this.#fault : null,
      primaryAddress: this.#primaryAddress === null ? null : formatAddress(this.#primaryAddress),
      ...this.#seen.report(this.#ports.now()),
    };
  }

  #feed(event: Event, at: Millis = this.#ports.now()): void {
    const { state, effects } = step(this.#parameters(), this.#state, event, at);
    this.#state = state;
    for (const effect of effects) {
      if (!this.#perform(effect)) {
        this.#retryAt = this.#ports.now() + CLAIM_RETRY_MS;
        this.#feed({ type: 'fault' }); // never Active without the addresses
        return;
      }
    }
    this.#ports.wakeAt(this.dueAt);
  }

  /** Takes part again only when the kernel grants the addresses: each attempt as Active would take them from a peer. */
  #retryClaim(): void {
    const claimed = this.#ports.claim();
    this.#ports.release();
    if (!claimed.ok) {
      this.#fault = claimed.error;
      this.#retryAt = this.#ports.now() + CLAIM_RETRY_MS;
      this.#ports.wakeAt(this.dueAt);
      return;
    }
    this.#retryAt = null;
    this.#fault = null;
    this.#feed({ type: 'startup', holdsAddresses: false });
  }

  /** False: the kernel refused the addresses. */
  #perform(effect: Effect): boolean {
    switch (effect.do) {
      case 'send-advert':
        this.#sendAdvert(effect.priority);
        return true;
      case 'claim-vips': {
        const claimed = this.#ports.claim();
        if (!claimed.ok) {
          this.#fault = claimed.error;
          this.#ports.log('warn', `${this.#config.name}: ${claimed.error}; handing over and trying again`);
          return false;
        }
        this.#ports.announce();
        return true;
      }
      case 'announce-vips':
        this.#ports.announce();
        return true;
      case 'release-vips':
        this.#ports.release();
        return true;
      case 'notify':
        this.#notify(effect.state, effect.reason);
        return true;
      default:
        return assertNever(effect);
    }
  }

  #notify(state: StateName, reason: Reason): void {
    if (state === 'active') this.#seen.becameMaster();
    this.#reason = reason === 'fault' ? (this.#fault ?? reason) : reason;
    this.#ports.changed(this.role, this.#reason);
  }

  /** Builds the advertisement that a take-over sends, so that it only needs to be sent then. */
  prepare(): void {
    this.#advert(this.#config.priority);
  }

  #sendAdvert(priority: number): void {
    const message = this.#advert(priority);
    if (message === null) return;
    this.#ports.send(message);
    this.#seen.sent(priority);
  }

  #advert(priority: number): Uint8Array | null {
    const form = checksumToSend(this.#config.checksum, this.#seen.peerForm);
    return this.#prebuilt.advert(this.#config, priority, form, this.#ports.envelope());
  }

  #notePeer(advert: DecodedAdvert, source: Uint8Array, heardAt: Millis): void {
    const { name, family, checksum } = this.#config;
    const form = advert.checksumForm;
    if (form !== null && form !== this.#seen.peerForm && family === 4 && form !== checksumToSend(checksum, null)) {
      this.#ports.log('info', `${name}: ${formatAddress(source)} sends the ${form} form of the checksum`);
    }
    this.#seen.heard(advert, source, heardAt);
    if (!hasSameAddresses(advert, this.#expected.addresses) && this.#seen.otherAddresses()) {
      const theirs = advert.addresses.map((address) => formatAddress(address)).join(', ');
      this.#ports.log('warn', `${name}: ${formatAddress(source)} advertises other addresses: ${theirs}`);
    }
  }

  #parameters(): RouterParameters {
    const { version, priority, advertisementIntervalMs, preempt } = this.#config;
    const primaryAddress = this.#primaryAddress ?? new Uint8Array(this.#config.family === 4 ? 4 : 16);
    return { version, priority, advertisementIntervalMs, preempt, primaryAddress };
  }
}

function roleOf(state: State, stopping: boolean): Role {
  switch (state.name) {
    case 'initialize':
      return stopping ? 'STOPPED' : 'FAULT';
    case 'backup':
      return 'BACKUP';
    case 'active':
      return 'MASTER';
    case 'leaving':
      return 'LEAVING';
    default:
      return assertNever(state);
  }
}
