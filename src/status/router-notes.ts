/** What the table of virtual routers does not say: why one is not MASTER although it might, and what it tracks. Pure. */
import type { RouterReport } from '../vrrp/messages.ts';
import type { TrackReport } from '../vrrp/tracking.ts';
import { clean } from './text.ts';

/** Tracked objects beyond these are counted: the JSON has them all. */
const SHOWN_TRACKS = 8;

/** Lines below the router's own, without their indentation. */
export function routerNotes(router: RouterReport): readonly string[] {
  const { role, fault, priority, peer, whyNotMaster, tracks } = router;
  const notes: string[] = [];
  if (fault !== null) notes.push(`fault: ${clean(fault)}`);
  // A peer of higher priority stands in the table: that is the ordinary reason.
  const isOrdinary = peer !== null && peer.priority >= priority;
  if (role === 'BACKUP' && whyNotMaster !== null && !isOrdinary) notes.push(`not MASTER: ${clean(whyNotMaster)}`);
  notes.push(...strangers(router));
  const notable = tracks.filter(({ state, adds }) => state.kind === 'down' || adds !== 0);
  const more = notable.length - SHOWN_TRACKS;
  if (notable.length > 0) {
    const shown = notable.slice(0, SHOWN_TRACKS).map(trackText);
    notes.push(`tracks: ${[...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')}`);
  }
  return notes;
}

/** Other machines that do what is this router's to do. */
function strangers({ otherActives: { current }, conflicts }: RouterReport): readonly string[] {
  const notes = conflicts.map(
    ({ address, mac, count }) => `conflict: ${clean(mac)} says that it has ${clean(address)} (${count} times)`,
  );
  if (current === null) return notes;
  const machine = current.mac === null ? '' : ` (${clean(current.mac)})`;
  return [`two actives: ${clean(current.address)}${machine} too, with priority ${current.priority}`, ...notes];
}

/** "script x down (exit code 2) -20". */
function trackText({ key, state, adds }: TrackReport): string {
  const effect = adds === 0 ? '' : ` ${adds > 0 ? '+' : ''}${adds}`;
  if (state.kind === 'down') return `${clean(key)} down (${clean(state.reason)})${effect}`;
  return state.kind === 'value' ? `${clean(key)} says ${state.value},${effect}` : `${clean(key)} up${effect}`;
}
