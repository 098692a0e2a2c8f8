/** Tracked scripts: the beat, rise and fall, no overlap, and nothing left at the end. Files say what the script should do. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrackedScriptConfig } from '../../src/config/types-tracked.ts';
import type { ScriptResult, ScriptRun } from '../../src/sys/script.ts';
import { TrackScript } from '../../src/sys/track-script.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import { isAlive, until } from '../support/wait.ts';

describe('a tracked script', function () {
  this.timeout(8000);
  let folder = '';
  let script: TrackScript | null = null;
  let seen: TrackState[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-track-'));
    seen = [];
  });
  afterEach(async () => {
    await script?.close();
    script = null;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Ends with the number in the file `code`, 0 without, and leaves a line in `runs`. */
  const start = (given: Partial<TrackedScriptConfig> = {}, text = ''): TrackScript => {
    const body = `echo $$ >> ${folder}/runs; ${text} exit $(cat ${folder}/code 2>/dev/null || echo 0)`;
    const config: TrackedScriptConfig = {
      name: 'chk',
      command: ['sh', '-c', body],
      intervalMs: 60,
      timeoutMs: 2000,
      rise: 1,
      fall: 1,
      user: null,
      initial: 'up',
      ...given,
    };
    script = new TrackScript(config, { delayMs: 0 }, (state) => seen.push(state));
    return script;
  };
  const say = (code: number): void => writeFileSync(join(folder, 'code'), `${code}`);
  const runs = (): number => readLines(join(folder, 'runs')).length;

  it('is up and down by its exit code, with the reason', async () => {
    const it = start();
    assert.deepEqual(it.state, { kind: 'up' });
    await until(() => it.report.runs >= 1);
    say(2);
    await until(() => it.state.kind === 'down');
    assert.deepEqual(it.state, { kind: 'down', reason: 'exit code 2' });
    say(0);
    await until(() => it.state.kind === 'up');
    // A first success is news as well: until then nothing was known.
    assert.deepEqual(
      seen.map(({ kind }) => kind),
      ['up', 'down', 'up'],
    );
    assert.equal(it.report.lastResult, 'ok');
  });

  it('needs so many failures and successes in a row', async () => {
    say(0);
    const it = start({ fall: 3, rise: 4 });
    await until(() => it.report.runs >= 1);
    const before = it.report.runs;
    say(1);
    await until(() => it.state.kind === 'down');
    assert.ok(it.report.runs >= before + 3, `${before} to ${it.report.runs}`);
    const down = it.report.runs;
    say(0);
    await until(() => it.state.kind === 'up');
    assert.ok(it.report.runs >= down + 4, `${down} to ${it.report.runs}`);
  });

  it('counts as down from the start where that is wanted, until it rises', async () => {
    const it = start({ initial: 'down', rise: 2 });
    assert.deepEqual(it.state, { kind: 'down', reason: 'not run yet' });
    await until(() => it.state.kind === 'up');
    assert.ok(it.report.runs >= 2);
  });

  it('decides with its first run, whatever `fall` is', async () => {
    say(1);
    const it = start({ fall: 5 });
    await until(() => it.state.kind === 'down');
    assert.equal(it.report.runs, 1);
  });

  it('that hangs has failed at its deadline, and is never run twice at once', async () => {
    const it = start({ timeoutMs: 150 }, `echo in >> ${folder}/now; sleep 30 &  wait;`);
    await until(() => it.state.kind === 'down');
    assert.deepEqual(it.state, { kind: 'down', reason: 'not finished in time' });
    await until(() => it.report.runs >= 2);
    assert.ok(it.report.skipped > 0);
    const pids = readLines(join(folder, 'runs')).map(Number);
    assert.ok(pids.filter(isAlive).length <= 1);
  });

  it('is run once a beat, which does not drift, also by a timer that comes a little early', async () => {
    const at: number[] = [];
    const quick = (): ScriptRun => {
      at.push(performance.now());
      const over = new Promise<void>((resolve) => setTimeout(resolve, 8));
      const result = over.then((): ScriptResult => ({ kind: 'exit', code: 0, output: '' }));
      return { pid: null, result, ended: over, exited: over, kill: () => {} };
    };
    const config = { name: 'chk', command: ['x'], intervalMs: 33, timeoutMs: 30, rise: 1, fall: 1, user: null };
    const it = new TrackScript({ ...config, initial: 'up' }, { delayMs: 0 }, (state) => seen.push(state), quick);
    script = it;
    await until(() => it.report.runs >= 40);
    assert.ok(it.report.skipped <= 5, `${it.report.skipped}`); // a few on a busy machine
    assert.ok((at[39] ?? 0) - (at[0] ?? 0) > 39 * 33 - 10);
    // And no run's own time delays the next ones.
    const onBeat = at.filter((start) => (start - (at[0] ?? 0) + 3) % 33 < 12);
    assert.ok(onBeat.length > at.length * 0.6, `${onBeat.length} of ${at.length}`);
  });

  it('whose runs cannot even be killed is not started without end, and stays down', async () => {
    let started = 0;
    const hangs = (): ScriptRun => {
      started++;
      const result = Promise.resolve<ScriptResult>({ kind: 'timeout', output: '' });
      return { pid: null, result, ended: Promise.resolve(), exited: new Promise(() => {}), kill: () => {} };
    };
    const config = { name: 'chk', command: ['x'], intervalMs: 10, timeoutMs: 10, rise: 1, fall: 20, user: null };
    const it = new TrackScript({ ...config, initial: 'down' }, { delayMs: 0 }, (state) => seen.push(state), hangs);
    script = it;
    await until(() => it.report.runs >= 30);
    assert.equal(started, 3);
    assert.match(it.report.lastResult ?? '', /^3 earlier runs do not end/);
    assert.equal(it.state.kind, 'down');
  });

  it('changed twice in a row never runs beside its grandparent', async () => {
    const slow = `trap 'sleep 0.4; echo over >> ${folder}/order; exit' TERM;`;
    const first = start({}, `${slow} echo now >> ${folder}/trapped; sleep 30 & wait;`);
    await until(() => readLines(join(folder, 'trapped')).length === 1);
    const config = (name: string): TrackedScriptConfig => ({
      name: 'chk',
      command: ['sh', '-c', `echo ${name} >> ${folder}/order`],
      intervalMs: 60,
      timeoutMs: 60,
      rise: 1,
      fall: 1,
      user: null,
      initial: 'up',
    });
    const second = new TrackScript(config('second'), { delayMs: 0, predecessor: first }, () => {});
    script = new TrackScript(config('third'), { delayMs: 0, predecessor: second }, () => {});
    await until(() => readLines(join(folder, 'order')).length >= 2);
    assert.deepEqual(readLines(join(folder, 'order')).slice(0, 2), ['over', 'third']);
  });

  it('tells the last line of its output with the reason', async () => {
    say(2);
    const it = start({}, "echo looking >&2; echo 'port 80: refused' >&2;");
    await until(() => it.state.kind === 'down');
    assert.deepEqual(it.state, { kind: 'down', reason: 'exit code 2: port 80: refused' });
  });

  it('that cannot be run is down, not up', async () => {
    const it = start({ command: ['/nowhere/chk'] });
    await until(() => it.state.kind === 'down');
    assert.match(it.state.kind === 'down' ? it.state.reason : '', /there is no such file/);
  });

  it('leaves nothing behind when it ends', async () => {
    const it = start({}, `sleep 60 & echo $! >> ${folder}/children;`);
    await until(() => it.report.runs >= 3);
    await it.close();
    const children = readLines(join(folder, 'children')).map(Number);
    assert.ok(children.length >= 3);
    await until(() => !children.some(isAlive));
  });

  it('that is closed is killed with everything it started, and says nothing more', async () => {
    const it = start({ intervalMs: 10_000 }, `sleep 60 & echo $! > ${folder}/child; wait;`);
    await until(() => readLines(join(folder, 'child')).length === 1);
    const child = Number(readLines(join(folder, 'child'))[0]);
    await it.close();
    assert.ok(!isAlive(child));
    assert.deepEqual(seen, []);
    assert.equal(runs(), 1);
  });
});

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}
