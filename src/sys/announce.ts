/** Puts gratuitous ARP and unsolicited NA frames on the wire, through a packet socket. */
import { readFileSync } from 'node:fs';
import { gratuitousArp } from '../net/arp.ts';
import { unsolicitedNa } from '../net/ndisc.ts';
import { sockaddrLl } from '../net/sockaddr.ts';
import { errnoName, RawSocket } from './socket.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

export interface Announcer {
  /** Builds the frames, so that `announce` with the same arguments only sends. */
  prepare(addresses: readonly Uint8Array[], mac: Uint8Array): void;
  /** `rounds` times every address, back to back; returns the code of the last refusal, or null. Never throws. */
  announce(addresses: readonly Uint8Array[], mac: Uint8Array, rounds: number): string | null;
  close(): void;
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly to: Uint8Array;
}

/** Frames of this many different sets of addresses are kept. */
const KEPT_SETS = 512;

/** Throws SystemError (EPERM without CAP_NET_RAW). Protocol 0: the socket receives nothing. */
export function openAnnouncer(interfaceName: string, interfaceIndex: number): Announcer {
  const socket = new RawSocket(AF_PACKET, SOCK_RAW, 0);
  const built = new Map<string, readonly Frame[]>();

  function framesFor(addresses: readonly Uint8Array[], mac: Uint8Array): readonly Frame[] {
    const key = `${mac.join()} ${addresses.map((address) => address.join('.')).join()}`;
    const known = built.get(key);
    if (known !== undefined) return known;
    const router = addresses.some((address) => address.length === 16) && forwardsIpv6(interfaceName);
    const frames = addresses.map((address): Frame => {
      const v4 = address.length === 4;
      const bytes = v4 ? gratuitousArp(mac, address) : unsolicitedNa(mac, address, router);
      return { bytes, to: sockaddrLl(v4 ? ETH_P_ARP : ETH_P_IPV6, interfaceIndex, bytes.subarray(0, 6)) };
    });
    if (built.size >= KEPT_SETS) built.clear();
    built.set(key, frames);
    return frames;
  }

  return {
    prepare: (addresses, mac) => {
      framesFor(addresses, mac);
    },
    announce(addresses, mac, rounds) {
      let refusal: string | null = null;
      const frames = framesFor(addresses, mac);
      for (let round = 0; round < rounds; round++) {
        for (const { bytes, to } of frames) {
          const sent = socket.send(bytes, to);
          if (sent < 0) refusal = errnoName(-sent);
        }
      }
      return refusal;
    },
    close: () => socket.close(),
  };
}

function forwardsIpv6(interfaceName: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${interfaceName}/forwarding`, 'utf8').trim() !== '0';
  } catch {
    return false;
  }
}
