/** One instance for each network namespace. Each holder runs in a namespace of the test, beside a real daemon's. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';

const MODULE = JSON.stringify(new URL('../../src/sys/instance-lock.js', import.meta.url).href);
const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const NAMESPACES = [`lvsd-lock-${process.pid}-a`, `lvsd-lock-${process.pid}-b`] as const;
const ACQUIRE = `const { acquireInstanceLock } = await import(${MODULE}); let lock = acquireInstanceLock();`;

const command = (namespace: string, program: string): string[] => [
  ...['netns', 'exec', namespace, process.execPath, '--input-type=module', '-e', program],
];

/** What a program inside a namespace prints after it asked for the lock. */
function inside(namespace: string, program: string): string {
  const { status, stdout, stderr } = spawnSync('ip', command(namespace, ACQUIRE + program), {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.trim();
}

describe(`sys/instance-lock${needsRoot}`, function () {
  this.timeout(20_000);
  let holder: ChildProcess;
  before(function () {
    if (needsRoot !== '') return this.skip();
    for (const namespace of NAMESPACES) execFileSync('ip', ['netns', 'add', namespace]);
  });
  after(() => {
    if (needsRoot === '') for (const namespace of NAMESPACES) execFileSync('ip', ['netns', 'del', namespace]);
  });
  beforeEach(async () => {
    // `ip netns exec` becomes the program: its pid is the holder's.
    holder = spawn(
      'ip',
      command(NAMESPACES[0], `${ACQUIRE} console.log('release' in lock); setInterval(() => {}, 1000);`),
    );
    const [line] = await new Promise<unknown[]>((resolve) => holder.stdout?.once('data', (...data) => resolve(data)));
    assert.equal(String(line), 'true\n');
  });
  afterEach(async () => {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await ended;
  });

  it('a second instance hears the pid of the first, each time it asks', () => {
    assert.equal(
      inside(NAMESPACES[0], 'console.log(lock.heldByPid, acquireInstanceLock().heldByPid);'),
      `${holder.pid} ${holder.pid}`,
    );
  });

  it('another network namespace has a lock of its own', () => {
    assert.equal(inside(NAMESPACES[1], `console.log('release' in lock);`), 'true');
  });

  it('ends with its process, however that ends', async () => {
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await ended;
    assert.equal(inside(NAMESPACES[0], `console.log('release' in lock);`), 'true');
  });

  it('release gives it back, and may be called twice', () => {
    const program = `const held = acquireInstanceLock().heldByPid === process.pid; lock.release(); lock.release(); console.log(held, 'release' in acquireInstanceLock());`;
    assert.equal(inside(NAMESPACES[1], program), 'true true');
  });

  it('is not lost as garbage when nobody means to release it', () => {
    const program = `
      const { setFlagsFromString } = await import('node:v8');
      const { runInNewContext } = await import('node:vm');
      setFlagsFromString('--expose-gc');
      lock = null;
      for (let n = 0; n < 5; n++) { runInNewContext('gc')(); await new Promise((r) => setImmediate(r)); }
      console.log(acquireInstanceLock().heldByPid === process.pid);`;
    assert.equal(inside(NAMESPACES[1], program), 'true');
  });

  it('does not keep the process alive', () => {
    assert.equal(inside(NAMESPACES[1], ''), '');
  });
});
