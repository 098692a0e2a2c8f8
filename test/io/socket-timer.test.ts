/** The precise timer of the native addon. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MonotonicTimer, monotonicMs } from '../../src/sys/socket.ts';
import { runWithSockets } from '../support/socket-program.ts';

describe('sys/socket: MonotonicTimer', () => {
  const fired = (atMs: number): Promise<number> =>
    new Promise((resolve) => {
      const timer = new MonotonicTimer(() => {
        resolve(monotonicMs());
        timer.close();
      });
      timer.armAt(atMs);
    });

  it('fires not before its time, and soon after', async () => {
    for (const delay of [0.3, 1.7, 20.25]) {
      const at = monotonicMs() + delay;
      const lateness = (await fired(at)) - at;
      assert.ok(lateness >= 0 && lateness < 500, `${lateness} ms late`);
    }
  });

  it('a time in the past, 0 and a negative time fire at once, but not from within armAt', async () => {
    for (const at of [monotonicMs() - 5000, 0, -1, Number.NEGATIVE_INFINITY]) {
      const before = monotonicMs();
      let inside = true;
      const firing = fired(at).then(() => assert.equal(inside, false));
      inside = false;
      await firing;
      assert.ok(monotonicMs() - before < 500);
    }
  });

  it('arming again replaces the deadline, also after it expired unseen; null disarms', async () => {
    let count = 0;
    const timer = new MonotonicTimer(() => count++);
    timer.armAt(monotonicMs());
    timer.armAt(monotonicMs() + 60_000);
    await fired(monotonicMs() + 5);
    assert.equal(count, 0);
    timer.armAt(monotonicMs());
    timer.armAt(null);
    await fired(monotonicMs() + 5);
    assert.equal(count, 0);
    timer.armAt(monotonicMs() + 1);
    await fired(monotonicMs() + 5);
    await nextTurn();
    assert.equal(count, 1);
    timer.close();
    timer.close();
    assert.throws(() => timer.armAt(0), { code: 'EBADF' });
  });

  it('a deadline that is replaced while another timer of the same turn runs does not fire', async () => {
    let count = 0;
    const timers = [0, 1].map(
      () =>
        new MonotonicTimer(() => {
          count++;
          for (const timer of timers) timer.armAt(monotonicMs() + 60_000);
        }),
    );
    for (const timer of timers) timer.armAt(0);
    await fired(monotonicMs() + 20);
    for (const timer of timers) timer.close();
    assert.equal(count, 1);
  });

  it('can be armed anew from its own callback', async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      const timer = new MonotonicTimer(() => {
        count++;
        if (count < 5) return timer.armAt(monotonicMs() + 1);
        timer.close();
        resolve();
      });
      timer.armAt(monotonicMs() + 1);
    });
    assert.equal(count, 5);
  });

  it('an endless time never fires; keeps the process alive only while armed', () => {
    assert.equal(runWithSockets(`new s.MonotonicTimer(() => console.log('fired')).armAt(null);`).stdout, '');
    assert.equal(
      runWithSockets(`new s.MonotonicTimer(() => console.log('fired')).armAt(s.monotonicMs() + 30);`).stdout,
      'fired\n',
    );
    const endless = runWithSockets(
      `new s.MonotonicTimer(() => console.log('fired')).armAt(Infinity); setTimeout(() => process.exit(3), 50);`,
    );
    assert.deepEqual([endless.stdout, endless.status], ['', 3]);
  });
});
