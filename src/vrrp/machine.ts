/**
 * The state machine of one virtual router with its state: takes events, performs the effects in their order. When many routers
 * take over in one moment, the addresses of one wait for the advertisements of the others: those are what neighbours wait
 * for. Pure.
 */
import { assertNever } from '../util/assert-never.ts';
import type { Conversation } from './conversation.ts';
import { deadline, step } from './fsm.ts';
import { type Effect, type Event, INITIAL, type Reason, type RouterParameters, type State } from './fsm-types.ts';
import type { InstancePorts } from './instance-ports.ts';
import type { Role } from './messages.ts';
import type { Millis } from './timers.ts';

/** What it needs of the virtual router it belongs to. */
export interface MachineOwner {
  readonly ports: InstancePorts;
  readonly conversation: Conversation;
  /** For this event; the same object again and again, as far as possible. */
  parameters(event: Event): RouterParameters;
  /** In Backup, and listens to an Active Router. */
  isObeying(state: State): boolean;
  entered(state: State['name'], reason: Reason): void;
  /** The kernel said no to the addresses, in words; a fault follows. */
  refused(error: string): void;
  /** Everything is done, and it is something that concerns a sync group. */
  moved(): void;
  /** What had waited for other routers' advertisements is done: deadlines may be other ones. */
  caughtUp(): void;
}

/** What was to be performed, and what the router was before. */
interface Performance {
  readonly effects: readonly Effect[];
  readonly at: Millis;
  readonly before: State['name'];
  readonly isReady: boolean;
  readonly isObeying: boolean;
  /** The sync group decides on all members at once: none of them waits. */
  readonly isGrouped: boolean;
}

export class Machine {
  readonly #owner: MachineOwner;
  #state: State = INITIAL;
  /** Effects that still wait; nothing else happens to the router before they are done. */
  #unfinished: (() => void) | null = null;

  constructor(owner: MachineOwner) {
    this.#owner = owner;
  }

  get state(): State {
    return this.#state;
  }

  /** When `tick` is due; null: nothing is pending. */
  dueAt(holdUntil: Millis): Millis | null {
    return deadline(this.#state, holdUntil);
  }

  get isReady(): boolean {
    return this.#state.name === 'backup' && this.#state.ready !== null;
  }

  get isObeying(): boolean {
    return this.#owner.isObeying(this.#state);
  }

  /** Whether the virtual addresses ought to be on the interface now. */
  get ownsAddresses(): boolean {
    return this.#state.name === 'active' || this.#state.name === 'leaving';
  }

  /** Whether the addresses may be on the interface now: ours, or found there at start. */
  get mayHoldAddresses(): boolean {
    return this.ownsAddresses || (this.#state.name === 'backup' && this.#state.holdsAddresses);
  }

  feed(event: Event, at: Millis): void {
    this.#unfinished?.();
    const before = this.#state.name;
    const { isReady, isObeying } = this;
    const parameters = this.#owner.parameters(event);
    const { state, effects } = step(parameters, this.#state, event, at);
    this.#state = state;
    this.#performAll({ effects, at, before, isReady, isObeying, isGrouped: parameters.grouped }, 0);
  }

  #performAll(performance: Performance, from: number): void {
    const { effects, at, before, isReady, isObeying, isGrouped } = performance;
    for (let i = from; i < effects.length; i++) {
      const effect = effects[i];
      if (effect === undefined) continue;
      if (effect.do === 'claim-vips' && i > from && !isGrouped) {
        this.#putOff(performance, i);
        return;
      }
      if (this.#perform(effect)) continue;
      this.feed({ type: 'fault' }, at); // never Active without the addresses
      return;
    }
    if (this.#state.name !== before || isReady !== this.isReady || isObeying !== this.isObeying) this.#owner.moved();
  }

  /** The rest waits for the advertisements of other routers. */
  #putOff(performance: Performance, from: number): void {
    const goOn = (): void => {
      if (this.#unfinished !== goOn) return;
      this.#unfinished = null;
      this.#performAll(performance, from);
      this.#owner.caughtUp();
    };
    this.#unfinished = goOn;
    this.#owner.ports.afterAdverts(goOn);
  }

  /** False: the kernel refused the addresses. */
  #perform(effect: Effect): boolean {
    const { ports, conversation } = this.#owner;
    switch (effect.do) {
      case 'send-advert':
        conversation.advertise(effect.priority);
        return true;
      case 'claim-vips': {
        const claimed = ports.claim();
        if (claimed.ok) ports.announce('take-over');
        else this.#owner.refused(claimed.error);
        return claimed.ok;
      }
      case 'announce-vips':
        ports.announce('lower-priority');
        return true;
      case 'release-vips':
        ports.release();
        return true;
      case 'notify':
        this.#owner.entered(effect.state, effect.reason);
        return true;
      default:
        return assertNever(effect);
    }
  }
}

/** Towards operators and scripts. */
export function roleOf(state: State, isStopping: boolean): Role {
  switch (state.name) {
    case 'initialize':
      return isStopping ? 'STOPPED' : 'FAULT';
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
