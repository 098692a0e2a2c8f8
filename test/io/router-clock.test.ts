import assert from 'node:assert/strict';
import { RouterClock } from '../../src/sys/router-clock.ts';
import { monotonicMs } from '../../src/sys/socket.ts';

/** A clock, and what happens by it. */
function bench() {
  const clock = new RouterClock();
  const log: string[] = [];
  const router = (name: string, act: () => void = () => {}) => ({
    wake: () => {
      log.push(name);
      act();
    },
  });
  return { clock, log, router };
}

/** Fulfilled when somebody is woken at `at`, behind all others. */
const reached = (clock: RouterClock, at: number): Promise<void> =>
  new Promise((resolve) => clock.arm({ wake: () => clock.afterAdverts(resolve) }, at));

describe('sys/router-clock', () => {
  it('wakes all in the order of their deadlines, and nobody early', async () => {
    const { clock, log, router } = bench();
    const start = monotonicMs();
    clock.arm(router('second'), start + 6);
    clock.arm(router('third'), start + 7);
    clock.arm(router('first'), start + 5);
    await reached(clock, start + 8);
    assert.deepEqual(log, ['first', 'second', 'third']);
    assert.ok(monotonicMs() >= start + 8);
    clock.close();
  });

  it('what waits for advertisements is done behind all that are due', async () => {
    const { clock, log, router } = bench();
    const at = monotonicMs() + 5;
    const takeOver = (name: string) =>
      router(`${name} advertises`, () => clock.afterAdverts(() => log.push(`${name} claims`)));
    clock.arm(takeOver('one'), at);
    clock.arm(takeOver('two'), at);
    await reached(clock, at);
    assert.deepEqual(log, ['one advertises', 'two advertises', 'one claims', 'two claims']);
    clock.close();
  });

  it('is done while somebody waits for his moment, and at once when nobody is due', async () => {
    const { clock, log, router } = bench();
    const at = monotonicMs() + 5;
    clock.arm(
      router('one', () => clock.afterAdverts(() => log.push('one claims'))),
      at,
    );
    clock.arm(
      router('two', () => clock.waitUntil(at + 2)),
      at + 0.001,
    );
    clock.arm(router('three'), at + 0.002);
    await reached(clock, at + 3);
    assert.deepEqual(log, ['one', 'two', 'one claims', 'three']);
    clock.afterAdverts(() => log.push('at once'));
    assert.equal(log.at(-1), 'at once');
    clock.close();
  });

  it('a deadline that moves, goes, or is forgotten wakes nobody in between', async () => {
    const { clock, log, router } = bench();
    const start = monotonicMs();
    const [moved, gone, forgotten] = [router('moved'), router('gone'), router('forgotten')];
    for (const each of [moved, gone, forgotten]) clock.arm(each, start + 3);
    clock.arm(moved, start + 8);
    clock.arm(gone, null);
    clock.forget(forgotten);
    clock.arm(router('between'), start + 6);
    await reached(clock, start + 9);
    assert.deepEqual(log, ['between', 'moved']);
    clock.close();
  });
});
