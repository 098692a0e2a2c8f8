/** What BFD sessions mean for the virtual routers that track them. */
import { isHeardOtherwise, mayBeActive, type Silence } from '../bfd/active-neighbor.ts';
import type { BfdReport } from '../bfd/report.ts';
import type { VirtualRouterConfig } from '../config/types.ts';
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import type { PeerReport } from '../vrrp/messages.ts';
import { type TrackKey, type TrackState, trackKeyOf } from '../vrrp/tracking.ts';
import { type BfdNetwork, BfdSessions } from './bfd.ts';
import type { RouterMember } from './router-member.ts';

export interface BfdTrackingHandlers {
  /** News for those with a weight. */
  tracked(states: Readonly<Record<TrackKey, TrackState>>): void;
  log(level: 'info' | 'warn', text: string): void;
  /** What may be said again and again. */
  complain(text: string): void;
}

export class BfdTracking {
  readonly #members: ReadonlyMap<string, RouterMember>;
  readonly #handlers: BfdTrackingHandlers;
  readonly #sessions: BfdSessions;

  constructor(network: BfdNetwork, members: ReadonlyMap<string, RouterMember>, handlers: BfdTrackingHandlers) {
    this.#members = members;
    this.#handlers = handlers;
    this.#sessions = new BfdSessions(network, {
      silent: (session, silence) => this.#silent(session, silence),
      tracked: (name, state) => handlers.tracked({ [trackKeyOf({ kind: 'bfd', name })]: state }),
      log: (level, text) => handlers.log(level, text),
      complain: (text) => handlers.complain(text),
    });
  }

  /** The complete wanted set, and all virtual routers, from whose addresses no session may speak. */
  configure(sessions: readonly BfdSessionConfig[], routers: readonly VirtualRouterConfig[]): void {
    const virtual = routers.flatMap((router) => [...router.virtualAddresses, ...router.extraAddresses]);
    this.#sessions.configure(sessions, new Set(virtual.map(({ address }) => address)));
  }

  /** The network has changed. */
  evaluate(): void {
    this.#sessions.evaluate();
  }

  /** Takes the sessions down in order; they end by themselves. */
  stop(): void {
    this.#sessions.stop();
  }

  close(): void {
    this.#sessions.close();
  }

  report(): readonly BfdReport[] {
    return this.#sessions.report();
  }

  /** A Backup Router waits its Skew_Time only, as after priority 0; nobody else does anything because of it. */
  #silent(session: BfdSessionConfig, silence: Silence): void {
    for (const { instance } of this.#members.values()) {
      const { name, tracks } = instance.config;
      const isHint = tracks.some(
        (track) => track.kind === 'bfd' && track.name === session.name && track.weight === null,
      );
      if (!isHint || instance.stateName !== 'backup') continue;
      const objection = objectionTo(session, silence, instance.config, instance.report().peer);
      if (objection === null) instance.peerLost();
      else
        this.#handlers.complain(
          `${name}: bfd ${session.name} lost ${session.neighbor}, but ${objection}: nothing is done about it`,
        );
    }
  }
}

/** Why the silence of a neighbour says nothing about the Active Router; null: it may be dead. */
function objectionTo(
  session: BfdSessionConfig,
  silence: Silence,
  router: VirtualRouterConfig,
  peer: PeerReport | null,
): string | null {
  if (!mayBeActive(session, router, peer?.address ?? null)) return `${peer?.address} is active`;
  if (peer !== null && isHeardOtherwise(silence, peer.heardMsAgo)) return 'its advertisements still come';
  return null;
}
