/** From the configuration to the octets on the wire: what a virtual router sends, and what it wants to hear. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { parseAddress } from '../net/ip.ts';
import { authenticationOf } from './authentication.ts';
import type { Advert } from './packet.ts';
import { type Expected, ON_LINK_TTL } from './receive.ts';

/** What an advertisement must have in common with ours. */
export function expectedOf(config: VirtualRouterConfig): Expected {
  const { version, password, advertisementIntervalMs } = config;
  return {
    version,
    authentication: authenticationOf(password),
    advertisementIntervalCs: advertisementIntervalMs / 10,
    addresses: octetsOf(config.virtualAddresses.map(({ address }) => address)),
    peers: octetsOf(config.peers),
    leastTtl: config.peers.length > 0 ? config.ttl.least : ON_LINK_TTL,
  };
}

/** Our own advertisement. */
export function advertOf(config: VirtualRouterConfig, priority: number): Advert {
  const { version, authentication, advertisementIntervalCs: maxAdvertiseIntervalCs, addresses } = expectedOf(config);
  const common = { vrid: config.vrid, priority, maxAdvertiseIntervalCs, addresses };
  return version === 2 ? { ...common, version, authentication } : { ...common, version };
}

function octetsOf(addresses: readonly string[]): readonly Uint8Array[] {
  return addresses.flatMap((address) => parseAddress(address)?.bytes ?? []);
}
