/** One virtual router on a machine made of variables, in virtual time. */
import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { err, ok } from '../../../src/util/result.ts';
import { VirtualRouterInstance } from '../../../src/vrrp/instance.ts';
import type { InstancePorts, LinkState } from '../../../src/vrrp/instance-ports.ts';
import { type ChecksumForm, type DecodedAdvert, decodeAdvert, type Envelope } from '../../../src/vrrp/packet.ts';
import type { ReceivedMessage } from '../../../src/vrrp/receive.ts';
import { ip, routerConfig } from './builders.ts';

export const OWN = ip('192.0.2.1');
export const PEER = ip('192.0.2.2');
export const GROUP = ip('224.0.0.18');
export const DOWN: LinkState = { fault: 'interface eth0 is down or has no carrier' };

export function linkUp(
  given: { readonly primaryAddress?: Uint8Array; readonly holdsAddresses?: boolean } = {},
): LinkState {
  return { fault: null, primaryAddress: OWN, holdsAddresses: false, ...given };
}

/** An advertisement of version 3. */
export function advert(
  priority: number,
  given: Partial<Extract<DecodedAdvert, { readonly version: 3 }>> = {},
): DecodedAdvert {
  const addresses = [ip('192.0.2.100')];
  return { version: 3, vrid: 51, priority, maxAdvertiseIntervalCs: 100, addresses, checksumForm: 'pseudo', ...given };
}

/** Something that PEER sent. */
export function received(data: Uint8Array = new Uint8Array()): ReceivedMessage {
  return { data, source: PEER, destination: GROUP, ttl: 255, arrivedAt: null };
}

/** A virtual router on a machine that writes down what it was asked; time moves only in `until` and `tickAt`. */
export function bench(given: Partial<VirtualRouterConfig> = {}) {
  let now = 0;
  let log: string[] = [];
  const machine = {
    timer: null as number | null,
    armed: 0,
    source: OWN as Uint8Array | null,
    /** Of advertisements: the group, or peers. */
    destinations: [GROUP] as readonly Uint8Array[],
    refusal: null as string | null,
    sent: [] as Uint8Array[],
  };
  let envelopes: readonly Envelope[] = [];
  const ports: InstancePorts = {
    now: () => now,
    wakeAt: (at) => {
      machine.timer = at;
      machine.armed++;
    },
    afterAdverts: (act) => act(),
    envelopes: () => {
      const { source } = machine;
      if (source === null) return [];
      if (envelopes[0]?.source !== source || envelopes.length !== machine.destinations.length)
        envelopes = machine.destinations.map((destination) => ({ source, destination }));
      return envelopes;
    },
    send: (message) => {
      machine.sent.push(message);
      log.push(`advert ${message[2]}`);
    },
    claim: () => {
      log.push('claim');
      return machine.refusal === null ? ok(undefined) : err(machine.refusal);
    },
    announce: () => log.push('announce'),
    release: () => log.push('release'),
    changed: (role, reason) => log.push(`${role}: ${reason}`),
    event: (event, detail) => log.push(`${event}: ${detail}`),
    log: (level, text) => log.push(`${level}: ${text}`),
  };
  const router = new VirtualRouterInstance(routerConfig(given), ports);
  return {
    machine,
    router,
    /** Lets time pass; the timer fires exactly when it is due. */
    until(at: number): void {
      for (let fired = 0; machine.timer !== null && machine.timer <= at; fired++) {
        assert.ok(fired < 100, 'the timer never rests');
        now = machine.timer;
        router.tick();
      }
      now = at;
    },
    /** The timer fires late, or early. */
    tickAt(at: number): void {
      now = at;
      router.tick();
    },
    /** The peer 192.0.2.2 advertises. */
    hear(message: DecodedAdvert, arrivedAt: number | null = null): void {
      router.receive(message, PEER, arrivedAt);
    },
    /** What happened since the last call. */
    happened(): string[] {
      const happened = log;
      log = [];
      return happened;
    },
    /** The checksum form of the last message sent. */
    lastForm(): ChecksumForm | null {
      const decoded = decodeAdvert(machine.sent.at(-1) ?? new Uint8Array(), { source: OWN, destination: GROUP }, null);
      return decoded.ok ? decoded.value.checksumForm : null;
    },
  };
}

/** One that has become Active at 3609.375 and whose log is empty. */
export function activeBench(given: Partial<VirtualRouterConfig> = {}) {
  const b = bench(given);
  b.router.setLink(linkUp());
  b.until(3609.375);
  assert.equal(b.router.role, 'MASTER');
  b.happened();
  return b;
}
