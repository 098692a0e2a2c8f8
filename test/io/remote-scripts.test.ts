/** Programs in the script process: as in this one, and what becomes of them when either process dies. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { LOST, RemoteScripts } from '../../src/sys/remote-scripts.ts';
import type { ScriptResult, ScriptRun } from '../../src/sys/script.ts';
import { isAlive, sleep, until } from '../support/wait.ts';

const MODULE = new URL('../../src/sys/remote-scripts.js', import.meta.url).href;

describe('sys/remote-scripts', function () {
  this.timeout(10_000);
  let folder = '';
  let scripts: RemoteScripts;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-remote-'));
    scripts = new RemoteScripts(300);
  });
  afterEach(() => {
    end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function run(text: string, timeoutMs: number | null = 5000): ScriptRun {
    return scripts.run({ argv: ['sh', '-c', text], user: null, timeoutMs, leftovers: 'kill' });
  }
  function end(signal: NodeJS.Signals): void {
    if (scripts.pid !== null) process.kill(scripts.pid, signal);
  }
  function pidIn(name: string): number {
    const file = join(folder, name);
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }
  /** Notes its number and is not to be ended with SIGTERM. */
  const stubborn = (name: string) => `trap '' TERM; echo $$ > ${folder}/${name}; while :; do sleep 0.05; done`;

  function assertLost(result: ScriptResult, pattern: RegExp): void {
    assert.ok(result.kind === 'error', result.kind);
    assert.equal(result.code, LOST);
    assert.match(result.message, pattern);
  }

  it('end as in this process, and are told apart', async () => {
    const runs = [run('exit 3'), run('echo $$; exit 0'), run('kill -KILL $$'), run('sleep 60', 50)];
    const results = await Promise.all(runs.map(({ result }) => result));
    assert.deepEqual(results[0], { kind: 'exit', code: 3, output: '' });
    assert.deepEqual(results[1], { kind: 'exit', code: 0, output: String(runs[1]?.pid) });
    assert.deepEqual(results[2], { kind: 'signal', signal: 'SIGKILL', output: '' });
    assert.equal(results[3]?.kind, 'timeout');
    await Promise.all(runs.flatMap(({ ended, exited }) => [ended, exited]));
    const none = scripts.run({ argv: ['/nowhere/x'], user: null, timeoutMs: 100 });
    const result = await none.result;
    assert.ok(result.kind === 'error' && /there is no such file/.test(result.message) && result.code === undefined);
    await Promise.all([none.ended, none.exited]);
  });

  it('are killed on demand', async () => {
    const killed = run(stubborn('killed'));
    await until(() => pidIn('killed') > 0);
    killed.kill('now');
    assert.equal((await killed.result).kind, 'signal');
    await killed.ended;
    assert.ok(!isAlive(pidIn('killed')));
  });

  it('leave this process free: starting many does not hold it up', async () => {
    await run('true').result;
    const many = Array.from({ length: 30 }, () => run('true'));
    const startedAt = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(performance.now() - startedAt < 100);
    await Promise.all(many.map(({ result }) => result));
  });

  it('go with their process when it is killed, and are lost, not failed; soon there is another one', async () => {
    const lost = run(stubborn('lost'));
    await until(() => pidIn('lost') > 0 && lost.pid !== null);
    end('SIGKILL');
    assertLost(await lost.result, /^the script process has ended \(SIGKILL\)$/);
    await Promise.all([lost.ended, lost.exited]);
    await until(() => !isAlive(pidIn('lost')));
    assert.equal(scripts.pid, null);
    assertLost(await run('true').result, /is not started again yet/);
    for (let result = await run('true').result; result.kind !== 'exit'; result = await run('true').result)
      await sleep(50);
  });

  it('are lost too when their process hangs, which is ended', async () => {
    await run('true').result;
    const pid = scripts.pid ?? 0;
    end('SIGSTOP');
    assertLost(await run('true', 100).result, /^the script process does not answer$/);
    await until(() => !isAlive(pid));
  });

  it('go with the daemon, even one that is killed', async () => {
    const program = `const { remoteScripts } = await import(${JSON.stringify(MODULE)});
      await remoteScripts.run({ argv: ['sh', '-c', ${JSON.stringify(stubborn('orphan'))}], user: null, timeoutMs: 60000 }).result;`;
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    await until(() => pidIn('orphan') > 0);
    daemon.kill('SIGKILL');
    await until(() => !isAlive(pidIn('orphan')));
  });

  it('keep nobody alive whose own work is done', () => {
    const program = `const { remoteScripts } = await import(${JSON.stringify(MODULE)});
      console.log((await remoteScripts.run({ argv: ['true'], user: null, timeoutMs: 3000 }).result).kind);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 5000 });
    assert.deepEqual([String(stdout), status], ['exit\n', 0]);
  });
});
