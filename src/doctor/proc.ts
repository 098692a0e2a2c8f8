/** Reads what /proc/net and module lists say, and the head of a sync message. Nothing throws, unknown lines are left out. Pure. */
import { formatAddress } from '../net/ip.ts';
import type { GroupFact, ListenerFact, SyncMessageFact } from './facts.ts';

/** TCP_LISTEN; UDP sockets that are bound and not connected show TCP_CLOSE. */
const STATE = { tcp: '0A', udp: '07' } as const;

/** /proc/net/tcp, tcp6, udp or udp6: sockets that listen (TCP) or are bound (UDP). */
export function parseSockets(text: string, protocol: 'tcp' | 'udp'): ListenerFact[] {
  return text.split('\n').flatMap((line) => {
    const [, address = '', port = '', state] = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ (\w\w) /.exec(line) ?? [];
    const bytes = state === STATE[protocol] ? addressBytes(address) : null;
    return bytes === null ? [] : [{ protocol, address: formatAddress(bytes), port: Number.parseInt(port, 16) }];
  });
}

/** /proc/net/igmp: an interface's line, then its groups. */
export function parseIgmp(text: string): GroupFact[] {
  let name = '';
  return text.split('\n').flatMap((line) => {
    const [, found] = /^\d+\s+(\S+)\s*:/.exec(line) ?? [];
    if (found !== undefined) name = found;
    const [, group] = /^\s+([0-9A-F]{8})\s/.exec(line) ?? [];
    const bytes = group === undefined ? null : addressBytes(group);
    return bytes === null ? [] : [{ interface: name, group: formatAddress(bytes) }];
  });
}

/** /proc/net/igmp6: one line a group, in network order. */
export function parseIgmp6(text: string): GroupFact[] {
  return text.split('\n').flatMap((line) => {
    const [, name, group] = /^\d+\s+(\S+)\s+([0-9a-f]{32})\s/.exec(line) ?? [];
    return name === undefined || group === undefined
      ? []
      : [{ interface: name, group: formatAddress(hexBytes(group)) }];
  });
}

/** Names of /proc/modules, modules.builtin or modules.dep, with underscores. */
export function parseModuleNames(text: string): Set<string> {
  const names = text.split('\n').map((line) => /^[^\s:]+/.exec(line)?.[0] ?? '');
  return new Set(names.map((name) => (name.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_')));
}

/**
 * The head of a sync message (ip_vs_sync.c): version 1 begins with a zero byte, the sync id, the size of the message, the
 * number of connections, version 1 and a zero; version 0 with the number of connections, the sync id and the size.
 */
export function parseSyncMessage(data: Uint8Array, from: string): SyncMessageFact | null {
  if (data.length < 4 || data.length !== (((data[2] ?? 0) << 8) | (data[3] ?? 0))) return null;
  const version = data[0] === 0 && data.length >= 8 && data[5] === 1 ? 1 : 0;
  return { from, syncId: data[1] ?? 0, version };
}

/** The kernel prints addresses as 32-bit words of the host's byte order (little-endian). */
function addressBytes(hex: string): Uint8Array | null {
  if (hex.length !== 8 && hex.length !== 32) return null;
  const words = hex.match(/.{8}/g) ?? [];
  return Uint8Array.from(words.flatMap((word) => [...hexBytes(word)].reverse()));
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
