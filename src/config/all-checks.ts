/** Every check of a configuration, those that rest at the moment too. Pure. */
import type { Config, VirtualServerConfig } from './types.ts';
import type { CheckConfig } from './types-checks.ts';

/** Of one virtual server: of its real servers, then of its sorry servers. */
export function checksOf(server: Pick<VirtualServerConfig, 'realServers' | 'sorryServers'>): readonly CheckConfig[] {
  return [...server.realServers, ...server.sorryServers].flatMap(({ checks }) => checks);
}

/** Of all virtual servers, and the self check. */
export function allChecks({
  virtualServers,
  selfCheck,
}: Pick<Config, 'virtualServers' | 'selfCheck'>): readonly CheckConfig[] {
  return [...virtualServers.flatMap(checksOf), ...(selfCheck === null ? [] : [selfCheck])];
}
