/**
 * Hears from the kernel when the way to a real server is in trouble: its next hop (itself or a gateway) does not answer any
 * more, or the interface that leads there has gone down. The checks concerned are then probed at once; news of this kind
 * alone decides nothing.
 */
import { performance } from 'node:perf_hooks';
import type { CheckConfig } from '../config/types-checks.ts';
import { parseAddress } from '../net/ip.ts';
import { decodeLink, RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK } from '../net/rtnetlink.ts';
import { decodeRoute, writeGetRoute } from '../net/rtnetlink-inspect.ts';
import { decodeLostNeighbour, RTM_NEWNEIGH, RTNLGRP_NEIGH } from '../net/rtnetlink-neighbours.ts';
import { messageOf } from '../util/message-of.ts';
import { NETLINK_ROUTE, NetlinkEvents, type NetlinkMessage } from './netlink.ts';
import { RtnlRequests } from './rtnl-requests.ts';
import { interfaceIndex } from './socket.ts';

/** Ways asked for in one turn: a hundredth of a millisecond each. */
const WAYS_PER_TURN = 256;
const BETWEEN_TURNS_MS = 50;
/** Routes change without our hearing of it: a router's table may be too large and too lively to listen to. */
const ASK_AGAIN_MS = 30_000;
/** An interface that comes back, perhaps as another one, has its addresses and routes a moment later. */
const ASK_AFTER_LINK_MS = 1000;
/** A dead neighbour is told of every few seconds, a flapping cable more often. */
const QUIET_MS = 1000;

/** Checks whose packets go the same way. */
interface Way {
  readonly address: string;
  readonly mark: number;
  readonly device: string | null;
  keys: readonly string[];
  /** 0 until it is known. */
  interfaceIndex: number;
  /** The address of the next machine on that interface. */
  nextHop: string;
  toldAt: number;
}

export class NeighbourHints {
  readonly #onTrouble: (keys: readonly string[]) => void;
  readonly #ways = new Map<string, Way>();
  readonly #byInterface = new Map<number, Set<Way>>();
  readonly #byNextHop = new Map<string, Set<Way>>();
  /** Interfaces that are known to be down: what else is told of them is no news. */
  readonly #down = new Set<number>();
  readonly #troubled = new Set<Way>();
  readonly #toAsk = new Set<Way>();
  #events: NetlinkEvents | null = null;
  #requests: RtnlRequests | null = null;
  #asking: NodeJS.Timeout | undefined;
  #telling: NodeJS.Immediate | undefined;
  #problem: string | null = null;
  #closed = false;

  /** `onTrouble` gets the keys of the checks concerned, each way at most once a second, never from within `set`. */
  constructor(onTrouble: (keys: readonly string[]) => void) {
    this.#onTrouble = onTrouble;
  }

  /** Why nothing is heard here, or null. Checks are probed on their beat nevertheless. */
  get problem(): string | null {
    return this.#problem;
  }

  /** The checks from now on. Never throws. */
  set(checks: ReadonlyMap<string, CheckConfig>): void {
    if (this.#closed) return;
    const wanted = waysOf(checks);
    for (const [id, way] of this.#ways) if (!wanted.has(id)) this.#forget(id, way);
    for (const [id, way] of wanted) {
      const known = this.#ways.get(id);
      if (known !== undefined) known.keys = way.keys;
      else {
        this.#ways.set(id, way);
        this.#toAsk.add(way);
      }
    }
    if (this.#ways.size === 0 || !this.#open()) return;
    this.#ask();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#asking);
    clearImmediate(this.#telling);
    this.#events?.close();
    this.#requests?.close();
    this.#events = this.#requests = null;
  }

  /** Whether it listens. */
  #open(): boolean {
    if (this.#events !== null) return true;
    try {
      this.#requests ??= new RtnlRequests();
      this.#events = new NetlinkEvents(NETLINK_ROUTE, [RTNLGRP_LINK, RTNLGRP_NEIGH], {
        message: (message) => this.#heard(message),
        // What was lost the beat of the checks makes good; but a link's recovery may have been among it.
        overrun: () => this.#down.clear(),
      });
      this.#problem = null;
      return true;
    } catch (error) {
      this.#problem = messageOf(error);
      return false;
    }
  }

  /** Asks the kernel for the ways that are to be asked for, some in each turn; all of them again after a while. */
  #ask(): void {
    let asked = 0;
    for (const way of this.#toAsk) {
      if (asked++ === WAYS_PER_TURN) break;
      this.#toAsk.delete(way);
      this.#askFor(way);
    }
    if (this.#toAsk.size === 0) this.#askAll(ASK_AGAIN_MS);
    else this.#askIn(BETWEEN_TURNS_MS);
  }

  #askAll(inMs: number): void {
    for (const way of this.#ways.values()) this.#toAsk.add(way);
    this.#askIn(inMs);
  }

  #askIn(ms: number): void {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#ask(), ms).unref();
  }

  #askFor(way: Way): void {
    const destination = parseAddress(way.address);
    if (destination === null) return;
    const oifIndex = way.device === null ? 0 : (interfaceIndex(way.device) ?? 0);
    const reply = this.#requests?.get((w, seq) => writeGetRoute(w, seq, destination.bytes, way.mark, oifIndex)) ?? null;
    const route = reply === null ? null : decodeRoute(reply.payload);
    // Where there is no way just now, the last known one is what trouble will be told of.
    if (!route?.ok || route.value === null || route.value.interfaceIndex === null) return;
    const nextHop = route.value.gateway ?? way.address;
    if (way.interfaceIndex === route.value.interfaceIndex && way.nextHop === nextHop) return;
    this.#unlink(way);
    way.interfaceIndex = route.value.interfaceIndex;
    way.nextHop = nextHop;
    addTo(this.#byInterface, way.interfaceIndex, way);
    addTo(this.#byNextHop, hopId(way), way);
  }

  #heard({ type, payload }: NetlinkMessage): void {
    if (type === RTM_NEWNEIGH) {
      const lost = decodeLostNeighbour(payload);
      if (lost !== null) this.#trouble(this.#byNextHop.get(hopId({ ...lost, nextHop: lost.address })));
    } else if (type === RTM_NEWLINK || type === RTM_DELLINK) {
      const link = decodeLink(payload);
      if (!link.ok) return;
      const { index, usable } = link.value;
      if (type === RTM_NEWLINK && usable) {
        if (this.#down.delete(index)) this.#askAll(ASK_AFTER_LINK_MS);
      } else if (!this.#down.has(index)) {
        this.#down.add(index);
        this.#trouble(this.#byInterface.get(index));
      }
      // Numbers are not used again, as a rule.
      if (type === RTM_DELLINK) this.#down.delete(index);
    }
  }

  #trouble(ways: ReadonlySet<Way> | undefined): void {
    const now = performance.now();
    for (const way of ways ?? []) {
      if (now - way.toldAt < QUIET_MS) continue;
      way.toldAt = now;
      this.#troubled.add(way);
    }
    if (this.#troubled.size > 0) this.#telling ??= setImmediate(() => this.#tell());
  }

  /** All that one turn has brought, at once. */
  #tell(): void {
    this.#telling = undefined;
    const keys = [...this.#troubled].flatMap((way) => way.keys);
    this.#troubled.clear();
    if (keys.length > 0) this.#onTrouble(keys);
  }

  #forget(id: string, way: Way): void {
    this.#ways.delete(id);
    this.#toAsk.delete(way);
    this.#troubled.delete(way);
    this.#unlink(way);
  }

  #unlink(way: Way): void {
    removeFrom(this.#byInterface, way.interfaceIndex, way);
    removeFrom(this.#byNextHop, hopId(way), way);
  }
}

function waysOf(checks: ReadonlyMap<string, CheckConfig>): Map<string, Way> {
  const ways = new Map<string, Way & { keys: string[] }>();
  for (const [key, { address, mark, interface: device }] of checks) {
    const id = `${address} ${mark} ${device}`;
    const known = ways.get(id);
    if (known !== undefined) known.keys.push(key);
    else ways.set(id, { address, mark, device, keys: [key], interfaceIndex: 0, nextHop: '', toldAt: -QUIET_MS });
  }
  return ways;
}

function hopId({ interfaceIndex: index, nextHop }: Pick<Way, 'interfaceIndex' | 'nextHop'>): string {
  return `${index} ${nextHop}`;
}

function addTo<K>(index: Map<K, Set<Way>>, key: K, way: Way): void {
  const ways = index.get(key);
  if (ways === undefined) index.set(key, new Set([way]));
  else ways.add(way);
}

function removeFrom<K>(index: Map<K, Set<Way>>, key: K, way: Way): void {
  const ways = index.get(key);
  if (ways?.delete(way) && ways.size === 0) index.delete(key);
}
