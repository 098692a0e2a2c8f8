/**
 * Tracked processes against the real kernel: by its events where it gives them (root in the first namespaces), and always
 * by looking at /proc. Every process here has a name of its own, so that nothing else counts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrackedProcessConfig } from '../../src/config/types-tracked.ts';
import type { ProcEventHandlers } from '../../src/sys/proc-events.ts';
import { type OpenEvents, TrackProcesses } from '../../src/sys/track-process.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import { sleep, until } from '../support/wait.ts';

describe('tracked processes', function () {
  this.timeout(10_000);
  let folder = '';
  let program = '';
  let programs = 0;
  const children: ChildProcess[] = [];
  let processes: TrackProcesses | null = null;
  let seen: string[] = [];
  let infos: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-process-'));
    program = `trk${process.pid}x${programs++}`;
    copyFileSync('/bin/sleep', join(folder, program));
    seen = [];
    infos = [];
  });
  afterEach(async () => {
    processes?.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await sleep(20);
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (...args: string[]): ChildProcess => {
    const child = spawn(join(folder, program), args, { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  const config = (given: Partial<TrackedProcessConfig> = {}): TrackedProcessConfig => ({
    name: 'p',
    process: program,
    parameters: [],
    quorum: 1,
    quorumMax: null,
    upDelayMs: 0,
    downDelayMs: 0,
    ...given,
  });
  const trackBy = (openEvents: OpenEvents | undefined, ...configs: TrackedProcessConfig[]): TrackProcesses => {
    const handlers = {
      changed: (name: string, state: TrackState) =>
        seen.push(`${name} ${state.kind === 'down' ? state.reason : state.kind}`),
      info: (text: string) => infos.push(text),
    };
    processes = new TrackProcesses(handlers, openEvents);
    processes.set(configs);
    return processes;
  };
  const track = (...configs: TrackedProcessConfig[]): TrackProcesses => trackBy(undefined, ...configs);
  const lastIs = (text: string, limitMs?: number): Promise<void> => until(() => seen.at(-1) === text, limitMs);

  it('that are missing are down, up when they start, and down when they are killed', async () => {
    const it = track(config());
    await lastIs(`p no process ${program}`);
    const child = start('60');
    await lastIs('p up');
    assert.equal(it.countOf('p'), 1);
    child.kill('SIGKILL');
    await lastIs(`p no process ${program}`);
    assert.equal(seen.length, 3);
  });

  it('that run already are found', async () => {
    start('60');
    start('61');
    await sleep(50);
    const it = track(config());
    await lastIs('p up');
    assert.equal(it.countOf('p'), 2);
  });

  it('are told apart by their parameters, and counted', async () => {
    start('60');
    const second = start('61');
    await sleep(50);
    track(config({ name: 'all', quorum: 2 }), config({ name: 'one', parameters: ['61'] }));
    await until(() => seen.length === 2);
    assert.deepEqual([...seen].sort(), ['all up', 'one up']);
    second.kill('SIGKILL');
    await until(() => seen.length === 4);
    assert.deepEqual(seen.slice(2).sort(), [`all 1 of 2 processes ${program}`, `one no process ${program}`]);
  });

  it('that come back within the delay were never away', async () => {
    const first = start('60');
    await sleep(50);
    track(config({ downDelayMs: 4000 }));
    await lastIs('p up');
    first.kill('SIGKILL');
    await until(() => processes?.countOf('p') === 0);
    start('60');
    await until(() => processes?.countOf('p') === 1);
    assert.deepEqual(seen, ['p up']);
  });

  it('that become another program are not there any more', async () => {
    const shell = spawn('/bin/sh', ['-c', `${join(folder, program)} 1; exec sleep 60`], { stdio: 'ignore' });
    children.push(shell);
    await sleep(50);
    track(config());
    await lastIs('p up');
    await lastIs(`p no process ${program}`);
  });

  it('keep their state when others are added, and are forgotten when they leave', async () => {
    start('60');
    await sleep(50);
    const it = track(config());
    await lastIs('p up');
    it.set([config(), config({ name: 'q', process: 'no-such-program-here' })]);
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ['p up', 'q no process no-such-program-here']);
    it.set([config({ name: 'q', process: 'no-such-program-here' })]);
    assert.deepEqual(it.names, ['q']);
    assert.equal(it.countOf('p'), null);
  });

  it('are found and missed by looking at /proc alone, where there are no events', async () => {
    const refusing: OpenEvents = (handlers) => {
      setTimeout(() => handlers.unavailable('ECONNREFUSED'), 1);
      return { close: () => {} };
    };
    const first = start('60');
    await sleep(50);
    trackBy(refusing, config());
    await lastIs('p up');
    first.kill('SIGKILL');
    await lastIs(`p no process ${program}`);
    start('60');
    await lastIs('p up');
    assert.equal(infos.length, 1);
    assert.match(infos[0] ?? '', /ECONNREFUSED\): looking at \/proc every second/);
  });

  it('are looked at anew when events were lost', async () => {
    let heard: ProcEventHandlers | null = null;
    const silent: OpenEvents = (handlers) => {
      heard = handlers;
      return { close: () => {} };
    };
    const overrun = (): void => heard?.overrun();
    const first = start('60');
    await sleep(50);
    trackBy(silent, config());
    await lastIs('p up');
    first.kill('SIGKILL');
    await until(() => first.signalCode !== null);
    assert.deepEqual(seen, ['p up'], 'nobody said so');
    overrun();
    await lastIs(`p no process ${program}`);
    start('60');
    await sleep(50);
    overrun();
    await lastIs('p up');
  });

  it('about to become another program are not too many for that moment', async () => {
    const source: { handlers?: ProcEventHandlers } = {};
    const it = trackBy(
      (handlers) => {
        source.handlers = handlers;
        return { close: () => {} };
      },
      config({ quorumMax: 1 }),
    );
    const child = start('30');
    await until(() => it.countOf('p') !== null);
    const pid = child.pid ?? 0;
    source.handlers?.event({ kind: 'exec', pid });
    await until(() => it.countOf('p') === 1);
    seen = [];
    // A second process that exists for a moment only, as between fork and exec: whatever the moment, it does not count.
    for (let i = 0; i < 20; i++) {
      source.handlers?.event({ kind: 'exec', pid });
      await sleep(i * 3);
      source.handlers?.event({ kind: 'fork', pid: 4_000_000 + i, parentPid: pid });
      await sleep(10);
      source.handlers?.event({ kind: 'exec', pid: 4_000_000 + i });
      source.handlers?.event({ kind: 'exit', pid: 4_000_000 + i });
    }
    assert.deepEqual(seen, []);
    // One that stays does.
    source.handlers?.event({ kind: 'fork', pid: start('30').pid ?? 0, parentPid: pid });
    await until(() => seen.length === 1);
    assert.match(seen[0] ?? '', /^p 2 processes .*, more than 1$/);
  });

  it('say once how they are looked for when there are no events', async () => {
    track(config());
    await sleep(1200);
    assert.ok(infos.length <= 1, infos.join());
    for (const text of infos) assert.match(text, /looking at \/proc every second/);
  });
});
