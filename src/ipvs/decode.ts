/**
 * IPVS replies (linux/ip_vs.h) as values. `payload` is what follows `nlmsghdr`: genlmsghdr, then attributes. Nothing
 * throws, whatever the bytes; results hold copies. Flags that are the kernel's own (HASHED) are taken off. Pure.
 */
import { formatAddress } from '../net/ip.ts';
import type { AttrError, Attrs } from '../net/nlattr.ts';
import { decodeAttrs } from '../net/nlattr.ts';
import type { Result } from '../util/result.ts';
import { err, ok } from '../util/result.ts';
import type { Timeouts } from './command.ts';
import * as c from './constants.ts';
import { granularityOf } from './mask.ts';
import type { Statistics } from './statistics.ts';
import { readStatistics } from './statistics.ts';
import type { DestinationId, DumpedDestination, ServiceId, ServiceSettings, SyncDaemon } from './types.ts';

/** Why a reply could not be read. */
export type DecodeError =
  /** No room for genlmsghdr. Lengths in bytes. */
  | { readonly kind: 'short'; readonly need: number; readonly have: number }
  /** Another command than the one this reply carries. */
  | { readonly kind: 'command'; readonly want: number; readonly got: number }
  | { readonly kind: 'attributes'; readonly error: AttrError }
  /** Attribute absent, too short for its type, or (nests) not a list of attributes. Its C name. */
  | { readonly kind: 'attribute'; readonly name: string }
  /** A number outside of what the field may hold. */
  | { readonly kind: 'value'; readonly name: string; readonly got: number };

/** A service as GET_SERVICE answers: its destinations are a dump of their own. */
export interface ServiceReply {
  readonly id: ServiceId;
  readonly settings: ServiceSettings;
  readonly statistics: Statistics;
}

/** A destination as GET_DEST answers. */
export interface DestinationReply extends DumpedDestination {
  readonly statistics: Statistics;
}

/** What GET_INFO answers. */
export interface IpvsInfo {
  /** `1.2.1` */
  readonly version: string;
  /** Buckets of the connection hash table. */
  readonly connectionTableSize: number;
}

/** Reads a NEW_SERVICE reply. */
export function decodeService(payload: Uint8Array): Result<ServiceReply, DecodeError> {
  const nest = nestOf(payload, c.IPVS_CMD_NEW_SERVICE, c.IPVS_CMD_ATTR_SERVICE, 'IPVS_CMD_ATTR_SERVICE');
  if (!nest.ok) return nest;
  const id = serviceId(nest.value);
  if (!id.ok) return id;
  const settings = serviceSettings(nest.value, id.value.family);
  if (!settings.ok) return settings;
  const statistics = readStatistics(
    nest.value.nested(c.IPVS_SVC_ATTR_STATS64),
    nest.value.nested(c.IPVS_SVC_ATTR_STATS),
  );
  return ok({ id: id.value, settings: settings.value, statistics });
}

function serviceId(attrs: Attrs): Result<ServiceId, DecodeError> {
  const family = familyOf(attrs.u16(c.IPVS_SVC_ATTR_AF), 'IPVS_SVC_ATTR_AF');
  if (!family.ok) return family;
  const fwmark = attrs.u32(c.IPVS_SVC_ATTR_FWMARK);
  if (fwmark !== null) return ok({ kind: 'fwmark', family: family.value, fwmark });
  const protocol = attrs.u16(c.IPVS_SVC_ATTR_PROTOCOL);
  if (protocol === null) return missing('IPVS_SVC_ATTR_PROTOCOL');
  const address = addressText(attrs.bytes(c.IPVS_SVC_ATTR_ADDR), family.value);
  if (address === null) return missing('IPVS_SVC_ATTR_ADDR');
  const port = attrs.u16be(c.IPVS_SVC_ATTR_PORT);
  if (port === null) return missing('IPVS_SVC_ATTR_PORT');
  return ok({ kind: 'address', family: family.value, protocol, address, port });
}

function serviceSettings(attrs: Attrs, family: 4 | 6): Result<ServiceSettings, DecodeError> {
  const scheduler = attrs.string(c.IPVS_SVC_ATTR_SCHED_NAME);
  if (scheduler === null) return missing('IPVS_SVC_ATTR_SCHED_NAME');
  const flags = attrs.u32(c.IPVS_SVC_ATTR_FLAGS); // struct ip_vs_flags begins with the flags
  if (flags === null) return missing('IPVS_SVC_ATTR_FLAGS');
  const timeoutS = attrs.u32(c.IPVS_SVC_ATTR_TIMEOUT);
  if (timeoutS === null) return missing('IPVS_SVC_ATTR_TIMEOUT');
  const granularity = granularityIn(attrs, family);
  if (granularity === null) return missing('IPVS_SVC_ATTR_NETMASK');
  return ok({
    scheduler,
    flags: (flags & ~c.IP_VS_SVC_F_HASHED) >>> 0,
    timeoutS,
    ...granularity,
    persistenceEngine: attrs.string(c.IPVS_SVC_ATTR_PE_NAME),
  });
}

/** Reads a NEW_DEST reply. `serviceFamily` stands in on kernels that do not report the destination's (before 3.18). */
export function decodeDestination(payload: Uint8Array, serviceFamily: 4 | 6): Result<DestinationReply, DecodeError> {
  const nest = nestOf(payload, c.IPVS_CMD_NEW_DEST, c.IPVS_CMD_ATTR_DEST, 'IPVS_CMD_ATTR_DEST');
  if (!nest.ok) return nest;
  const attrs = nest.value;
  const id = destinationId(attrs, serviceFamily);
  if (!id.ok) return id;
  const forwardMethod = attrs.u32(c.IPVS_DEST_ATTR_FWD_METHOD);
  if (forwardMethod === null) return missing('IPVS_DEST_ATTR_FWD_METHOD');
  const weight = attrs.u32(c.IPVS_DEST_ATTR_WEIGHT);
  if (weight === null) return missing('IPVS_DEST_ATTR_WEIGHT');
  return ok({
    id: id.value,
    settings: {
      forwardMethod: forwardMethod & c.IP_VS_CONN_F_FWD_MASK,
      weight,
      upperThreshold: attrs.u32(c.IPVS_DEST_ATTR_U_THRESH) ?? 0,
      lowerThreshold: attrs.u32(c.IPVS_DEST_ATTR_L_THRESH) ?? 0,
      tunnelType: attrs.u8(c.IPVS_DEST_ATTR_TUN_TYPE) ?? 0, // since 5.2
      tunnelPort: attrs.u16be(c.IPVS_DEST_ATTR_TUN_PORT) ?? 0,
      tunnelFlags: attrs.u16(c.IPVS_DEST_ATTR_TUN_FLAGS) ?? 0, // since 5.3
    },
    counters: {
      activeConnections: attrs.u32(c.IPVS_DEST_ATTR_ACTIVE_CONNS) ?? 0,
      inactiveConnections: attrs.u32(c.IPVS_DEST_ATTR_INACT_CONNS) ?? 0,
      persistentConnections: attrs.u32(c.IPVS_DEST_ATTR_PERSIST_CONNS) ?? 0,
    },
    statistics: readStatistics(attrs.nested(c.IPVS_DEST_ATTR_STATS64), attrs.nested(c.IPVS_DEST_ATTR_STATS)),
  });
}

function destinationId(attrs: Attrs, serviceFamily: 4 | 6): Result<DestinationId, DecodeError> {
  const addressFamily = attrs.u16(c.IPVS_DEST_ATTR_ADDR_FAMILY) ?? 0;
  const family = addressFamily === 0 ? ok(serviceFamily) : familyOf(addressFamily, 'IPVS_DEST_ATTR_ADDR_FAMILY');
  if (!family.ok) return family;
  const address = addressText(attrs.bytes(c.IPVS_DEST_ATTR_ADDR), family.value);
  if (address === null) return missing('IPVS_DEST_ATTR_ADDR');
  const port = attrs.u16be(c.IPVS_DEST_ATTR_PORT);
  if (port === null) return missing('IPVS_DEST_ATTR_PORT');
  return ok({ family: family.value, address, port });
}

/** Reads a NEW_DAEMON reply: the kernel reports its defaults filled in (parameters since 4.3, null before). */
export function decodeDaemon(payload: Uint8Array): Result<SyncDaemon, DecodeError> {
  const nest = nestOf(payload, c.IPVS_CMD_NEW_DAEMON, c.IPVS_CMD_ATTR_DAEMON, 'IPVS_CMD_ATTR_DAEMON');
  if (!nest.ok) return nest;
  const attrs = nest.value;
  const state = attrs.u32(c.IPVS_DAEMON_ATTR_STATE);
  if (state === null) return missing('IPVS_DAEMON_ATTR_STATE');
  if (state !== c.IP_VS_STATE_MASTER && state !== c.IP_VS_STATE_BACKUP) {
    return err({ kind: 'value', name: 'IPVS_DAEMON_ATTR_STATE', got: state });
  }
  const name = attrs.string(c.IPVS_DAEMON_ATTR_MCAST_IFN);
  if (name === null) return missing('IPVS_DAEMON_ATTR_MCAST_IFN');
  const syncId = attrs.u32(c.IPVS_DAEMON_ATTR_SYNC_ID);
  if (syncId === null) return missing('IPVS_DAEMON_ATTR_SYNC_ID');
  return ok({
    role: state === c.IP_VS_STATE_MASTER ? 'master' : 'backup',
    interface: name,
    syncId,
    maxLength: attrs.u16(c.IPVS_DAEMON_ATTR_SYNC_MAXLEN),
    group:
      addressText(attrs.bytes(c.IPVS_DAEMON_ATTR_MCAST_GROUP6), 6) ??
      addressText(attrs.bytes(c.IPVS_DAEMON_ATTR_MCAST_GROUP), 4),
    port: attrs.u16(c.IPVS_DAEMON_ATTR_MCAST_PORT),
    ttl: attrs.u8(c.IPVS_DAEMON_ATTR_MCAST_TTL),
  });
}

/** Reads the SET_CONFIG reply to GET_CONFIG. */
export function decodeTimeouts(payload: Uint8Array): Result<Timeouts, DecodeError> {
  const attrs = attrsOf(payload, c.IPVS_CMD_SET_CONFIG);
  if (!attrs.ok) return attrs;
  const tcpS = attrs.value.u32(c.IPVS_CMD_ATTR_TIMEOUT_TCP);
  if (tcpS === null) return missing('IPVS_CMD_ATTR_TIMEOUT_TCP');
  const tcpFinS = attrs.value.u32(c.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN);
  if (tcpFinS === null) return missing('IPVS_CMD_ATTR_TIMEOUT_TCP_FIN');
  const udpS = attrs.value.u32(c.IPVS_CMD_ATTR_TIMEOUT_UDP);
  return udpS === null ? missing('IPVS_CMD_ATTR_TIMEOUT_UDP') : ok({ tcpS, tcpFinS, udpS });
}

/** Reads the SET_INFO reply to GET_INFO. */
export function decodeInfo(payload: Uint8Array): Result<IpvsInfo, DecodeError> {
  const attrs = attrsOf(payload, c.IPVS_CMD_SET_INFO);
  if (!attrs.ok) return attrs;
  const version = attrs.value.u32(c.IPVS_INFO_ATTR_VERSION);
  if (version === null) return missing('IPVS_INFO_ATTR_VERSION');
  const connectionTableSize = attrs.value.u32(c.IPVS_INFO_ATTR_CONN_TAB_SIZE);
  if (connectionTableSize === null) return missing('IPVS_INFO_ATTR_CONN_TAB_SIZE');
  // NVERSION() in ip_vs.h: a byte each.
  const text = `${(version >>> 16) & 0xff}.${(version >>> 8) & 0xff}.${version & 0xff}`;
  return ok({ version: text, connectionTableSize });
}

function attrsOf(payload: Uint8Array, command: number): Result<Attrs, DecodeError> {
  const got = payload[0];
  if (got === undefined || payload.length < c.GENL_HDRLEN) {
    return err({ kind: 'short', need: c.GENL_HDRLEN, have: payload.length });
  }
  if (got !== command) return err({ kind: 'command', want: command, got });
  const attrs = decodeAttrs(payload, c.GENL_HDRLEN);
  return attrs.ok ? attrs : err({ kind: 'attributes', error: attrs.error });
}

function nestOf(payload: Uint8Array, command: number, type: number, name: string): Result<Attrs, DecodeError> {
  const attrs = attrsOf(payload, command);
  if (!attrs.ok) return attrs;
  const nest = attrs.value.nested(type);
  return nest === null ? missing(name) : ok(nest);
}

function familyOf(addressFamily: number | null, name: string): Result<4 | 6, DecodeError> {
  if (addressFamily === null) return missing(name);
  if (addressFamily === c.AF_INET) return ok(4);
  return addressFamily === c.AF_INET6 ? ok(6) : err({ kind: 'value', name, got: addressFamily });
}

/** Canonical text of an address attribute: 16 bytes, IPv4 in the first four; null when absent or too short. */
function addressText(bytes: Uint8Array | null, family: 4 | 6): string | null {
  const length = family === 4 ? 4 : 16;
  return bytes === null || bytes.length < length ? null : formatAddress(bytes.subarray(0, length));
}

function granularityIn(attrs: Attrs, family: 4 | 6): Pick<ServiceSettings, 'prefixLength' | 'holedMask'> | null {
  if (family === 6) {
    const prefixLength = attrs.u32(c.IPVS_SVC_ATTR_NETMASK);
    return prefixLength === null ? null : { prefixLength };
  }
  const mask = attrs.bytes(c.IPVS_SVC_ATTR_NETMASK);
  if (mask === null || mask.length < 4) return null;
  const [first = 0, second = 0, third = 0, fourth = 0] = mask;
  return granularityOf((first << 24) | (second << 16) | (third << 8) | fourth);
}

function missing(name: string): Result<never, DecodeError> {
  return err({ kind: 'attribute', name });
}
