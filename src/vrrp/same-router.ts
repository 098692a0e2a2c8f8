/** What makes a virtual router the one it is: what a reload may change in place, and what makes it another one. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';

/** Equal in all that cannot change under a running state machine. */
export function isSameRouter(a: VirtualRouterConfig, b: VirtualRouterConfig): boolean {
  const isSameOnWire = a.version === b.version && a.family === b.family && a.vrid === b.vrid;
  const isSamePlace = a.interface === b.interface && a.virtualMac?.interface === b.virtualMac?.interface;
  return isSameOnWire && isSamePlace && portOf(a) === portOf(b);
}

/** Null: IP protocol 112. */
function portOf({ transport }: VirtualRouterConfig): number | null {
  return transport.kind === 'udp' ? transport.port : null;
}
