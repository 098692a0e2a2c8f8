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
  /** `rounds` times every address, back to back; returns the code of the last refusal, or null. Never throws. */
  announce(addresses: readonly Uint8Array[], mac: Uint8Array, rounds: number): string | null;
  close(): void;
}

/** Throws SystemError (EPERM without CAP_NET_RAW). Protocol 0: the socket receives nothing. */
export function openAnnouncer(interfaceName: string, interfaceIndex: number): Announcer {
  const socket = new RawSocket(AF_PACKET, SOCK_RAW, 0);
  return {
    announce(addresses, mac, rounds) {
      let refusal: string | null = null;
      const router = addresses.some((address) => address.length === 16) && forwardsIpv6(interfaceName);
      const frames = addresses.map((address) => {
        const v4 = address.length === 4;
        const frame = v4 ? gratuitousArp(mac, address) : unsolicitedNa(mac, address, router);
        return { frame, to: sockaddrLl(v4 ? ETH_P_ARP : ETH_P_IPV6, interfaceIndex, frame.subarray(0, 6)) };
      });
      for (let round = 0; round < rounds; round++) {
        for (const { frame, to } of frames) {
          const sent = socket.send(frame, to);
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
