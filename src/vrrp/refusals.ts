/** Refused messages: how many, which to tell, and in which words. Pure. */
import { formatAddress } from '../net/ip.ts';
import { type Expected, ON_LINK_TTL, type ReceivedMessage, type Refusal } from './receive.ts';
import type { Millis } from './timers.ts';

const TELL_EVERY_MS = 60_000;

/** Counts by reason; owns no clock. Bounded by reasons and virtual routers, whatever the network sends. */
export class RefusalCounters {
  readonly #counts: Partial<Record<Refusal, number>> = {};
  readonly #toldAt = new Map<string, Millis>();

  /** True: nobody was told of this reason for a minute. `vrid`: of the virtual router here that it is about; 0: none. */
  count(refusal: Refusal, now: Millis, vrid: number): boolean {
    this.#counts[refusal] = (this.#counts[refusal] ?? 0) + 1;
    const key = `${refusal} ${vrid}`;
    const toldAt = this.#toldAt.get(key);
    if (toldAt !== undefined && now - toldAt < TELL_EVERY_MS) return false;
    this.#toldAt.set(key, now);
    return true;
  }

  report(): Partial<Record<Refusal, number>> {
    return { ...this.#counts };
  }
}

/**
 * A sentence for the log, or null for what is normal beside others (their identifiers) or says nothing (rubbish).
 * `router`: the virtual router that the message names, null if there is none.
 */
export function explainRefusal(refusal: Refusal, message: ReceivedMessage, router: Expected | null): string | null {
  const why = reason(refusal, message, router);
  return why === null ? null : `refused an advertisement of ${formatAddress(message.source)}: ${why}`;
}

function reason(refusal: Refusal, { data, ttl }: ReceivedMessage, router: Expected | null): string | null {
  switch (refusal) {
    case 'unexpected-unicast':
      return 'it was sent to this machine alone, this virtual router uses multicast; set `peers` on both or on neither';
    case 'unexpected-multicast':
      return 'it was sent by multicast, this virtual router has `peers`; set them on both or on neither';
    case 'ip-ttl-errors': {
      const least = router?.leastTtl ?? ON_LINK_TTL;
      if (least < ON_LINK_TTL)
        return `its TTL is ${ttl}, below the ${least} of \`ttl.least\`: it came from farther away`;
      const farAway = `its TTL is ${ttl}, not 255: it did not come from this link`;
      // keepalived 2.2.7 leaves the hop limit of IPv6 unicast at the kernel's 64.
      const isPeer = router !== null && router.peers.length > 0;
      return isPeer ? `${farAway}, or its sender begins with less; set \`ttl.least\` for such a peer` : farAway;
    }
    case 'unknown-peer':
      return 'it is none of the `peers` of this virtual router';
    case 'version-errors': {
      const version = (data[0] ?? 0) >>> 4;
      const ours = router === null ? '' : `, this virtual router ${router.version}; set one \`version\` on both`;
      return `it has VRRP version ${version}${ours}`;
    }
    case 'authentication-header':
      return 'it uses an IPsec authentication header (auth_type AH), which lvsd does not speak; use a password or none there';
    case 'invalid-auth-type':
      return `its authentication type ${data[4]} does not exist`;
    case 'auth-type-mismatch':
      return data[4] === 0
        ? 'it has no password, this virtual router has one'
        : 'it has a password, this virtual router has none; set the same `password`';
    case 'auth-failures':
      return 'its password is another one; set the same `password` on both';
    case 'interval-errors':
      return router?.version === 2
        ? `it advertises every ${data[5]} s, this virtual router every ${router.advertisementIntervalCs / 100} s; VRRPv2 wants one \`advertisement_interval\` on both`
        : 'its advertisement interval is 0';
    case 'address-list-errors':
      return `its virtual addresses are others: ${addressesIn(data).join(', ')}; VRRPv2 wants the same on both`;
    case 'own-address':
      return 'it has our own address: another machine uses it too, or the network brings our packets back';
    case 'invalid-type-pkts-rcvd':
    case 'packet-length-errors':
    case 'checksum-errors':
    case 'vrid-errors':
      return null;
  }
}

/** Of a message of version 2 whose length was checked. */
function addressesIn(data: Uint8Array): readonly string[] {
  return Array.from({ length: data[3] ?? 0 }, (_, i) => formatAddress(data.slice(8 + 4 * i, 12 + 4 * i)));
}
