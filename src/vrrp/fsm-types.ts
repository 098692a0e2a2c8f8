/** States, events and effects of the VRRP state machine (fsm.ts). Pure types. */
import type { Version } from './packet.ts';
import type { Millis } from './timers.ts';

/** What the machine needs to know of its virtual router. */
export interface RouterParameters {
  readonly version: Version;
  /** 255 = address owner. */
  readonly priority: number;
  readonly advertisementIntervalMs: number;
  /** An owner preempts in any case. */
  readonly preempt: boolean;
  /** How long an Active Router of lower priority is left alone; 0: RFC 9568. */
  readonly preemptDelayMs: number;
  /** The startup delay: until then it does not become Active. */
  readonly holdUntil: Millis;
  /** The sync group decides when it becomes Active: it waits in Backup, `ready`. */
  readonly grouped: boolean;
  /** Another member of the sync group has won against the same director a moment ago: until then this one does not yield. */
  readonly unyieldingUntil: Millis;
  /** Our own sending address, for the tie-break of section 6.4.3. */
  readonly primaryAddress: Uint8Array;
}

export type State =
  | { readonly name: 'initialize' }
  | {
      readonly name: 'backup';
      readonly activeAdverIntervalMs: number;
      /** Active_Down_Timer. */
      readonly activeDownAt: Millis;
      /** The addresses were in place at start and stay until another Active Router is heard. */
      readonly holdsAddresses: boolean;
      /** What the Active Router advertised last; null: none was heard, or it left. */
      readonly activePriority: number | null;
      /** End of the preempt delay; null: it does not run. */
      readonly preemptAt: Millis | null;
      /** Why it would be Active, if its sync group were; no timer runs then. */
      readonly ready: Reason | null;
    }
  | {
      readonly name: 'active';
      /** Adver_Timer. */
      readonly adverAt: Millis;
      /** Lower-priority advertisements are answered again from here on. */
      readonly assertFrom: Millis;
    }
  | { readonly name: 'leaving'; readonly releaseAt: Millis };

export type StateName = State['name'];

export type Backup = State & { readonly name: 'backup' };

/** Priority of the address owner (RFC 9568 section 5.2.4). */
export const OWNER = 255;

export type Event =
  /** `holdsAddresses`: the virtual addresses are all on the interface already. */
  | { readonly type: 'startup'; readonly holdsAddresses: boolean }
  | { readonly type: 'shutdown' }
  /** The interface is down, has no address to send from, or the kernel refused the virtual addresses. */
  | { readonly type: 'fault' }
  | { readonly type: 'tick' }
  /** The sync group lets a `ready` one become Active. */
  | { readonly type: 'take-over' }
  /** The sync group takes it back to Backup: another member is not Active any more. */
  | { readonly type: 'yield' }
  /** The priority was another one before: what is tracked has changed, or the configuration. */
  | { readonly type: 'priority'; readonly before: number }
  /** A faster detector (BFD) lost the Active Router. */
  | { readonly type: 'peer-lost' }
  | {
      readonly type: 'advert';
      readonly source: Uint8Array;
      readonly priority: number;
      readonly maxAdvertiseIntervalMs: number;
    };

export type Advert = Event & { readonly type: 'advert' };

export type Effect =
  | { readonly do: 'send-advert'; readonly priority: number }
  /** Add the addresses, then announce them: one effect, since the second must not happen without the first. */
  | { readonly do: 'claim-vips' }
  | { readonly do: 'announce-vips' }
  | { readonly do: 'release-vips' }
  | { readonly do: 'notify'; readonly state: StateName; readonly reason: Reason };

export type Reason =
  | 'startup'
  | 'resume'
  | 'owner'
  | 'active-down'
  | 'preempt-delay'
  | 'sync-group'
  | 'higher-priority'
  | 'tie-break-lost'
  | 'shutdown'
  | 'fault';

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const INITIAL: State = { name: 'initialize' };
