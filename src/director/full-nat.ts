/** From the configuration to the real servers whose connections get another source address. Pure. */
import type { Config, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import type { NatMember, SourceTranslation } from '../nft/ruleset.ts';
import { destinationIdOf, serviceIdOf } from './desired.ts';
import { type Drain, drainKey } from './draining.ts';

/**
 * All real and sorry servers with `forwarding: fullnat`, whatever their checks say, and those with `nat` beside them, which
 * keep the source. None when no server has full NAT.
 */
export function natMembers({ virtualServers }: Config): readonly NatMember[] {
  const members = virtualServers.flatMap(membersOf);
  return members.some(({ source }) => source !== 'keep') ? members : [];
}

/**
 * `wanted` with those of `before` that are no longer wanted but still drain: a client whom persistence sends there opens
 * new connections.
 */
export function withDraining(
  wanted: readonly NatMember[],
  before: readonly NatMember[],
  draining: readonly Pick<Drain, 'service' | 'destination'>[],
): readonly NatMember[] {
  const left = new Set(draining.map(({ service, destination }) => drainKey(service, destination)));
  for (const { service, destination } of wanted) left.delete(drainKey(service, destination));
  return [...before.filter(({ service, destination }) => left.has(drainKey(service, destination))), ...wanted];
}

function membersOf(server: VirtualServerConfig): readonly NatMember[] {
  const targets = [...server.realServers, ...server.sorryServers];
  return targets.flatMap((target) => {
    const source = sourceOf(server, target);
    if (source === null) return [];
    return server.ids.map((id) => ({ service: serviceIdOf(id), destination: destinationIdOf(target, id), source }));
  });
}

/** Null: IPVS does not rewrite the destination. */
function sourceOf(
  { sourceAddresses }: VirtualServerConfig,
  { forwarding }: Pick<TargetConfig, 'forwarding'>,
): SourceTranslation | null {
  if (forwarding === 'nat') return 'keep';
  if (forwarding !== 'fullnat') return null;
  return sourceAddresses.length === 0 ? 'masquerade' : sourceAddresses;
}
