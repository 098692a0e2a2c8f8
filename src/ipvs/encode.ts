/**
 * IPVS requests as generic netlink messages (linux/ip_vs.h). Values are checked before they get here, so encoding
 * cannot fail: a text that is no address is our own mistake and throws. Several messages may share one writer. Pure.
 */
import { parseAddress } from '../net/ip.ts';
import type { AttrWriter } from '../net/nlattr.ts';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from '../net/nlmsg.ts';
import { assertNever } from '../util/assert-never.ts';
import type { IpvsCommand, TimeoutChange } from './command.ts';
import * as c from './constants.ts';
import { ipv4MaskBytes } from './mask.ts';
import type {
  Destination,
  DestinationId,
  DestinationSettings,
  ServiceId,
  ServiceSettings,
  SyncDaemon,
} from './types.ts';

/** Mask of `struct ip_vs_flags`: exactly these flags, whatever the service had. */
const ALL_FLAGS = 0xffffffff;
const ADDRESS_LENGTH = 16;

/**
 * Writes one command. `familyId` is what CTRL_CMD_GETFAMILY answered for "IPVS"; `flags` are netlink's, NLM_F_REQUEST
 * at least, NLM_F_ACK where an answer to success is wanted (errors are always answered).
 */
export function encodeCommand(
  writer: AttrWriter,
  familyId: number,
  seq: number,
  flags: number,
  command: IpvsCommand,
): void {
  const message = beginMessage(writer, { familyId, seq, flags, cmd: COMMAND_NUMBERS[command.command] });
  putCommand(writer, command);
  writer.endMessage(message);
}

/** Dump of all services, without their destinations. */
export function encodeGetServices(writer: AttrWriter, familyId: number, seq: number): void {
  encodeQuery(writer, { familyId, seq, flags: NLM_F_REQUEST | NLM_F_DUMP, cmd: c.IPVS_CMD_GET_SERVICE });
}

/** One service; ESRCH when there is none. */
export function encodeGetService(writer: AttrWriter, familyId: number, seq: number, service: ServiceId): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const message = beginMessage(writer, { familyId, seq, flags, cmd: c.IPVS_CMD_GET_SERVICE });
  putService(writer, service, null);
  writer.endMessage(message);
}

/** Dump of one service's destinations; of a service that does not exist: empty, no error. */
export function encodeGetDestinations(writer: AttrWriter, familyId: number, seq: number, service: ServiceId): void {
  const flags = NLM_F_REQUEST | NLM_F_DUMP;
  const message = beginMessage(writer, { familyId, seq, flags, cmd: c.IPVS_CMD_GET_DEST });
  putService(writer, service, null);
  writer.endMessage(message);
}

/** Dump of the running sync daemons, master first. */
export function encodeGetDaemons(writer: AttrWriter, familyId: number, seq: number): void {
  encodeQuery(writer, { familyId, seq, flags: NLM_F_REQUEST | NLM_F_DUMP, cmd: c.IPVS_CMD_GET_DAEMON });
}

/** IPVS version and size of the connection table. */
export function encodeGetInfo(writer: AttrWriter, familyId: number, seq: number): void {
  encodeQuery(writer, { familyId, seq, flags: NLM_F_REQUEST | NLM_F_ACK, cmd: c.IPVS_CMD_GET_INFO });
}

/** The three connection timeouts. */
export function encodeGetTimeouts(writer: AttrWriter, familyId: number, seq: number): void {
  encodeQuery(writer, { familyId, seq, flags: NLM_F_REQUEST | NLM_F_ACK, cmd: c.IPVS_CMD_GET_CONFIG });
}

interface Header {
  readonly familyId: number;
  readonly seq: number;
  readonly flags: number;
  readonly cmd: number;
}

function encodeQuery(writer: AttrWriter, header: Header): void {
  writer.endMessage(beginMessage(writer, header));
}

function beginMessage(writer: AttrWriter, { familyId, seq, flags, cmd }: Header): number {
  const mark = writer.beginMessage(familyId, flags, seq);
  writer.put8(cmd).put8(c.IPVS_GENL_VERSION).put16(0);
  return mark;
}

const COMMAND_NUMBERS: Readonly<Record<IpvsCommand['command'], number>> = {
  'new-service': c.IPVS_CMD_NEW_SERVICE,
  'set-service': c.IPVS_CMD_SET_SERVICE,
  'del-service': c.IPVS_CMD_DEL_SERVICE,
  'new-dest': c.IPVS_CMD_NEW_DEST,
  'set-dest': c.IPVS_CMD_SET_DEST,
  'del-dest': c.IPVS_CMD_DEL_DEST,
  'new-daemon': c.IPVS_CMD_NEW_DAEMON,
  'del-daemon': c.IPVS_CMD_DEL_DAEMON,
  'set-timeouts': c.IPVS_CMD_SET_CONFIG,
  zero: c.IPVS_CMD_ZERO,
  flush: c.IPVS_CMD_FLUSH,
};

function putCommand(writer: AttrWriter, command: IpvsCommand): void {
  switch (command.command) {
    case 'new-service':
    case 'set-service':
      putService(writer, command.service, command.settings);
      break;
    case 'del-service':
      putService(writer, command.service, null);
      break;
    case 'new-dest':
    case 'set-dest':
      putService(writer, command.service, null);
      putDestination(writer, command.destination);
      break;
    case 'del-dest':
      putService(writer, command.service, null);
      putDestinationId(writer, command.destination);
      break;
    case 'new-daemon':
      putDaemon(writer, command.daemon);
      break;
    case 'del-daemon':
      putDaemonRole(writer, command.role);
      break;
    case 'set-timeouts':
      putTimeouts(writer, command.timeouts);
      break;
    case 'zero':
      if (command.service !== null) putService(writer, command.service, null);
      break;
    case 'flush':
      break;
    default:
      assertNever(command);
  }
}

function putService(writer: AttrWriter, id: ServiceId, settings: ServiceSettings | null): void {
  const nest = writer.beginNest(c.IPVS_CMD_ATTR_SERVICE);
  writer.u16(c.IPVS_SVC_ATTR_AF, addressFamily(id.family));
  if (id.kind === 'fwmark') {
    writer.u32(c.IPVS_SVC_ATTR_FWMARK, id.fwmark);
  } else {
    writer.u16(c.IPVS_SVC_ATTR_PROTOCOL, id.protocol);
    writer.bytes(c.IPVS_SVC_ATTR_ADDR, paddedAddress(id.address));
    writer.u16be(c.IPVS_SVC_ATTR_PORT, id.port);
  }
  if (settings !== null) putServiceSettings(writer, id.family, settings);
  writer.endNest(nest);
}

function putServiceSettings(writer: AttrWriter, family: 4 | 6, settings: ServiceSettings): void {
  writer.string(c.IPVS_SVC_ATTR_SCHED_NAME, settings.scheduler);
  // Left out of SET_SERVICE the engine is removed, which is what null asks for.
  if (settings.persistenceEngine !== null) writer.string(c.IPVS_SVC_ATTR_PE_NAME, settings.persistenceEngine);
  flagsPair.setUint32(0, settings.flags & ~c.IP_VS_SVC_F_HASHED, true);
  flagsPair.setUint32(4, ALL_FLAGS, true);
  writer.bytes(c.IPVS_SVC_ATTR_FLAGS, flagsBytes);
  writer.u32(c.IPVS_SVC_ATTR_TIMEOUT, settings.timeoutS);
  if (family === 4) writer.bytes(c.IPVS_SVC_ATTR_NETMASK, ipv4MaskBytes(settings));
  else writer.u32(c.IPVS_SVC_ATTR_NETMASK, settings.prefixLength);
}

/** Space for `struct ip_vs_flags`, used for one attribute at a time. */
const flagsBytes = new Uint8Array(8);
const flagsPair = new DataView(flagsBytes.buffer);

/** SET_DEST replaces everything: a setting that is left out becomes 0. So all of them are written, always. */
function putDestination(writer: AttrWriter, { id, settings }: Destination): void {
  const nest = writer.beginNest(c.IPVS_CMD_ATTR_DEST);
  putDestinationKey(writer, id);
  writer.u32(c.IPVS_DEST_ATTR_FWD_METHOD, settings.forwardMethod & c.IP_VS_CONN_F_FWD_MASK);
  writer.u32(c.IPVS_DEST_ATTR_WEIGHT, settings.weight);
  writer.u32(c.IPVS_DEST_ATTR_U_THRESH, settings.upperThreshold);
  writer.u32(c.IPVS_DEST_ATTR_L_THRESH, settings.lowerThreshold);
  if (hasTunnelSettings(settings)) {
    writer.u8(c.IPVS_DEST_ATTR_TUN_TYPE, settings.tunnelType);
    writer.u16be(c.IPVS_DEST_ATTR_TUN_PORT, settings.tunnelPort);
    writer.u16(c.IPVS_DEST_ATTR_TUN_FLAGS, settings.tunnelFlags);
  }
  writer.endNest(nest);
}

/** The exception to "always": absent means 0, so a destination without a tunnel says the same in 24 bytes less. */
function hasTunnelSettings({ forwardMethod, tunnelType, tunnelPort, tunnelFlags }: DestinationSettings): boolean {
  return forwardMethod === c.IP_VS_CONN_F_TUNNEL || tunnelType !== 0 || tunnelPort !== 0 || tunnelFlags !== 0;
}

function putDestinationId(writer: AttrWriter, id: DestinationId): void {
  const nest = writer.beginNest(c.IPVS_CMD_ATTR_DEST);
  putDestinationKey(writer, id);
  writer.endNest(nest);
}

function putDestinationKey(writer: AttrWriter, id: DestinationId): void {
  writer.u16(c.IPVS_DEST_ATTR_ADDR_FAMILY, addressFamily(id.family));
  writer.bytes(c.IPVS_DEST_ATTR_ADDR, paddedAddress(id.address));
  writer.u16be(c.IPVS_DEST_ATTR_PORT, id.port);
}

function putDaemon(writer: AttrWriter, daemon: SyncDaemon): void {
  const nest = writer.beginNest(c.IPVS_CMD_ATTR_DAEMON);
  writer.u32(c.IPVS_DAEMON_ATTR_STATE, daemonState(daemon.role));
  writer.string(c.IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
  writer.u32(c.IPVS_DAEMON_ATTR_SYNC_ID, daemon.syncId);
  if (daemon.maxLength !== null) writer.u16(c.IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.maxLength);
  if (daemon.group !== null) {
    const group = addressBytes(daemon.group);
    const isIpv4 = group.length === 4;
    writer.bytes(isIpv4 ? c.IPVS_DAEMON_ATTR_MCAST_GROUP : c.IPVS_DAEMON_ATTR_MCAST_GROUP6, group);
  }
  if (daemon.port !== null) writer.u16(c.IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl !== null) writer.u8(c.IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
  writer.endNest(nest);
}

function putDaemonRole(writer: AttrWriter, role: SyncDaemon['role']): void {
  const nest = writer.beginNest(c.IPVS_CMD_ATTR_DAEMON);
  writer.u32(c.IPVS_DAEMON_ATTR_STATE, daemonState(role));
  writer.endNest(nest);
}

function putTimeouts(writer: AttrWriter, { tcpS, tcpFinS, udpS }: TimeoutChange): void {
  if (tcpS !== null) writer.u32(c.IPVS_CMD_ATTR_TIMEOUT_TCP, tcpS);
  if (tcpFinS !== null) writer.u32(c.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, tcpFinS);
  if (udpS !== null) writer.u32(c.IPVS_CMD_ATTR_TIMEOUT_UDP, udpS);
}

function daemonState(role: SyncDaemon['role']): number {
  return role === 'master' ? c.IP_VS_STATE_MASTER : c.IP_VS_STATE_BACKUP;
}

function addressFamily(family: 4 | 6): number {
  return family === 4 ? c.AF_INET : c.AF_INET6;
}

function addressBytes(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === null) throw new RangeError(`Cannot encode IPVS command: ${JSON.stringify(text)} is not an address`);
  return address.bytes;
}

/** `union nf_inet_addr`: 16 bytes, IPv4 in the first four. */
function paddedAddress(text: string): Uint8Array {
  const bytes = addressBytes(text);
  if (bytes.length === ADDRESS_LENGTH) return bytes;
  const padded = new Uint8Array(ADDRESS_LENGTH);
  padded.set(bytes);
  return padded;
}
