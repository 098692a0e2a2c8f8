/**
 * Runs the whole of a take-over a few times where it touches nothing, when the VRRP process starts. V8 compiles a function
 * when it is first called and better when it is called often: without this the first announcement of a fail-over comes
 * 2 ms behind its advertisement, with it a fraction of one.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { ok } from '../util/result.ts';
import { advertOf } from '../vrrp/expected.ts';
import { VirtualRouterInstance } from '../vrrp/instance.ts';
import { encodeAdvert } from '../vrrp/packet.ts';
import { checkMessage } from '../vrrp/receive.ts';
import { type Announcer, openAnnouncer } from './announce.ts';
import type { NetworkState } from './rtnl.ts';

const ROUNDS = 30;
const LOOPBACK = 'lo';
const MAC = new Uint8Array(6);
/** TEST-NET-1 (RFC 5737): never a real address. */
const SOURCE = Uint8Array.of(192, 0, 2, 1);
const DESTINATION = Uint8Array.of(224, 0, 0, 18);
const CONFIG: VirtualRouterConfig = {
  name: 'rehearsal',
  interface: LOOPBACK,
  version: 3,
  family: 4,
  vrid: 1,
  priority: 100,
  advertisementIntervalMs: 1000,
  preempt: true,
  virtualAddresses: [{ address: '192.0.2.2', prefixLength: 32 }],
  transport: { kind: 'ip' },
  checksum: 'auto',
  password: null,
  announcements: { count: 1, repeatDelayMs: 0 },
};

/** Never throws: what cannot be rehearsed is only slower the first time. */
export function rehearse(network: NetworkState): void {
  const loopback = network.link(LOOPBACK);
  let announcer: Announcer | null = null;
  try {
    announcer = loopback === null ? null : openAnnouncer(LOOPBACK, loopback.index);
    for (let i = 0; i < ROUNDS; i++) takeOver(network, announcer);
  } catch {
    // No privileges: the real sockets will say so, in words.
  } finally {
    announcer?.close();
  }
}

function takeOver(network: NetworkState, announcer: Announcer | null): void {
  let now = 0;
  const envelope = { source: SOURCE, destination: DESTINATION };
  const instance = new VirtualRouterInstance(CONFIG, {
    now: () => now,
    wakeAt: () => {},
    envelope: () => envelope,
    send: () => {},
    claim: () => {
      network.rehearse(SOURCE);
      return ok(undefined);
    },
    // The loopback interface takes no ARP: the frame goes nowhere.
    announce: () => announcer?.announce([SOURCE], MAC, CONFIG.announcements.count),
    release: () => {},
    changed: () => {},
    log: () => {},
  });
  instance.setLink({ fault: null, primaryAddress: SOURCE, holdsAddresses: false });
  const peer = { source: Uint8Array.of(192, 0, 2, 3), destination: DESTINATION };
  const data = encodeAdvert(advertOf(CONFIG, 150), peer, 'pseudo');
  const message = { ...peer, data, ttl: 255, arrivedAt: 0 };
  const heard = checkMessage(message, instance.expected, SOURCE);
  if (heard.ok) instance.receive(heard.value, peer.source, message.arrivedAt);
  now = 10_000;
  instance.tick();
  now = 20_000;
  instance.tick();
}
