import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileCheckConfig } from '../../src/config/checks/file.ts';
import type { CheckConfig } from '../../src/config/types-checks.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { FileWatches } from '../../src/sys/file-watches.ts';
import { FileTarget } from '../../src/sys/probe-file.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { sleep, until } from '../support/wait.ts';

function check(path: string, more: Partial<FileCheckConfig> = {}): FileCheckConfig {
  return { ...PLAIN_CHECK, address: '10.0.0.1', port: 0, type: 'file', path, as: 'words', ...more };
}

describe('sys/probe-file', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-probe-file-'));
    path = join(folder, 'web1');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const probe = (more: Partial<FileCheckConfig> = {}): Promise<ProbeResult> =>
    new FileTarget(check(path, more)).probe();

  async function assertFails(more: Partial<FileCheckConfig>, reason: string, detail: RegExp): Promise<void> {
    const result = await probe(more);
    assert.ok(!result.ok, 'passed');
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  }

  it('takes what the file says, whatever it says next', async () => {
    const target = new FileTarget(check(path));
    const said = async (text: string) => {
      writeFileSync(path, text);
      const result = await target.probe();
      return result.ok ? result.advice : `${result.reason}: ${result.detail}`;
    };
    assert.deepEqual(await said('up\n'), {});
    assert.deepEqual(await said('50%\n'), { weightPercent: 50 });
    assert.deepEqual(await said('down # by hand\n'), `told: ${path} says down: by hand`);
    assert.deepEqual(await said('drain\n'), { drain: true });
  });

  it('takes a number for what it is said to be', async () => {
    writeFileSync(path, '40\n');
    const weight = await probe({ as: 'weight' });
    assert.deepEqual(weight.ok ? weight.advice : null, { weight: 40 });
    const percent = await probe({ as: 'percent' });
    assert.deepEqual(percent.ok ? percent.advice : null, { weightPercent: 40 });
    await assertFails({ as: 'fault' }, 'told', /web1 says 40$/);
  });

  it('fails when the file is missing, in no folder, no file, or holds something else', async () => {
    await assertFails({}, 'answer', /cannot read .*web1: ENOENT/);
    await assertFails({ path: join(folder, 'none', 'x') }, 'answer', /ENOENT/);
    await assertFails({ path: folder }, 'answer', /it is not a regular file/);
    execFileSync('mkfifo', [path]);
    await assertFails({}, 'answer', /it is not a regular file/);
    rmSync(path);
    writeFileSync(path, 'perhaps');
    await assertFails({}, 'answer', /web1 holds no known words: perhaps$/);
    writeFileSync(path, '');
    await assertFails({}, 'answer', /web1 is empty$/);
    rmSync(path);
    symlinkSync(path, path);
    await assertFails({}, 'answer', /ELOOP/);
  });

  it('fails when it may not read the file', async () => {
    writeFileSync(path, 'up', { mode: 0 });
    // Root may read everything.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      await assertFails({}, 'answer', /EACCES/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('reads the head of a large one, and no more', async () => {
    writeFileSync(path, `up # ${'x'.repeat(10_000_000)}`);
    assert.ok((await probe()).ok);
    writeFileSync(path, '7'.repeat(10_000_000));
    const weight = await probe({ as: 'weight' });
    assert.deepEqual(weight.ok ? weight.advice : weight, { weight: 65_535 });
  });

  it('is not misled by a writer that has emptied the file and is about to write', async () => {
    writeFileSync(path, '');
    const probing = probe();
    await sleep(5);
    writeFileSync(path, 'up\n');
    assert.ok((await probing).ok);
  });

  it('ends at once when closed, as our doing', async () => {
    const target = new FileTarget(check(path));
    const probing = target.probe();
    target.close();
    const result = await probing;
    assert.equal(result.ok ? '' : result.reason, 'local');
  });

  describe('watched', () => {
    let hinted: string[] = [];
    let watches: FileWatches;
    beforeEach(() => {
      hinted = [];
      watches = new FileWatches((keys) => hinted.push(...keys));
    });
    afterEach(() => watches.close());
    const checks = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, CheckConfig> =>
      new Map(Object.entries(entries).map(([key, name]) => [key, check(join(folder, name))]));

    it('is a hint for all checks of the file whenever it changes, and for no other', async () => {
      watches.set(checks({ a: 'web1', b: 'web1', c: 'web2' }));
      await sleep(100);
      writeFileSync(path, 'up');
      await until(() => hinted.length === 2);
      writeFileSync(join(folder, 'new'), 'down');
      renameSync(join(folder, 'new'), path);
      await until(() => hinted.length === 4);
      rmSync(path);
      await until(() => hinted.length === 6);
      assert.deepEqual([...new Set(hinted)].sort(), ['a', 'b']);
    });

    it('goes on when the checks are set anew, and ends with them', async () => {
      watches.set(checks({ a: 'web1' }));
      await sleep(100);
      watches.set(checks({ b: 'web1' }));
      writeFileSync(path, 'up');
      await until(() => hinted.length > 0);
      assert.deepEqual([...new Set(hinted)], ['b']);
      watches.close();
      hinted = [];
      writeFileSync(path, 'down');
      await sleep(100);
      assert.deepEqual(hinted, []);
    });

    it('is found in a folder that comes later', async function () {
      this.timeout(6000);
      const later = join(folder, 'later');
      watches.set(checks({ a: 'later/web1' }));
      await sleep(50);
      mkdirSync(later);
      await sleep(2200);
      writeFileSync(join(later, 'web1'), 'up');
      await until(() => hinted.length > 0);
    });
  });
});
