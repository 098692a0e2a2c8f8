/** A world to feed with probe results, and what it told. */
import assert from 'node:assert/strict';
import type { Change, World } from '../../../src/director/world.ts';
import { failure, PASS, realServer } from './builders.ts';

export const nobody = (): boolean => false;
export const a = realServer('10.0.0.11');
export const b = realServer('10.0.0.12', { weight: 50 });

/** The key that the world gave a check; there is exactly one check of this address and port. */
export function keyOf(world: World, address: string, port = 80): string {
  const found = [...world.checks].filter(([, check]) => check.address === address && check.port === port);
  assert.equal(found.length, 1, `checks of ${address}:${port}`);
  return found[0]?.[0] ?? '';
}

/** `web 10.0.0.11:80 unknown->up` or `web down->up`. */
export function told(changes: readonly Change[]): string[] {
  return changes.map((change) => {
    if (change.kind === 'real-server') {
      return `${change.virtualServer} ${change.realServer} ${change.from.verdict}->${change.to.verdict}`;
    }
    const words = [change.from, change.to].map(({ up, sorry }) => (up ? 'up' : sorry ? 'sorry' : 'down'));
    return `${change.virtualServer} ${words.join('->')}`;
  });
}

export function feed(world: World, address: string, results: string, nowMs = 0): string[] {
  return [...results].flatMap((letter) =>
    told(world.observe(keyOf(world, address), letter === '+' ? PASS : failure(), nowMs)),
  );
}

export const weights = (world: World): string[] =>
  world
    .desired()
    .flatMap(({ destinations }) => destinations.map(({ id, settings }) => `${id.address} ${settings.weight}`));
