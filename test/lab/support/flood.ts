/**
 * A rude neighbour: `node flood.js INTERFACE RATE_PER_S SECONDS` sends malformed VRRP messages for virtual router 51 and
 * prints how many of each kind, as JSON. Runs in a namespace of the lab.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sockaddrIn } from '../../../src/net/sockaddr.ts';
import { interfaceIndex, RawSocket } from '../../../src/sys/socket.ts';

const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_IP = 0;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IPPROTO_VRRP = 112;
const GROUP = Uint8Array.of(224, 0, 0, 18);
const EVERY_MS = 10;

/** Priority 255, every 200 ms, 10.0.0.100: what a successful forgery would say. The checksum is still to come. */
const FORGED = [0x31, 51, 255, 1, 0x00, 0x14, 0, 0, 10, 0, 0, 100];

/** One for each reason to refuse (RFC 9568 section 7.1), in every other respect without fault. */
export const KINDS: Readonly<Record<string, { readonly bytes: Uint8Array; readonly ttl: number }>> = {
  'ip-ttl-errors': { bytes: summed(FORGED), ttl: 254 },
  'version-errors': { bytes: summed(changed(0, 0x21)), ttl: 255 },
  'invalid-type-pkts-rcvd': { bytes: summed(changed(0, 0x32)), ttl: 255 },
  'packet-length-errors': { bytes: summed(changed(3, 4)), ttl: 255 },
  'checksum-errors': { bytes: Uint8Array.from(FORGED), ttl: 255 },
  'vrid-errors': { bytes: summed(changed(1, 77)), ttl: 255 },
  'interval-errors': { bytes: summed(changed(5, 0)), ttl: 255 },
};

function changed(at: number, octet: number): number[] {
  return FORGED.map((old, i) => (i === at ? octet : old));
}

/** With the Internet checksum (RFC 1071) over the message alone, the form of RFC 9568. */
function summed(message: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from(message);
  const view = new DataView(bytes.buffer);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(6, ~sum & 0xffff);
  return bytes;
}

function open(device: string, ttl: number): RawSocket {
  const socket = new RawSocket(AF_INET, SOCK_RAW, IPPROTO_VRRP);
  const mreqn = new Uint8Array(12);
  new DataView(mreqn.buffer).setInt32(8, interfaceIndex(device) ?? 0, true);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_IF, mreqn);
  socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, ttl);
  return socket;
}

async function flood(device: string, ratePerS: number, seconds: number): Promise<Record<string, number>> {
  const sockets = new Map([254, 255].map((ttl) => [ttl, open(device, ttl)]));
  const kinds = Object.entries(KINDS);
  const sent = new Map(kinds.map(([name]) => [name, 0]));
  const to = sockaddrIn(GROUP);
  const startedAt = performance.now();
  for (let n = 0; n < ratePerS * seconds; await sleep(EVERY_MS)) {
    const due = Math.min(((performance.now() - startedAt) * ratePerS) / 1000, ratePerS * seconds);
    for (; n < due; n++) {
      const [name, { bytes, ttl }] = kinds[n % kinds.length] ?? ['', { bytes: new Uint8Array(), ttl: 0 }];
      if ((sockets.get(ttl)?.send(bytes, to) ?? 0) > 0) sent.set(name, (sent.get(name) ?? 0) + 1);
    }
  }
  for (const socket of sockets.values()) socket.close();
  return Object.fromEntries(sent);
}

const [, script = '', device = '', ratePerS = '', seconds = ''] = process.argv;
if (import.meta.filename === script) {
  process.stdout.write(`${JSON.stringify(await flood(device, Number(ratePerS), Number(seconds)))}\n`);
}
