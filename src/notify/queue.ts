/**
 * What is waiting to be told of one virtual router, group or virtual server: one note at a time, in their order. Programs
 * that are slower than the changes are not run for each of them: the newest state replaces one that still waits. Pure.
 */
import type { Note } from './words.ts';

export interface Queue {
  readonly running: Note | null;
  /** In the order of their telling; at most one state, of each real server too, and `MOST_CONFLICTS` conflicts. */
  readonly waiting: readonly Note[];
}

export interface Offered {
  readonly queue: Queue;
  /** To be run now; null: something else runs. */
  readonly start: Note | null;
  /** What will not be told any more. */
  readonly skipped: readonly Note[];
}

export const IDLE: Queue = { running: null, waiting: [] };

/** More that happened than this, and the oldest of it is not told. */
export const MOST_CONFLICTS = 8;

/** Something new is to be told. */
export function offer(queue: Queue, note: Note): Offered {
  if (queue.running === null) return { queue: { running: note, waiting: [] }, start: note, skipped: [] };
  const skipped = queue.waiting.filter((other) => isReplaced(other, note));
  const waiting = [...queue.waiting.filter((other) => !skipped.includes(other)), note];
  const conflicts = waiting.filter(({ type }) => type === 'conflict');
  const oldest = conflicts.length > MOST_CONFLICTS ? conflicts[0] : undefined;
  if (oldest !== undefined) skipped.push(oldest);
  return { queue: { ...queue, waiting: waiting.filter((other) => other !== oldest) }, start: null, skipped };
}

/** What was running is over. */
export function finish({ waiting }: Queue): { readonly queue: Queue; readonly start: Note | null } {
  const [next = null, ...rest] = waiting;
  return { queue: { running: next, waiting: rest }, start: next };
}

function isReplaced(waiting: Note, by: Note): boolean {
  if (by.type === 'state') return waiting.type === 'state';
  if (by.type === 'service') return waiting.type === 'service' && waiting.realServer === by.realServer;
  return waiting.type === 'conflict' && waiting.what === by.what && waiting.detail === by.detail;
}
