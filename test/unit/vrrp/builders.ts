/** Short ways to write down virtual routers in tests. */
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import type { VirtualAddress } from '../../../src/config/types-addresses.ts';
import { parseAddress } from '../../../src/net/ip.ts';

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
    name: 'web',
    interface: 'eth0',
    version: 3,
    family: 4,
    vrid: 51,
    priority: 100,
    advertisementIntervalMs: 1000,
    preempt: true,
    preemptDelayMs: 0,
    group: null,
    tracks: [],
    virtualAddresses: [vip('192.0.2.100', 24)],
    extraAddresses: [],
    virtualRoutes: [],
    virtualRules: [],
    promoteSecondaries: false,
    virtualMac: null,
    accept: true,
    transport: { kind: 'ip' },
    checksum: 'auto',
    password: null,
    peers: [],
    sourceAddress: null,
    ttl: { send: 255, least: 255 },
    announcements: {
      count: 5,
      repeatDelayMs: 5000,
      refreshMs: 0,
      refreshCount: 1,
      lowerPriorityCount: 5,
      lowerPriorityDelayMs: 5000,
      spacingMs: 0,
      arp: 'request',
      interfaces: [],
    },
    conflictProbe: false,
    notify: null,
    ...given,
  };
}
