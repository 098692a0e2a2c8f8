/**
 * Routes and rules of policy routing in rtnetlink (linux/rtnetlink.h, fib_rules.h): added, deleted, and those of ours
 * recognised. Pure: values to bytes and back.
 */
import { err, ok, type Result } from '../util/result.ts';
import { type Attrs, type AttrWriter, decodeAttrs } from './nlattr.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST } from './nlmsg.ts';
import { PROTOCOL_LVSD, type RtnetlinkError } from './rtnetlink.ts';
import { AF_INET, AF_INET6 } from './sockaddr.ts';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
const RTM_GETRULE = 34;

/** Multicast groups: setsockopt(NETLINK_ADD_MEMBERSHIP). */
export const RTNLGRP_IPV4_ROUTE = 7;
export const RTNLGRP_IPV4_RULE = 8;
export const RTNLGRP_IPV6_ROUTE = 11;
export const RTNLGRP_IPV6_RULE = 19;

const RTMSG_LEN = 12;
const FIB_RULE_HDR_LEN = 12;

/** `rtm_scope` of a deletion: whatever it has. */
const RT_SCOPE_NOWHERE = 255;
const RT_TABLE_MAX_IN_HEADER = 255;
const RTN = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const FR_ACT = { lookup: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
/** IPv6 fills it in for a route without one (IP6_RT_PRIO_USER). */
const IPV6_DEFAULT_METRIC = 1024;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;

const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;

/** Bytes in network order. */
export interface NetworkBytes {
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

export interface RouteChange {
  readonly family: 4 | 6;
  readonly to: NetworkBytes;
  readonly type: keyof typeof RTN;
  readonly gateway: Uint8Array | null;
  readonly interfaceIndex: number | null;
  readonly source: Uint8Array | null;
  readonly table: number;
  /** Null: the kernel's own. */
  readonly metric: number | null;
  /** RT_SCOPE_*. */
  readonly scope: number;
}

export interface RuleChange {
  readonly family: 4 | 6;
  readonly from: NetworkBytes | null;
  readonly to: NetworkBytes | null;
  readonly fwmark: { readonly value: number; readonly mask: number } | null;
  readonly incomingInterface: string | null;
  readonly outgoingInterface: string | null;
  readonly action: keyof typeof FR_ACT;
  /** 0 unless `action` is lookup. */
  readonly table: number;
  readonly priority: number;
}

/** Writes `ip route add ... proto 112`. */
export function writeAddRoute(w: AttrWriter, seq: number, route: RouteChange): void {
  writeRoute(w, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE, seq, route);
}

/** Writes `ip route del ... proto 112`: only what is exactly like this and ours. */
export function writeDeleteRoute(w: AttrWriter, seq: number, route: RouteChange): void {
  writeRoute(w, RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, seq, route);
}

function writeRoute(w: AttrWriter, type: number, flags: number, seq: number, route: RouteChange): void {
  const { family, to, gateway, interfaceIndex, source, metric } = route;
  const message = w.beginMessage(type, flags, seq);
  w.put8(family === 4 ? AF_INET : AF_INET6)
    .put8(to.prefixLength)
    .put8(0)
    .put8(0);
  const table = headerTable(route.table);
  w.put8(table).put8(PROTOCOL_LVSD);
  w.put8(type === RTM_NEWROUTE ? route.scope : RT_SCOPE_NOWHERE)
    .put8(RTN[route.type])
    .put32(0);
  if (to.prefixLength > 0) w.bytes(RTA_DST, to.address);
  if (gateway !== null) w.bytes(RTA_GATEWAY, gateway);
  if (source !== null) w.bytes(RTA_PREFSRC, source);
  if (metric !== null) w.u32(RTA_PRIORITY, metric);
  if (table === 0) w.u32(RTA_TABLE, route.table);
  if (interfaceIndex !== null) w.u32(RTA_OIF, interfaceIndex);
  w.endMessage(message);
}

/** Writes `ip rule add ... protocol 112`. */
export function writeAddRule(w: AttrWriter, seq: number, rule: RuleChange): void {
  writeRule(w, RTM_NEWRULE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE, seq, rule);
}

/** Writes `ip rule del ... protocol 112`. */
export function writeDeleteRule(w: AttrWriter, seq: number, rule: RuleChange): void {
  writeRule(w, RTM_DELRULE, NLM_F_REQUEST | NLM_F_ACK, seq, rule);
}

function writeRule(w: AttrWriter, type: number, flags: number, seq: number, rule: RuleChange): void {
  const { family, from, to, fwmark, incomingInterface, outgoingInterface } = rule;
  const message = w.beginMessage(type, flags, seq);
  const table = headerTable(rule.table);
  w.put8(family === 4 ? AF_INET : AF_INET6)
    .put8(to?.prefixLength ?? 0)
    .put8(from?.prefixLength ?? 0)
    .put8(0);
  w.put8(table).put8(0).put8(0).put8(FR_ACT[rule.action]).put32(0);
  if (from !== null && from.prefixLength > 0) w.bytes(FRA_SRC, from.address);
  if (to !== null && to.prefixLength > 0) w.bytes(FRA_DST, to.address);
  if (fwmark !== null) w.u32(FRA_FWMARK, fwmark.value).u32(FRA_FWMASK, fwmark.mask);
  if (incomingInterface !== null) w.string(FRA_IIFNAME, incomingInterface);
  if (outgoingInterface !== null) w.string(FRA_OIFNAME, outgoingInterface);
  if (table === 0 && rule.table !== 0) w.u32(FRA_TABLE, rule.table);
  w.u32(FRA_PRIORITY, rule.priority).u8(FRA_PROTOCOL, PROTOCOL_LVSD);
  w.endMessage(message);
}

/** Writes a dump request for our routes of a family; kernels before 4.20 ignore the filter and send all. */
export function writeDumpRoutes(w: AttrWriter, seq: number, family: 4 | 6): void {
  const message = w.beginMessage(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, seq);
  const header = new Uint8Array(RTMSG_LEN);
  header[0] = family === 4 ? AF_INET : AF_INET6;
  header[5] = PROTOCOL_LVSD;
  w.putBytes(header).endMessage(message);
}

/** Writes a dump request for all rules of a family. */
export function writeDumpRules(w: AttrWriter, seq: number, family: 4 | 6): void {
  const message = w.beginMessage(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, seq);
  const header = new Uint8Array(FIB_RULE_HDR_LEN);
  header[0] = family === 4 ? AF_INET : AF_INET6;
  w.putBytes(header).endMessage(message);
}

/** The payload of RTM_NEWROUTE or RTM_DELROUTE, behind its nlmsghdr. Null: not ours, or of no kind that we make. */
export function decodeOwnRoute(payload: Uint8Array): Result<RouteChange | null, RtnetlinkError> {
  if (payload.length < RTMSG_LEN) return err({ kind: 'short' });
  const family = familyOf(payload[0]);
  if (family === null || payload[5] !== PROTOCOL_LVSD) return ok(null);
  const attrs = decodeAttrs(payload, RTMSG_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const type = nameOf(RTN, payload[7]);
  const to = networkOf(attrs.value, RTA_DST, payload[1] ?? 0, family);
  if (type === null || to === null) return ok(null);
  return ok({
    family,
    to,
    type,
    gateway: attrs.value.bytes(RTA_GATEWAY)?.slice() ?? null,
    // The kernel names the loopback interface for what goes nowhere.
    interfaceIndex: type === 'unicast' ? attrs.value.u32(RTA_OIF) : null,
    source: attrs.value.bytes(RTA_PREFSRC)?.slice() ?? null,
    table: attrs.value.u32(RTA_TABLE) ?? payload[4] ?? 0,
    metric: attrs.value.u32(RTA_PRIORITY),
    scope: payload[6] ?? 0,
  });
}

/** The payload of RTM_NEWRULE or RTM_DELRULE, behind its nlmsghdr. Null: not ours, or of no kind that we make. */
export function decodeOwnRule(payload: Uint8Array): Result<RuleChange | null, RtnetlinkError> {
  if (payload.length < FIB_RULE_HDR_LEN) return err({ kind: 'short' });
  const attrs = decodeAttrs(payload, FIB_RULE_HDR_LEN);
  if (!attrs.ok) return err({ kind: 'attributes' });
  const family = familyOf(payload[0]);
  const action = nameOf(FR_ACT, payload[7]);
  if (family === null || action === null || attrs.value.u8(FRA_PROTOCOL) !== PROTOCOL_LVSD) return ok(null);
  const fwmark = attrs.value.u32(FRA_FWMARK) ?? 0;
  return ok({
    family,
    from: (payload[2] ?? 0) === 0 ? null : networkOf(attrs.value, FRA_SRC, payload[2] ?? 0, family),
    to: (payload[1] ?? 0) === 0 ? null : networkOf(attrs.value, FRA_DST, payload[1] ?? 0, family),
    fwmark: fwmark === 0 ? null : { value: fwmark, mask: attrs.value.u32(FRA_FWMASK) ?? 0xffff_ffff },
    incomingInterface: attrs.value.string(FRA_IIFNAME),
    outgoingInterface: attrs.value.string(FRA_OIFNAME),
    action,
    table: action === 'lookup' ? (attrs.value.u32(FRA_TABLE) ?? payload[4] ?? 0) : 0,
    priority: attrs.value.u32(FRA_PRIORITY) ?? 0,
  });
}

/** Equal for the same route, as configured and as the kernel tells it back. */
export function routeKey({ family, to, type, gateway, interfaceIndex, source, table, metric }: RouteChange): string {
  const cost = metric ?? (family === 4 ? 0 : IPV6_DEFAULT_METRIC);
  const hop =
    type === 'unicast' ? `${gateway?.join('.') ?? '-'} ${interfaceIndex ?? '-'} ${source?.join('.') ?? '-'}` : '';
  return `${family} ${to.address.join('.')}/${to.prefixLength} ${type} ${table} ${cost} ${hop}`;
}

/** Equal for the same rule, as configured and as the kernel tells it back. */
export function ruleKey(rule: RuleChange): string {
  const { family, fwmark, incomingInterface, outgoingInterface, action, table, priority } = rule;
  const [from, to] = [rule.from, rule.to].map((network) =>
    network === null || network.prefixLength === 0 ? 'all' : `${network.address.join('.')}/${network.prefixLength}`,
  );
  const mark = fwmark === null ? '-' : `${fwmark.value}/${fwmark.mask}`;
  const interfaces = `${incomingInterface ?? '-'} ${outgoingInterface ?? '-'}`;
  return `${family} ${from} ${to} ${mark} ${interfaces} ${action} ${table} ${priority}`;
}

/** `rtm_table` has 8 bits; larger numbers are an attribute beside 0. */
function headerTable(table: number): number {
  return table <= RT_TABLE_MAX_IN_HEADER ? table : 0;
}

function familyOf(value: number | undefined): 4 | 6 | null {
  if (value === AF_INET) return 4;
  return value === AF_INET6 ? 6 : null;
}

function nameOf<Name extends string>(names: Readonly<Record<Name, number>>, value: number | undefined): Name | null {
  for (const name in names) if (names[name] === value) return name;
  return null;
}

function networkOf(attrs: Attrs, type: number, prefixLength: number, family: 4 | 6): NetworkBytes | null {
  const width = family === 4 ? 4 : 16;
  const address = attrs.bytes(type)?.slice() ?? new Uint8Array(width);
  return address.length === width ? { address, prefixLength } : null;
}
