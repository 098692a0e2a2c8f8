/**
 * Runs the whole of a take-over a few times where it touches nothing, when the VRRP process starts. V8 compiles a function
 * when it is first called and better when it is called often: without this the first announcement of a fail-over comes
 * 2 ms behind its advertisement, with it a fraction of one.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { ok } from '../util/result.ts';
import { newAddress, placedAddresses } from '../vrrp/belongings.ts';
import { advertOf } from '../vrrp/expected.ts';
import { VirtualRouterInstance } from '../vrrp/instance.ts';
import { encodeAdvert } from '../vrrp/packet.ts';
import { PLAIN_ROUTER } from '../vrrp/plain-router.ts';
import { checkMessage } from '../vrrp/receive.ts';
import { type Announcer, type Burst, openAnnouncer } from './announce.ts';
import type { NetworkState } from './rtnl.ts';
import type { VirtualAddresses } from './virtual-addresses.ts';

const ROUNDS = 30;
const LOOPBACK = 'lo';
/** No interface can have a slash in its name: nothing is ever added there. */
const NOWHERE = 'no/where';
const MAC = new Uint8Array(6);
/** TEST-NET-1 (RFC 5737): never a real address. */
const SOURCE = Uint8Array.of(192, 0, 2, 1);
const DESTINATION = Uint8Array.of(224, 0, 0, 18);
const CONFIG: VirtualRouterConfig = {
  ...PLAIN_ROUTER,
  name: 'rehearsal',
  interface: LOOPBACK,
  vrid: 1,
  virtualAddresses: [
    { address: '192.0.2.2', prefixLength: 32, interface: NOWHERE, scope: 0, label: null, broadcast: null },
  ],
};

const BURST: Burst = {
  owner: CONFIG.name,
  addresses: [SOURCE],
  mac: MAC,
  arp: 'request',
  rounds: 1,
  spacingMs: 0,
};

/** Never throws: what cannot be rehearsed is only slower the first time. */
export function rehearse(network: NetworkState, addresses: VirtualAddresses): void {
  const loopback = network.link(LOOPBACK);
  let announcer: Announcer | null = null;
  try {
    announcer = loopback === null ? null : openAnnouncer(LOOPBACK, loopback.index);
    for (let i = 0; i < ROUNDS; i++) takeOver(network, addresses, announcer);
  } catch {
    // No privileges: the real sockets will say so, in words.
  } finally {
    announcer?.close();
  }
}

function takeOver(network: NetworkState, addresses: VirtualAddresses, announcer: Announcer | null): void {
  let now = 0;
  const envelopes = [{ source: SOURCE, destination: DESTINATION }];
  const instance = new VirtualRouterInstance(CONFIG, {
    now: () => now,
    wakeAt: () => {},
    afterAdverts: (act) => act(),
    envelopes: () => envelopes,
    send: () => {},
    claim: () => {
      addresses.claim(CONFIG);
      for (const address of placedAddresses(CONFIG)) network.rehearse(newAddress(address, 0));
      return ok(undefined);
    },
    // The loopback interface takes no ARP: the frame goes nowhere.
    announce: () => announcer?.announce(BURST),
    release: () => {},
    changed: () => {},
    event: () => {},
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
