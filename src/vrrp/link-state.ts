/**
 * From the interface to what a virtual router may do: which address it sends from, whether its virtual addresses are
 * there already, or in words why it cannot take part. Pure.
 */
import type { VirtualRouterConfig } from '../config/types.ts';
import { furtherInterfaces, holdsAdvertised } from './belongings.ts';
import type { LinkState } from './instance-ports.ts';
import { sourceAddressOf } from './source-address.ts';
import type { NetworkView, Surroundings } from './surroundings.ts';

/** `config` is one of those that `surroundings` knows. */
export function linkStateOf(config: VirtualRouterConfig, surroundings: Surroundings): LinkState {
  const link = surroundings.link(config.interface);
  const missing = [config.interface, ...furtherInterfaces(config)].flatMap(
    (name) => whyUnusable(name, surroundings) ?? [],
  );
  if (link === null || missing[0] !== undefined) return { fault: missing[0] ?? `no interface ${config.interface}` };
  const source = sourceAddressOf(
    config,
    surroundings.addressesOf(link.index, config.family),
    surroundings.ownAddressesOf(link, config.family),
  );
  if (!source.ok) return { fault: source.error };
  const indexOf = (name: string) => surroundings.link(name)?.index ?? null;
  const holdsAddresses = holdsAdvertised(config, indexOf, (address) => surroundings.holds(address));
  return { fault: null, primaryAddress: source.value, holdsAddresses };
}

function whyUnusable(name: string, network: NetworkView): string | null {
  const link = network.link(name);
  if (link === null) return `interface ${name} does not exist`;
  return link.usable ? null : `interface ${name} is down or has no carrier`;
}
