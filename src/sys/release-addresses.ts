/** Takes what virtual routers brought along off the machine when the VRRP process that held it cannot. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { messageOf } from '../util/message-of.ts';
import { keyOfAddress, newAddress, placedAddresses } from '../vrrp/belongings.ts';
import { NetworkState } from './rtnl.ts';
import { SettingsMemory } from './settings-memory.ts';
import { VirtualMacs } from './virtual-macs.ts';
import { VirtualRoutes } from './virtual-routes.ts';

/** What went wrong, in words; none when all is gone. `kept`: keys by name of the virtual router. Never throws. */
export function releaseAddresses(
  routers: readonly VirtualRouterConfig[],
  kept: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const problems: string[] = [];
  const warn = (text: string): void => {
    problems.push(text);
  };
  try {
    atOnce((network) => {
      const routes = new VirtualRoutes(network, warn, () => {});
      const macs = new VirtualMacs(network, warn);
      for (const router of routers) {
        const keep = new Set(kept[router.name]);
        routes.release(router, keep);
        for (const address of [...placedAddresses(router)].reverse()) {
          const interfaceIndex = network.link(address.interface)?.index;
          if (interfaceIndex === undefined || keep.has(keyOfAddress(address))) continue;
          const change = newAddress(address, interfaceIndex);
          const deleted = network.holds(change) ? network.delete(change) : null;
          if (deleted?.ok === false) warn(`${router.name}: ${deleted.error}`);
        }
        macs.remove(router);
      }
    });
  } catch (error) {
    warn(`Cannot release virtual addresses: ${messageOf(error)}`);
  }
  return problems;
}

/**
 * Takes away what a run that was killed left, when this one has no virtual routers: else the VRRP process does so when it
 * starts, and leaves what it needs. Never throws.
 */
export function releaseLeftovers(socketPath: string, warn: (text: string) => void): void {
  try {
    new SettingsMemory(socketPath, warn).note([]);
    atOnce((network) => {
      new VirtualRoutes(network, warn, () => {}).clearStale([]);
      for (const address of network.ownAddresses()) {
        const deleted = network.delete(address);
        if (!deleted.ok) warn(deleted.error);
      }
    });
  } catch (error) {
    warn(`Cannot look for what an earlier run left of virtual routers: ${messageOf(error)}`);
  }
}

/** Keys of the addresses of an owner (priority 255) that are there already: the machine's own. Never throws. */
export function ownedAddresses(router: VirtualRouterConfig): readonly string[] {
  if (router.priority !== 255) return [];
  try {
    return atOnce((network) =>
      placedAddresses(router)
        .filter((address) => {
          const index = network.link(address.interface)?.index;
          return index !== undefined && network.holds(newAddress(address, index));
        })
        .map(keyOfAddress),
    );
  } catch {
    return []; // The VRRP process will say what is wrong with the machine.
  }
}

/** With the links and addresses of this moment; nobody waits for news. Throws SystemError. */
function atOnce<T>(act: (network: NetworkState) => T): T {
  const network = new NetworkState(
    () => {},
    () => {},
  );
  try {
    return act(network);
  } finally {
    network.close();
  }
}
