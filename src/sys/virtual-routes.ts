/** Routes and rules of virtual routers: added, put back, deleted. Those of others are never touched. */
import type { VirtualRouterConfig } from '../config/types.ts';
import type { VirtualRouteConfig } from '../config/types-addresses.ts';
import type { AttrWriter } from '../net/nlattr.ts';
import {
  decodeOwnRoute,
  decodeOwnRule,
  type RouteChange,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_IPV6_RULE,
  routeKey,
  ruleKey,
  writeAddRoute,
  writeAddRule,
  writeDeleteRoute,
  writeDeleteRule,
  writeDumpRoutes,
  writeDumpRules,
} from '../net/rtnetlink-routes.ts';
import { err, ok, type Result } from '../util/result.ts';
import { keyOfRoute, keyOfRule, routeChange, routeText, ruleChange, ruleText } from '../vrrp/belongings.ts';
import type { PathReport } from '../vrrp/belongings-report.ts';
import { NETLINK_ROUTE, NetlinkEvents, type NetlinkMessage } from './netlink.ts';
import type { NetworkState } from './rtnl.ts';
import type { WriteRequest } from './rtnl-requests.ts';

const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;
const ENODEV = 19;
const FAMILIES = [4, 6] as const;

/** The kernel tells routes apart by these and not by the next hop. */
const FOREIGN = "somebody else's route with this destination and metric is there";

/** A route or a rule. */
interface PathEntry {
  readonly kind: 'route' | 'rule';
  /** As `belongingKeys` has it. */
  readonly key: string;
  readonly text: string;
  /** The error: its interface is not there. */
  readonly add: Result<WriteRequest, string>;
  readonly delete: Result<WriteRequest, string>;
  /** Of one that the kernel has already: whether it is this one. */
  isOurs(): boolean;
}

/** Null: it is there; else why it is not. */
type Refusal = string | null;

export class VirtualRoutes {
  readonly #network: NetworkState;
  readonly #warn: (text: string) => void;
  readonly #changed: () => void;
  #events: NetlinkEvents | null = null;
  /** By key: what became of the last attempt. Those that are not in it were never there, or are deleted. */
  readonly #known = new Map<string, Refusal>();
  /** Keys that were asked to be deleted once, in case an earlier run left them. */
  readonly #cleared = new Set<string>();

  /** `changed`: somebody else, or the kernel, deleted one of ours, or what one of ours may have had to wait for. */
  constructor(network: NetworkState, warn: (text: string) => void, changed: () => void) {
    this.#network = network;
    this.#warn = warn;
    this.#changed = changed;
  }

  /** Listens for deletions, if any router has routes or rules: on a machine with many routes of others that is work. */
  configure(configs: readonly VirtualRouterConfig[]): void {
    const wanted = configs.flatMap((config) => this.#entriesOf(config));
    if (wanted.length > 0) this.#listen();
  }

  /** Adds what is not there, routes first, and says what that was. Never fails: a router without a route is better than none. */
  claim(config: VirtualRouterConfig): readonly string[] {
    return this.#entriesOf(config).flatMap((entry) => {
      const added = this.#add(entry);
      this.#known.set(entry.key, added.ok ? null : added.error);
      if (added.ok) return added.value ? [`${entry.kind} ${entry.text}`] : [];
      this.#warn(`${config.name}: cannot add the ${entry.kind} ${entry.text}: ${added.error}`);
      return [];
    });
  }

  /** Deletes them, rules first, but for those whose key is in `kept`. */
  release(config: VirtualRouterConfig, kept: ReadonlySet<string>): void {
    for (const entry of [...this.#entriesOf(config)].reverse()) {
      if (kept.has(entry.key) || (this.#cleared.has(entry.key) && !this.#known.has(entry.key))) continue;
      this.#known.delete(entry.key);
      this.#cleared.delete(entry.key);
      if (!entry.delete.ok) continue; // there is no route without its interface; asked again when that is back
      const deleted = this.#change(entry.delete.value, [ENOENT, ESRCH, ENODEV]);
      if (deleted.ok) this.#cleared.add(entry.key);
      else this.#warn(`${config.name}: cannot delete the ${entry.kind} ${entry.text}: ${deleted.error}`);
    }
  }

  report(config: VirtualRouterConfig): {
    readonly routes: readonly PathReport[];
    readonly rules: readonly PathReport[];
  } {
    const told = this.#entriesOf(config).map(({ kind, key, text }) => ({
      kind,
      report: { text, held: this.#known.get(key) === null, problem: this.#known.get(key) ?? null },
    }));
    const of = (wanted: PathEntry['kind']) => told.flatMap(({ kind, report }) => (kind === wanted ? [report] : []));
    return { routes: of('route'), rules: of('rule') };
  }

  close(): void {
    this.#events?.close();
  }

  #add({ key, add, isOurs }: PathEntry): Result<boolean, string> {
    const added = add.ok ? this.#change(add.value, [EEXIST]) : add;
    const before = this.#known.get(key);
    if (!added.ok || added.value || before === null) return added;
    // Looked for once: a foreign one stays foreign while it is there.
    return before === FOREIGN || !isOurs() ? err(FOREIGN) : added;
  }

  #change(write: WriteRequest, fine: readonly number[]): Result<boolean, string> {
    return this.#network.requests.change(write, fine);
  }

  #entriesOf({ virtualRoutes, virtualRules }: VirtualRouterConfig): readonly PathEntry[] {
    if (virtualRoutes.length === 0 && virtualRules.length === 0) return [];
    const routes = virtualRoutes.map((route): PathEntry => {
      const change = this.#changeOf(route);
      return {
        kind: 'route',
        key: keyOfRoute(route),
        text: routeText(route),
        add: requestOf(writeAddRoute, change),
        delete: requestOf(writeDeleteRoute, change),
        isOurs: () => change.ok && this.#has(change.value),
      };
    });
    const rules = virtualRules.map((rule): PathEntry => {
      const change = ok(ruleChange(rule));
      return {
        kind: 'rule',
        key: keyOfRule(rule),
        text: ruleText(rule),
        add: requestOf(writeAddRule, change),
        delete: requestOf(writeDeleteRule, change),
        isOurs: () => true,
      };
    });
    return [...routes, ...rules];
  }

  #changeOf(route: VirtualRouteConfig): Result<RouteChange, string> {
    return routeChange(route, (name) => this.#network.link(name)?.index ?? null);
  }

  #listen(): void {
    if (this.#events !== null) return;
    const groups = [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE];
    const own = this.#network.requests.portId;
    this.#events = new NetlinkEvents(NETLINK_ROUTE, groups, {
      message: (message, portId) => {
        if (portId !== own && (isDeletionOfOurs(message) || this.#isAwaited(message))) this.#changed();
      },
      overrun: () => this.#changed(),
    });
  }

  /** A route in the way of one of ours may be gone. */
  #isAwaited({ type }: NetlinkMessage): boolean {
    if (type !== RTM_DELROUTE) return false;
    for (const refusal of this.#known.values()) if (refusal === FOREIGN) return true;
    return false;
  }

  /** Whether the kernel has exactly this one, and knows that it is ours. */
  #has(route: RouteChange): boolean {
    let found = false;
    const wanted = routeKey(route);
    this.#network.requests.dump(
      (w, seq) => writeDumpRoutes(w, seq, route.family),
      ({ payload }) => {
        const own = decodeOwnRoute(payload);
        if (own.ok && own.value !== null && keysOfFound(own.value).includes(wanted)) found = true;
      },
    );
    return found;
  }

  /** At first: deletes those that an earlier run left and nobody wants now. */
  clearStale(configs: readonly VirtualRouterConfig[]): void {
    const wantedRoutes = new Set(
      configs.flatMap(({ virtualRoutes }) =>
        virtualRoutes.flatMap((route) => {
          const change = this.#changeOf(route);
          return change.ok ? [routeKey(change.value)] : [];
        }),
      ),
    );
    const wantedRules = new Set(
      configs.flatMap(({ virtualRules }) => virtualRules.map((rule) => ruleKey(ruleChange(rule)))),
    );
    for (const family of FAMILIES) {
      this.#clear((w, seq) => writeDumpRules(w, seq, family), {
        decode: decodeOwnRule,
        isWanted: (rule) => wantedRules.has(ruleKey(rule)),
        remove: writeDeleteRule,
      });
      this.#clear((w, seq) => writeDumpRoutes(w, seq, family), {
        decode: decodeOwnRoute,
        isWanted: (route) => keysOfFound(route).some((key) => wantedRoutes.has(key)),
        remove: writeDeleteRoute,
      });
    }
  }

  #clear<Change>(
    dump: WriteRequest,
    of: {
      decode(payload: Uint8Array): Result<Change | null, unknown>;
      isWanted(change: Change): boolean;
      remove(w: AttrWriter, seq: number, change: Change): void;
    },
  ): void {
    this.#network.requests.dump(dump, ({ payload }) => {
      const found = of.decode(payload);
      if (!found.ok || found.value === null || of.isWanted(found.value)) return;
      const change = found.value;
      this.#change((w, seq) => of.remove(w, seq, change), [ENOENT, ESRCH, ENODEV]);
    });
  }
}

function requestOf<Change>(
  write: (w: AttrWriter, seq: number, change: Change) => void,
  change: Result<Change, string>,
): Result<WriteRequest, string> {
  return change.ok ? ok((w, seq) => write(w, seq, change.value)) : change;
}

/** The kernel always tells the interface, which the configuration may leave to it. */
function keysOfFound(route: RouteChange): readonly string[] {
  return [routeKey(route), routeKey({ ...route, interfaceIndex: null })];
}

function isDeletionOfOurs({ type, payload }: NetlinkMessage): boolean {
  if (type === RTM_DELROUTE) {
    const route = decodeOwnRoute(payload);
    return route.ok && route.value !== null;
  }
  const rule = type === RTM_DELRULE ? decodeOwnRule(payload) : null;
  return rule?.ok === true && rule.value !== null;
}
