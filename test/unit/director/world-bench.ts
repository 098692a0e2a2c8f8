/** A world to feed with probe results, and what it told. */
import assert from 'node:assert/strict';
import type { Observation, World } from '../../../src/director/world.ts';
import { assertNever } from '../../../src/util/assert-never.ts';
import { failure, PASS, realServer } from './builders.ts';

export const nobody = (): boolean => false;
export const everybody = (): boolean => true;
export const a = realServer('10.0.0.11');
export const b = realServer('10.0.0.12', { weight: 50 });

/** The key that the world gave a check; there is exactly one check of this address and port. */
export function keyOf(world: World, address: string, port = 80): string {
  const found = [...world.checks].filter(([, check]) => check.address === address && check.port === port);
  assert.equal(found.length, 1, `checks of ${address}:${port}`);
  return found[0]?.[0] ?? '';
}

/** `web 10.0.0.11:80 unknown->up` or `web down->up`; `web panic 2/3 asked`, `web no panic`, `web tier 0->1` and so on. */
export function told({ changes }: Pick<Observation, 'changes'>): string[] {
  return changes.map((change) => {
    switch (change.kind) {
      case 'real-server':
        return `${change.virtualServer} ${change.realServer} ${change.from.verdict}->${change.to.verdict}`;
      case 'sorry-server':
        return `${change.virtualServer} sorry ${change.sorryServer} ${change.from.verdict}->${change.to.verdict}`;
      case 'virtual-server': {
        const words = [change.from, change.to].map(({ up, sorry }) => (up ? 'up' : sorry ? 'sorry' : 'down'));
        return `${change.virtualServer} ${words.join('->')}`;
      }
      case 'tier':
        return `${change.virtualServer} tier ${change.from}->${change.to}`;
      case 'panic': {
        const { virtualServer, panic } = change;
        if (panic === null) return `${virtualServer} no panic`;
        return `${virtualServer} panic ${panic.failed}/${panic.of} ${panic.waitsFor}`;
      }
      case 'suspended':
        return `${change.virtualServer} ${change.suspended ? 'rests' : 'goes on'}`;
      case 'drain':
        return `${change.virtualServer} ${change.realServer} ${change.drains ? 'drains' : 'drains no more'}`;
      case 'self-check':
        return `self check ${change.from}->${change.to}`;
      case 'warning':
        return `${change.virtualServers.join()} warning ${change.warning}`;
      default:
        return assertNever(change);
    }
  });
}

/** Results one after the other: + passes, anything else fails. */
export function feed(world: World, address: string, results: string, nowMs = 0): string[] {
  return [...results].flatMap((letter) =>
    told(world.observe(keyOf(world, address), letter === '+' ? PASS : failure(), nowMs)),
  );
}

export const weights = (world: World): string[] =>
  world
    .desired()
    .flatMap(({ destinations }) => destinations.map(({ id, settings }) => `${id.address} ${settings.weight}`));

/** `100 100 0 0` */
export const weightRow = (world: World): string =>
  weights(world)
    .map((one) => one.split(' ')[1])
    .join(' ');
