/** Short ways to write down virtual routers in tests. */
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { parseAddress } from '../../../src/net/ip.ts';

/** The bytes of an address that is one. */
export function ip(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === null) throw new TypeError(`Not an address: ${text}`);
  return address.bytes;
}

/** Priority 100, one second, 192.0.2.100/24 and preempting, unless told otherwise. */
export function routerConfig(given: Partial<VirtualRouterConfig> = {}): VirtualRouterConfig {
  return {
    name: 'web',
    interface: 'eth0',
    version: 3,
    family: 4,
    vrid: 51,
    priority: 100,
    advertisementIntervalMs: 1000,
    preempt: true,
    virtualAddresses: [{ address: '192.0.2.100', prefixLength: 24 }],
    transport: { kind: 'ip' },
    checksum: 'auto',
    password: null,
    announcements: { count: 5, repeatDelayMs: 5000 },
    ...given,
  };
}
