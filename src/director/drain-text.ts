/** The beginning and the end of a drain in an operator's words. Pure. */
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Drain, Drains, Ending } from './draining.ts';

/** More than this many in one act are counted, not each told. */
const TOLD_AT_ONCE = 5;

/**
 * What began to drain and what stopped to, one line each. `isWanted`: whether a destination, by its drain's key, is to
 * serve again.
 */
export function tellDrains(
  before: Drains,
  after: Drains,
  context: {
    readonly endings: ReadonlyMap<string, Ending>;
    readonly isWanted: (drain: Drain) => boolean;
    readonly nowMs: number;
  },
): readonly string[] {
  const started = [...after].filter(([key]) => !before.has(key));
  const ended = [...before].filter(([key]) => !after.has(key));
  return [
    ...bounded(
      started.map(([, drain]) => drain),
      { tell: tellStart, more: 'more real servers drain' },
    ),
    ...bounded(ended, {
      tell: ([key, drain]) => tellEnd(drain, context.endings.get(key) ?? null, context),
      more: 'more real servers no longer drain',
    }),
  ];
}

function bounded<T>(
  items: readonly T[],
  { tell, more }: { readonly tell: (item: T) => string; readonly more: string },
): readonly string[] {
  const lines = items.slice(0, TOLD_AT_ONCE).map(tell);
  const rest = items.length - lines.length;
  return rest > 0 ? [...lines, `${rest} ${more}`] : lines;
}

function tellStart(drain: Drain): string {
  return `${nameOf(drain)} drains: weight 0, deleted when its connections are gone or in ${drain.timeoutMs / 1000} s`;
}

function tellEnd(
  drain: Drain,
  ending: Ending | null,
  { isWanted, nowMs }: { readonly isWanted: (drain: Drain) => boolean; readonly nowMs: number },
): string {
  const afterS = Math.round((nowMs - drain.sinceMs) / 1000);
  switch (ending) {
    case 'idle':
      return `${nameOf(drain)} has drained after ${afterS} s: deleted`;
    case 'time-over':
      return `${nameOf(drain)} is deleted after ${afterS} s of draining (drain_timeout), with ${connectionsOf(drain)}`;
    case 'at-once':
      return `${nameOf(drain)} is deleted after ${afterS} s of draining, with ${connectionsOf(drain)}`;
    case null:
      return isWanted(drain)
        ? `${nameOf(drain)} is wanted again, it drains no longer`
        : `${nameOf(drain)} was draining and is gone: somebody else deleted it`;
  }
}

function connectionsOf({ connections }: Drain): string {
  if (connections === null) return 'its connections';
  return connections === 1 ? '1 connection left' : `${connections} connections left`;
}

function nameOf({ service, destination }: Drain): string {
  return `${serviceKey(service)}: ${destinationKey(destination)}`;
}
