/** How ipvsadm 1.31 names forwarding methods, tunnels and scheduler flags. Pure. */
import * as c from '../ipvs/constants.ts';
import type { DestinationSettings } from '../ipvs/types.ts';

const SCHEDULER_FLAGS = [c.IP_VS_SVC_F_SCHED1, c.IP_VS_SVC_F_SCHED2, c.IP_VS_SVC_F_SCHED3] as const;
const ANY_SCHEDULER_FLAG = c.IP_VS_SVC_F_SCHED1 | c.IP_VS_SVC_F_SCHED2 | c.IP_VS_SVC_F_SCHED3;

/** `Masq`, `Local`, `Tunnel`, `Route`; for other methods what printf makes of a null pointer. */
export function forwardWord(forwardMethod: number): string {
  switch (forwardMethod) {
    case c.IP_VS_CONN_F_MASQ:
      return 'Masq';
    case c.IP_VS_CONN_F_LOCALNODE:
      return 'Local';
    case c.IP_VS_CONN_F_TUNNEL:
      return 'Tunnel';
    case c.IP_VS_CONN_F_DROUTE:
      return 'Route';
    default:
      return '(null)';
  }
}

/** `n/a` without a tunnel, `ipip`, `gue:6080:+c`, `gre:-c`. */
export function tunnelInfo({ forwardMethod, tunnelType, tunnelPort, tunnelFlags }: DestinationSettings): string {
  if (forwardMethod !== c.IP_VS_CONN_F_TUNNEL) return 'n/a';
  switch (tunnelType) {
    case c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP:
      return 'ipip';
    case c.IP_VS_CONN_F_TUNNEL_TYPE_GUE:
      return `gue:${tunnelPort}:${checksumWord(tunnelFlags)}`;
    case c.IP_VS_CONN_F_TUNNEL_TYPE_GRE:
      return `gre:${checksumWord(tunnelFlags)}`;
    default:
      return 'n/a';
  }
}

/** ipvsadm crashes on other flags, which the kernel takes. */
function checksumWord(tunnelFlags: number): string {
  switch (tunnelFlags) {
    case c.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM:
      return '-c';
    case c.IP_VS_TUNNEL_ENCAP_FLAG_CSUM:
      return '+c';
    case c.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM:
      return 'r+c';
    default:
      return '?';
  }
}

/** The names of the scheduler's flags: `sh-fallback`, `mh-port`, `flag-1`; null when none of the three is set. */
export function schedulerFlagNames(scheduler: string, flags: number): readonly string[] | null {
  if ((flags & ANY_SCHEDULER_FLAG) === 0) return null;
  const names = namesOf(scheduler);
  return SCHEDULER_FLAGS.flatMap((flag, index) => {
    const name = names[index];
    return (flags & flag) !== 0 && name !== undefined ? [name] : [];
  });
}

/** sh and mh have no third flag: set, it is shown by empty parentheses. */
function namesOf(scheduler: string): readonly string[] {
  if (scheduler === 'sh' || scheduler === 'mh') return [`${scheduler}-fallback`, `${scheduler}-port`];
  return ['flag-1', 'flag-2', 'flag-3'];
}
