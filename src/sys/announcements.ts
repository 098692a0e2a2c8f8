/** What virtual routers announce on their interfaces: when, how often, and no more once the addresses are another's. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { messageOf } from '../util/message-of.ts';
import { type AnnouncePlace, announcePlaces } from '../vrrp/announce-places.ts';
import { AnnounceSchedule } from '../vrrp/announce-schedule.ts';
import type { AnnounceOccasion } from '../vrrp/instance-ports.ts';
import { type Announcer, openAnnouncer } from './announce.ts';
import type { NetworkState } from './rtnl.ts';
import { monotonicMs } from './socket.ts';

/** The configuration of a virtual router now; null: it does not own its addresses any more. */
export type CurrentOwner = () => VirtualRouterConfig | null;

/** What is under way for one virtual router. */
interface Plan {
  readonly current: CurrentOwner;
  readonly schedule: AnnounceSchedule;
  /** The addresses that were announced last, with the link-layer ones. */
  told: string;
  timer: NodeJS.Timeout | undefined;
  /** Of `announceSoon`. */
  soon: NodeJS.Timeout | undefined;
}

/** Somebody who claims one address mostly claims all of them. */
const SOON_MS = 50;

export class Announcements {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  /** By interface. */
  readonly #announcers = new Map<string, { readonly announcer: Announcer; readonly index: number }>();
  /** By name, of virtual routers that announce. */
  readonly #plans = new Map<string, Plan>();

  constructor(network: NetworkState, warn: (text: string) => void) {
    this.#network = network;
    this.#warn = warn;
  }

  /** Now, and later as configured then, as long as the addresses are `current`'s. */
  announce(current: CurrentOwner, occasion: AnnounceOccasion): void {
    const config = current();
    if (config === null) return;
    const known = this.#plans.get(config.name);
    const plan: Plan = known ?? {
      current,
      schedule: new AnnounceSchedule(),
      told: '',
      timer: undefined,
      soon: undefined,
    };
    this.#plans.set(config.name, plan);
    this.#send(config, plan.schedule.begin(occasion, config.announcements, monotonicMs()));
    this.#arm(plan);
  }

  /** One burst, outside of the plan: addresses were put back. */
  announceNow(config: VirtualRouterConfig): void {
    this.#send(config, config.announcements.count);
  }

  /** One burst in a moment, however often it is asked for until then: others claim the addresses. */
  announceSoon(router: string): void {
    const plan = this.#plans.get(router);
    if (plan === undefined || plan.soon !== undefined) return;
    plan.soon = setTimeout(() => {
      plan.soon = undefined;
      const config = plan.current();
      if (config !== null) this.announceNow(config);
    }, SOON_MS);
  }

  /**
   * Announces again if an interface got another link-layer address since, or a reload changed the addresses: what still
   * waits may be about one that is not ours any more. Takes over a changed refresh interval.
   */
  renew(config: VirtualRouterConfig): void {
    const plan = this.#plans.get(config.name);
    if (plan === undefined) return;
    if (plan.told !== '' && plan.told !== this.#textOf(config)) {
      this.#drop(config.name);
      this.announceNow(config);
    }
    if (plan.schedule.adopt(config.announcements, monotonicMs())) this.#arm(plan);
  }

  /** The addresses are not ours any more: takes back what was still to be announced. */
  withdraw(config: VirtualRouterConfig): void {
    const plan = this.#plans.get(config.name);
    if (plan !== undefined) endOf(plan);
    this.#plans.delete(config.name);
    this.#drop(config.name);
  }

  /** Opens the sockets and builds the frames: a take-over must not wait for them. */
  prepare(config: VirtualRouterConfig): void {
    for (const place of announcePlaces(config)) {
      const link = this.#network.link(place.interface);
      if (link === null || link.mac === null) continue;
      this.#announcer(link.name, link.index)?.prepare(place.addresses, link.mac, config.announcements.arp);
    }
  }

  close(): void {
    for (const plan of this.#plans.values()) endOf(plan);
    this.#plans.clear();
    for (const { announcer } of this.#announcers.values()) announcer.close();
    this.#announcers.clear();
  }

  #arm(plan: Plan): void {
    clearTimeout(plan.timer);
    const { dueAt } = plan.schedule;
    if (dueAt === null) return;
    const wake = (): void => {
      const config = plan.current();
      if (config === null) return;
      const rounds = plan.schedule.take(config.announcements, monotonicMs());
      if (rounds > 0) this.#send(config, rounds);
      this.#arm(plan);
    };
    plan.timer = setTimeout(wake, Math.max(1, Math.ceil(dueAt - monotonicMs())));
  }

  #send(config: VirtualRouterConfig, rounds: number): void {
    const { arp, spacingMs } = config.announcements;
    for (const place of announcePlaces(config)) {
      const link = this.#network.link(place.interface);
      const announcer = link === null ? null : this.#announcer(link.name, link.index);
      // Without ARP nobody needs to be told.
      if (link === null || link.mac === null || announcer === null) continue;
      const burst = { owner: config.name, addresses: place.addresses, mac: link.mac, arp, rounds, spacingMs };
      const refusal = announcer.announce(burst);
      if (refusal !== null) this.#warn(`${config.name}: cannot announce on ${link.name}: ${refusal}`);
    }
    const plan = this.#plans.get(config.name);
    if (plan !== undefined) plan.told = this.#textOf(config);
  }

  #drop(router: string): void {
    for (const { announcer } of this.#announcers.values()) announcer.drop(router);
  }

  #textOf(config: VirtualRouterConfig): string {
    const of = (place: AnnouncePlace): string => {
      const mac = this.#network.link(place.interface)?.mac?.join('.') ?? '';
      return `${mac} ${place.interface} ${place.addresses.map((address) => address.join('.')).join(' ')}`;
    };
    return announcePlaces(config).map(of).join();
  }

  #announcer(name: string, index: number): Announcer | null {
    const known = this.#announcers.get(name);
    if (known?.index === index) return known.announcer;
    known?.announcer.close();
    this.#announcers.delete(name);
    try {
      const announcer = openAnnouncer(name, index);
      this.#announcers.set(name, { announcer, index });
      return announcer;
    } catch (error) {
      this.#warn(`Cannot announce on ${name}: ${messageOf(error)}`);
      return null;
    }
  }
}

function endOf({ timer, soon }: Plan): void {
  clearTimeout(timer);
  clearTimeout(soon);
}
