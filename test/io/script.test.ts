/** Scripts as they are really run: process groups, deadlines, output, users, and what is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { OUTPUT_LENGTH, resultText, runScript, scriptProblem } from '../../src/sys/script.ts';
import { findUser } from '../../src/sys/script-user.ts';
import { isAlive, until } from '../support/wait.ts';

const AS_ROOT = process.geteuid?.() === 0;

function shell(text: string, timeoutMs = 5000): { argv: string[]; user: null; timeoutMs: number } {
  return { argv: ['sh', '-c', text], user: null, timeoutMs };
}

function pidIn(file: string): number {
  return Number(readFileSync(file, 'utf8'));
}

describe('a script', function () {
  this.timeout(6000);
  let folder = '';
  before(() => {
    // Not below a directory that somebody else could change.
    folder = mkdtempSync(join(AS_ROOT ? '/run' : tmpdir(), 'lvsd-script-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gives its exit code and the end of its output', async () => {
    const result = await runScript(shell('echo first; echo "no answer" >&2; exit 3')).result;
    assert.equal(result.kind === 'exit' ? result.code : result.kind, 3);
    assert.match(result.output, /no answer/);
    assert.match(resultText(result), /^exit code 3: /);
  });

  it('gives the start of its output where that is wanted', async () => {
    const text = 'printf first; head -c 100000 /dev/zero | tr "\\0" x; echo last; exit 3';
    const { output } = await runScript({ ...shell(text), keep: 'start' }).result;
    assert.equal(output, `first${'x'.repeat(OUTPUT_LENGTH - 5)}`);
    const { output: end } = await runScript(shell(text)).result;
    assert.match(end, /^x+last$/);
  });

  it('that cannot be started for want of descriptors is told as that', () => {
    const module = new URL('../../src/sys/script.js', import.meta.url).href;
    const program = `const { runScript } = await import(${JSON.stringify(module)});
      const fs = await import('node:fs');
      try { for (;;) fs.openSync('/dev/null'); } catch {}
      const { kind, code } = await runScript({ argv: ['/bin/true'], user: null, timeoutMs: 1000 }).result;
      fs.writeSync(1, kind + ' ' + code);`;
    const limited = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', program];
    assert.equal(String(spawnSync('sh', limited, { timeout: 5000 }).stdout), 'error EMFILE');
  });

  it('may say what it likes: nothing of it commands a terminal that shows the reason', async () => {
    const result = await runScript(shell("printf 'a\\n\\033]0;title\\007b'; exit 3")).result;
    assert.equal(resultText(result), 'exit code 3: a / ?]0;title?b');
  });

  it('gives the signal that ended it', async () => {
    const result = await runScript(shell('kill -KILL $$')).result;
    assert.deepEqual(result, { kind: 'signal', signal: 'SIGKILL', output: '' });
    assert.equal(resultText(result), 'killed by SIGKILL');
  });

  it('gets its arguments as they are, no shell in between', async () => {
    const result = await runScript({ argv: ['printf', '%s|', 'a b', '$HOME', '*'], user: null, timeoutMs: 5000 })
      .result;
    assert.equal(result.output, 'a b|$HOME|*|');
  });

  it('gets the environment it is given, and not what is meant for lvsd alone', async () => {
    process.env['NOTIFY_SOCKET'] = '/nowhere';
    const result = await runScript({ ...shell('echo "$COLOUR:$NOTIFY_SOCKET:$PWD"'), env: { COLOUR: 'red' } }).result;
    delete process.env['NOTIFY_SOCKET'];
    assert.equal(result.output, 'red::/');
  });

  it('is known to be too slow at its deadline, and its whole group is killed, even what ignores SIGTERM', async () => {
    const file = join(folder, 'grandchild');
    const started = performance.now();
    const run = runScript(
      shell(`(trap '' TERM; sh -c 'echo $PPID' > ${file}; while :; do sleep 0.1; done) & sleep 60`, 300),
    );
    const result = await run.result;
    const atMs = performance.now() - started;
    assert.equal(result.kind, 'timeout');
    assert.ok(atMs > 290 && atMs < 900, `${atMs} ms`);
    assert.ok(isAlive(pidIn(file)), 'has its second of grace');
    await run.ended;
    assert.ok(!isAlive(pidIn(file)), 'the grandchild is gone');
    assert.ok(performance.now() - started < 2800);
  });

  it('that ends itself on SIGTERM is not waited for until SIGKILL is sure', async () => {
    const run = runScript(shell('sleep 60', 100));
    const started = performance.now();
    await run.ended;
    assert.ok(performance.now() - started < 1600);
    assert.equal((await run.result).kind, 'timeout');
  });

  it('that ended in time while we were busy has ended in time', async () => {
    const run = runScript(shell('exit 0', 200));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    assert.equal((await run.result).kind, 'exit');
  });

  it('is killed on demand, with everything that it started', async () => {
    const file = join(folder, 'killed');
    const run = runScript(shell(`sleep 60 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`));
    await until(() => scriptFileExists(file));
    run.kill();
    run.kill();
    await run.ended;
    assert.equal((await run.result).kind, 'signal');
    assert.ok(!isAlive(pidIn(file)));
  });

  it('may leave a service behind, whose open output nobody waits for', async () => {
    const file = join(folder, 'service');
    const started = performance.now();
    const run = runScript(shell(`sleep 60 & echo $! > ${file}`));
    assert.equal((await run.result).kind, 'exit');
    await run.ended;
    assert.ok(performance.now() - started < 2000);
    const pid = pidIn(file);
    assert.ok(isAlive(pid));
    process.kill(pid, 'SIGKILL');
  });

  it('leaves nothing behind where that is not wanted', async () => {
    const file = join(folder, 'leftover');
    const run = runScript({ ...shell(`sleep 60 & echo $! > ${file}`), leftovers: 'kill' });
    await run.ended;
    assert.equal((await run.result).kind, 'exit');
    await until(() => !isAlive(pidIn(file)));
  });

  it('may write without end: no more than its tail is kept, and the rest of the process lives on', async () => {
    let turns = 0;
    const beat = setInterval(() => turns++, 10);
    const before = process.cpuUsage();
    const run = runScript(shell('yes abcdefgh', 600));
    const result = await run.result;
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 250_000, `${user + system} us of CPU`);
    clearInterval(beat);
    assert.equal(result.kind, 'timeout');
    assert.ok(result.output.length <= OUTPUT_LENGTH && /^[a-h\n]+$/.test(result.output), result.output);
    assert.ok(turns > 20, `${turns} turns`);
    await run.ended;
  });

  it('without a shebang line runs by sh, as keepalived runs it', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, 'exit 7\n', { mode: 0o755 });
    const result = await runScript({ argv: [file], user: null, timeoutMs: 5000 }).result;
    assert.deepEqual(result, { kind: 'exit', code: 7, output: '' });
  });

  it('runs as another user and group, with no group of ours left', async function () {
    if (!AS_ROOT) this.skip();
    const result = await runScript({ ...shell('id -u; id -g; id -G; echo $USER'), user: 'nobody:daemon' }).result;
    const uid = findUser('nobody');
    const gid = findUser('0:daemon');
    assert.ok(uid.ok && gid.ok);
    assert.equal(result.output, `${uid.value.uid}\n${gid.value.gid}\n${gid.value.gid}\nnobody`);
  });

  const refused = async (argv: readonly string[], pattern: RegExp, user: string | null = null): Promise<void> => {
    const result = await runScript({ argv, user, timeoutMs: 5000 }).result;
    assert.equal(result.kind, 'error');
    assert.match(resultText(result), pattern);
    assert.equal(scriptProblem({ argv, user }), resultText(result));
  };

  it('that is not there, not executable or a directory is an error in words, at loading and at running', async () => {
    const file = join(folder, 'plain-data');
    writeFileSync(file, 'text', { mode: 0o644 });
    await refused(['/nowhere/check.sh'], /`\/nowhere\/check\.sh` cannot be run: there is no such file/);
    await refused(['no-such-program-here'], /it is in none of \/usr\/local\/sbin:/);
    await refused([file], new RegExp(`${file} is not executable: chmod \\+x`));
    await refused([folder], /there is no such file/);
    await refused(['./relative'], /there is no such file|give its full path/);
    await refused(['true'], /there is no user `nobody-of-that-name`/, 'nobody-of-that-name');
  });

  it('whose path cannot be looked at is an error in words too, and no fault of ours', async () => {
    const loop = join(folder, 'loop');
    symlinkSync('loop', loop);
    for (const program of [loop, `/${'x'.repeat(5000)}`, '/a\0b']) {
      const problem = scriptProblem({ argv: [program], user: null });
      assert.match(problem ?? '', /cannot be run: /, program.slice(0, 50));
      assert.equal((await runScript({ argv: [program], user: null, timeoutMs: 1000 }).result).kind, 'error');
    }
  });

  it('that root may not look at (a unit without CAP_DAC_READ_SEARCH) may well be there for its own user', function () {
    if (!AS_ROOT) this.skip();
    const hidden = join(folder, 'hidden');
    mkdirSync(hidden, { mode: 0o700 });
    const program = join(hidden, 'x');
    writeFileSync(program, '', { mode: 0o755 });
    const uid = process.geteuid?.() ?? 0;
    process.seteuid?.(65_534);
    try {
      assert.equal(scriptProblem({ argv: [program], user: 'nobody' }), null);
    } finally {
      process.seteuid?.(uid);
    }
  });

  it('as root is refused when others can change it or any directory or link on its way', async function () {
    if (!AS_ROOT) this.skip();
    const open = join(folder, 'open');
    mkdirSync(open);
    const file = join(open, 'check.sh');
    writeFileSync(file, '#!/bin/sh\nexit 0\n');
    chmodSync(file, 0o755);
    assert.equal(scriptProblem({ argv: [file], user: null }), null);
    chmodSync(file, 0o757);
    await refused([file], /would run as root, but everybody can write .*check\.sh: chmod o-w/);
    chmodSync(file, 0o755);
    chmodSync(open, 0o777);
    await refused([file], /everybody can write .*open:/);
    chmodSync(open, 0o1777); // sticky: only root can replace what root owns
    assert.equal(scriptProblem({ argv: [file], user: null }), null);
    chmodSync(open, 0o775);
    chownSync(open, 0, 1);
    await refused([file], /group 1 can write/);
    chmodSync(open, 0o755);
    chownSync(file, 1, 0);
    await refused([file], /belongs to user 1/);
    chownSync(file, 0, 0);
    const link = join(folder, 'link');
    symlinkSync(file, link);
    assert.equal(scriptProblem({ argv: [link], user: null }), null);
    chmodSync(open, 0o777);
    await refused([link], /everybody can write .*open:/);
    // Another user's script is that user's affair.
    assert.equal(scriptProblem({ argv: [link], user: 'nobody' }), null);
    chmodSync(open, 0o755);
  });
});

function scriptFileExists(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') !== '';
  } catch {
    return false;
  }
}
