/** Whether a virtual router can take part, and how: interface, tracked objects, kernel, sync group, configuration. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { compareBytes, formatAddress } from '../net/ip.ts';
import type { RouterParameters } from './fsm-types.ts';
import type { LinkState } from './instance-ports.ts';
import type { RouterReport } from './messages.ts';
import type { Millis } from './timers.ts';
import { type Assessment, effectivePriorityOf, UNTRACKED } from './tracking.ts';
import { type Situation, whyNotMaster } from './why-not-master.ts';

/** What does not change with the state. */
type StandingReport = Pick<
  RouterReport,
  | 'name'
  | 'interface'
  | 'version'
  | 'family'
  | 'vrid'
  | 'priority'
  | 'effectivePriority'
  | 'tracks'
  | 'group'
  | 'advertisementIntervalMs'
  | 'preempt'
  | 'preemptDelayMs'
  | 'primaryAddress'
>;

/** The fault of a virtual router whose interface was not looked at yet: no state to tell anybody. */
export const NOT_STARTED = 'not started';
/** A kernel that refused the addresses is asked again after this long. */
const CLAIM_RETRY_MS = 1000;

export class Standing {
  /** Why the sync group keeps it back; null: it does not. */
  hold: string | null = null;
  #config: VirtualRouterConfig;
  #link: LinkState = { fault: NOT_STARTED };
  #primaryAddress: Uint8Array | null = null;
  #tracking: Assessment = UNTRACKED;
  /** What the kernel said when it refused the addresses, and when it is asked again; null: it did not. */
  #refusal: { readonly error: string; readonly retryAt: Millis } | null = null;
  #holdUntil: Millis = 0;
  #isGrouped = false;
  /** Null: something in them has changed. */
  #parameters: RouterParameters | null = null;

  constructor(config: VirtualRouterConfig) {
    this.#config = config;
  }

  get config(): VirtualRouterConfig {
    return this.#config;
  }

  get tracking(): Assessment {
    return this.#tracking;
  }

  /** With the weights of what is tracked. */
  get effectivePriority(): number {
    return effectivePriorityOf(this.#config.priority, this.#tracking.adds);
  }

  /** Why this one itself cannot take part; null: it can. */
  get ownFault(): string | null {
    return this.#link.fault ?? this.#tracking.fault ?? this.#refusal?.error ?? null;
  }

  get fault(): string | null {
    return this.ownFault ?? this.hold;
  }

  /** When the kernel is asked again for the addresses; null: no need. */
  get retryAt(): Millis | null {
    return this.#refusal?.retryAt ?? null;
  }

  /** The same object until something changes: nothing is built for an advertisement. */
  get parameters(): RouterParameters {
    const { version, family, advertisementIntervalMs, preempt, preemptDelayMs } = this.#config;
    this.#parameters ??= {
      version,
      priority: this.effectivePriority,
      advertisementIntervalMs,
      preempt,
      preemptDelayMs,
      holdUntil: this.#holdUntil,
      grouped: this.#isGrouped,
      unyieldingUntil: 0,
      primaryAddress: this.#primaryAddress ?? new Uint8Array(family === 4 ? 4 : 16),
    };
    return this.#parameters;
  }

  report(): StandingReport {
    const { name, interface: interfaceName, version, family, vrid, priority, group } = this.#config;
    const { advertisementIntervalMs, preempt, preemptDelayMs } = this.#config;
    return {
      name,
      interface: interfaceName,
      version,
      family,
      vrid,
      priority,
      effectivePriority: this.effectivePriority,
      tracks: this.#tracking.tracks,
      group,
      advertisementIntervalMs,
      preempt,
      preemptDelayMs,
      primaryAddress: this.#primaryAddress === null ? null : formatAddress(this.#primaryAddress),
    };
  }

  /** In words; null: it is MASTER. */
  whyNotMaster(now: Omit<Situation, 'parameters' | 'fault' | 'priority' | 'tracks'>): string | null {
    const { parameters, fault } = this;
    return whyNotMaster({ ...now, parameters, fault, priority: this.#config.priority, tracks: this.#tracking.tracks });
  }

  configure(config: VirtualRouterConfig): void {
    this.#config = config;
    this.#parameters = null;
  }

  /** True: it sends from another address now. */
  setLink(link: LinkState): boolean {
    this.#link = link;
    if (link.fault !== null) {
      this.#refusal = null; // no claim is repeated without a link
      return false;
    }
    if (this.#primaryAddress !== null && compareBytes(this.#primaryAddress, link.primaryAddress) === 0) return false;
    this.#primaryAddress = link.primaryAddress;
    this.#parameters = null;
    return true;
  }

  setTracking(assessment: Assessment): void {
    this.#tracking = assessment;
    if (assessment.fault !== null) this.#refusal = null;
    this.#parameters = null;
  }

  setGrouped(isGrouped: boolean): void {
    this.#isGrouped = isGrouped;
    this.#parameters = null;
  }

  /** Startup delay. */
  setHoldUntil(at: Millis): void {
    this.#holdUntil = at;
    this.#parameters = null;
  }

  refused(error: string, now: Millis): void {
    this.#refusal = { error, retryAt: now + CLAIM_RETRY_MS };
  }

  forgetRefusal(): void {
    this.#refusal = null;
  }

  /** Whether the addresses are there from before the start. Asked once: afterwards they come and go with the state. */
  takeFoundAddresses(): boolean {
    if (this.#link.fault !== null) return false;
    const { holdsAddresses } = this.#link;
    this.#link = { ...this.#link, holdsAddresses: false };
    return holdsAddresses;
  }
}
