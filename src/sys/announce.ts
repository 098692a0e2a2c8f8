/** Puts gratuitous ARP and unsolicited NA frames on the wire of one interface, through a packet socket. */
import type { AnnouncementConfig } from '../config/types.ts';
import { gratuitousArp } from '../net/arp.ts';
import { unsolicitedNa } from '../net/ndisc.ts';
import { AF_PACKET, sockaddrOfFrame } from '../net/sockaddr.ts';
import { PacedQueue } from '../vrrp/paced-queue.ts';
import { readSetting, SETTINGS_ROOT } from './interface-settings.ts';
import { errnoName, monotonicMs, RawSocket } from './socket.ts';

const SOCK_RAW = 3;

export interface Announcer {
  /** Builds the frames, so that `announce` with the same arguments only sends. */
  prepare(addresses: readonly Uint8Array[], mac: Uint8Array, arp: AnnouncementConfig['arp']): void;
  /**
   * `rounds` times every address. Without spacing the first round at once, and the others back to back as soon as every
   * virtual router that takes over has had its first; else one frame now, or when the interface is free, and the others
   * behind it. Returns the code of the last refusal, or null. Never throws.
   */
  announce(burst: Burst): string | null;
  /** Takes back what the owner still has waiting. */
  drop(owner: string): void;
  close(): void;
}

export interface Burst {
  /** Whose it is: a new burst of his replaces what waits of the one before. */
  readonly owner: string;
  readonly addresses: readonly Uint8Array[];
  readonly mac: Uint8Array;
  readonly arp: AnnouncementConfig['arp'];
  readonly rounds: number;
  readonly spacingMs: number;
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly to: Uint8Array;
}

/** Frames of this many different sets of addresses are kept. */
const KEPT_SETS = 512;

const FRAMES_PER_TURN = 32;

/** Throws SystemError (EPERM without CAP_NET_RAW). Protocol 0: the socket receives nothing. */
export function openAnnouncer(interfaceName: string, interfaceIndex: number): Announcer {
  const socket = new RawSocket(AF_PACKET, SOCK_RAW, 0);
  const queue = new PacedQueue<Frame>();
  const built = new Map<string, readonly Frame[]>();
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;

  function framesFor(
    addresses: readonly Uint8Array[],
    mac: Uint8Array,
    arp: AnnouncementConfig['arp'],
  ): readonly Frame[] {
    const key = `${arp} ${mac.join()} ${addresses.map((address) => address.join('.')).join()}`;
    const known = built.get(key);
    if (known !== undefined) return known;
    const router = addresses.some((address) => address.length === 16) && forwardsIpv6(interfaceName);
    const frames = addresses.flatMap((address): readonly Frame[] => {
      if (address.length === 16) return [frameOf(unsolicitedNa(mac, address, router))];
      const forms = arp === 'both' ? (['request', 'reply'] as const) : [arp];
      return forms.map((form) => frameOf(gratuitousArp(mac, address, form)));
    });
    if (built.size >= KEPT_SETS) built.clear();
    built.set(key, frames);
    return frames;
  }

  function frameOf(bytes: Uint8Array): Frame {
    return { bytes, to: sockaddrOfFrame(bytes, interfaceIndex) };
  }

  function sendFrame({ bytes, to }: Frame): string | null {
    const sent = socket.send(bytes, to);
    return sent < 0 ? errnoName(-sent) : null;
  }

  function sendDue(): string | null {
    let refusal: string | null = null;
    clearImmediate(soon);
    soon = undefined;
    const now = monotonicMs();
    for (let n = 0; n < FRAMES_PER_TURN; n++) {
      const frame = queue.take(now);
      if (frame === null) break;
      refusal = sendFrame(frame) ?? refusal;
    }
    goOn();
    return refusal;
  }

  /** When the next frame is due. Advertisements are heard and sent between two turns. */
  function goOn(): void {
    clearTimeout(timer);
    const { dueAt } = queue;
    if (dueAt === null) return;
    const inMs = dueAt - monotonicMs();
    // A timer that is early by a part of a millisecond must find its frame due.
    if (inMs <= 0) soon ??= setImmediate(sendDue);
    else timer = setTimeout(sendDue, Math.max(1, Math.ceil(inMs)));
  }

  return {
    prepare: (addresses, mac, arp) => {
      framesFor(addresses, mac, arp);
    },
    announce({ owner, addresses, mac, arp, rounds, spacingMs }) {
      const frames = framesFor(addresses, mac, arp);
      if (spacingMs > 0 || rounds === 0) {
        queue.put(owner, frames, rounds, spacingMs);
        return sendDue();
      }
      queue.put(owner, frames, rounds - 1, 0);
      goOn();
      return frames.reduce<string | null>((refusal, frame) => sendFrame(frame) ?? refusal, null);
    },
    drop: (owner) => queue.drop(owner),
    close() {
      clearTimeout(timer);
      clearImmediate(soon);
      socket.close();
    },
  };
}

function forwardsIpv6(interfaceName: string): boolean {
  return (readSetting(`${SETTINGS_ROOT}/ipv6/conf/${interfaceName}/forwarding`) ?? '0') !== '0';
}
