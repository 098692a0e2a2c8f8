/** Takes virtual addresses off the interfaces when the VRRP process that held them cannot. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { formatAddress } from '../net/ip.ts';
import { messageOf } from '../util/message-of.ts';
import { virtualAddressesOn } from '../vrrp/link-state.ts';
import { NetworkState } from './rtnl.ts';

/** What went wrong, in words; none when all are gone. Never throws. */
export function releaseAddresses(
  routers: readonly VirtualRouterConfig[],
  kept: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  let network: NetworkState | null = null;
  try {
    const state = new NetworkState(
      () => {},
      () => {},
    );
    network = state;
    return routers.flatMap((router) => {
      const index = state.link(router.interface)?.index;
      if (index === undefined) return [];
      return virtualAddressesOn(router, index).flatMap((vip) => {
        if (!state.holds(vip) || kept[router.name]?.includes(formatAddress(vip.address))) return [];
        const deleted = state.delete(vip);
        return deleted.ok ? [] : [`${router.name}: ${deleted.error}`];
      });
    });
  } catch (error) {
    return [`Cannot release virtual addresses: ${messageOf(error)}`];
  } finally {
    network?.close();
  }
}

/** The addresses of an owner (priority 255) that are there already: the machine's own. Never throws. */
export function ownedAddresses(router: VirtualRouterConfig): readonly string[] {
  if (router.priority !== 255) return [];
  try {
    const state = new NetworkState(
      () => {},
      () => {},
    );
    const index = state.link(router.interface)?.index ?? 0;
    const there = virtualAddressesOn(router, index).filter((vip) => state.holds(vip));
    state.close();
    return there.map((vip) => formatAddress(vip.address));
  } catch {
    return []; // The VRRP process will say what is wrong with the machine.
  }
}
