/**
 * Somebody else on the segment: `node stranger.js JSON` sends well-formed advertisements of VRRPv3 that are not his to send.
 * Runs in a namespace of the lab, on eth0.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from '../../../src/net/ip.ts';
import { interfaceIndex } from '../../../src/sys/socket.ts';
import { openIpTransport } from '../../../src/sys/vrrp-ip.ts';
import { encodeAdvert } from '../../../src/vrrp/packet.ts';

export interface Strange {
  /** An address that the machine has. */
  readonly source: string;
  /** Null: the multicast group. */
  readonly peer: string | null;
  readonly ttl: number;
  readonly vrid: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  readonly count: number;
}

const PAUSE_MS = 20;
const INTERFACE = 'eth0';

async function speak({ source, peer, ttl, count, addresses, intervalMs, ...rest }: Strange): Promise<void> {
  const place = { interfaceName: INTERFACE, interfaceIndex: interfaceIndex(INTERFACE) ?? 0 };
  const family = source.includes(':') ? 6 : 4;
  const failed = (what: string): void => {
    throw new Error(what);
  };
  const transport = openIpTransport({ ...place, family }, { message: () => {}, failed });
  const route = transport.route({ source: bytesOf(source), peer: peer === null ? null : bytesOf(peer), ttl });
  const common = { version: 3 as const, maxAdvertiseIntervalCs: intervalMs / 10, addresses: addresses.map(bytesOf) };
  const message = encodeAdvert({ ...rest, ...common }, route.envelope, 'pseudo');
  for (let i = 0; i < count; i++) {
    transport.send(message, route);
    await sleep(PAUSE_MS);
  }
  transport.close();
}

function bytesOf(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === null) throw new Error(`Not an address: ${text}`);
  return address.bytes;
}

const [, script = '', json = ''] = process.argv;
if (import.meta.filename === script) await speak(JSON.parse(json));
