/** Whether a BFD neighbour that fell silent can be the Active Router that a Backup Router listens to. Pure. */
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import { isLinkLocal, parseAddress } from '../net/ip.ts';

/** The virtual router that tracks the session. */
export interface Listener {
  readonly interface: string;
  readonly family: 4 | 6;
}

/**
 * With three directors a Backup Router may watch both others: only the loss of the one whose advertisements it hears is
 * news. `active` is where those come from, in text; null: nobody was heard. Addresses that cannot be compared (another
 * link, another family, another scope) may be one machine's.
 */
export function mayBeActive(session: BfdSessionConfig, router: Listener, active: string | null): boolean {
  if (active === null || session.interface !== router.interface || session.family !== router.family) return true;
  if (session.family === 6 && isLocal(active) !== isLocal(session.neighbor)) return true;
  return active === session.neighbor;
}

/** How long nothing has come from a neighbour that sent a packet every `intervalMs`. */
export interface Silence {
  readonly forMs: number;
  readonly intervalMs: number;
}

/** So many intervals may pass between a neighbour's last packet and its death, jitter and delays included. */
const LAST_INTERVALS = 1.25;

/**
 * Whether an advertisement came when packets of BFD were missing already: then BFD alone is broken (a firewall, its
 * process), and taking over would make two active routers. Where one packet was lost just before a death, this errs to the
 * side of three intervals.
 */
export function isHeardOtherwise({ forMs, intervalMs }: Silence, heardMsAgo: number): boolean {
  return heardMsAgo < forMs - LAST_INTERVALS * intervalMs;
}

function isLocal(address: string): boolean {
  const bytes = parseAddress(address)?.bytes;
  return bytes !== undefined && isLinkLocal(bytes);
}
