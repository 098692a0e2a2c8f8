/** Short ways to write down virtual routers in tests. */
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import type { VirtualAddress } from '../../../src/config/types-addresses.ts';
import { parseAddress } from '../../../src/net/ip.ts';
import { PLAIN_ROUTER } from '../../../src/vrrp/plain-router.ts';

/** The bytes of an address that is one. */
export function ip(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === null) throw new TypeError(`Not an address: ${text}`);
  return address.bytes;
}

/** A virtual address with nothing special about it. */
export function vip(address: string, prefixLength: number): VirtualAddress {
  return { address, prefixLength, interface: null, scope: 0, label: null, broadcast: null };
}

/** Priority 100, one second, 192.0.2.100/24 and preempting, unless told otherwise. */
export function routerConfig(given: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    ...PLAIN_ROUTER,
    name: 'web',
    interface: 'eth0',
    vrid: 51,
    virtualAddresses: [vip('192.0.2.100', 24)],
    ...given,
  };
}
