/** The state of a group of virtual routers, from its members'. Pure. */
import type { NotifyState } from './words.ts';

/**
 * FAULT as soon as one member is; else what all members agree on. Null: they are on the way from one to the other, or one
 * was not heard of yet (null among `members`).
 */
export function groupStateOf(members: readonly (NotifyState | null)[]): NotifyState | null {
  if (members.includes('FAULT')) return 'FAULT';
  const [first = null] = members;
  return members.every((state) => state === first) ? first : null;
}
