/** Script checks with real programs: their end, their children, their user, and how many at once. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ScriptCheckConfig } from '../../src/config/checks/script.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { ScriptTarget } from '../../src/sys/probe-script.ts';
import type { ScriptResult } from '../../src/sys/script.ts';
import { scriptProblems } from '../../src/sys/script-problems.ts';
import { Slots } from '../../src/sys/slots.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { isAlive, sleep, until } from '../support/wait.ts';
import { configOf, realServer, virtualServer } from '../unit/director/builders.ts';

const AS_ROOT = process.geteuid?.() === 0;

function check(command: readonly string[], more: Partial<ScriptCheckConfig> = {}): ScriptCheckConfig {
  const place = { address: '10.0.0.11', port: 8080 };
  return {
    ...PLAIN_CHECK,
    ...place,
    timeoutMs: 3000,
    type: 'script',
    command,
    user: null,
    dynamicWeight: false,
    ...more,
  };
}

function shell(text: string, more: Partial<ScriptCheckConfig> = {}): ScriptCheckConfig {
  return check(['sh', '-c', text], more);
}

function probe(config: ScriptCheckConfig): Promise<ProbeResult> {
  return new ScriptTarget(config).probe();
}

async function assertFails(config: ScriptCheckConfig, reason: string, detail: RegExp): Promise<void> {
  const result = await probe(config);
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
}

describe('sys/probe-script', function () {
  this.timeout(20_000);
  let folder = '';
  before(() => {
    // Not below a directory that somebody else could change.
    folder = mkdtempSync(join(AS_ROOT ? '/run' : tmpdir(), 'lvsd-probe-script-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const pidIn = (name: string): number => Number(readFileSync(join(folder, name), 'utf8'));

  it('passes with exit code 0, and fails with any other', async () => {
    const result = await probe(shell('echo fine'));
    assert.ok(result.ok && result.advice === undefined);
    assert.ok(result.latencyMs > 0 && result.latencyMs < 3000);
    await assertFails(shell('echo "disk full"; echo details; exit 2'), 'script', /^exit code 2: disk full$/);
    await assertFails(shell('echo why >&2; exit 1'), 'script', /^exit code 1: why$/);
    await assertFails(shell('exit 1'), 'script', /^exit code 1$/);
    await assertFails(shell('kill -SEGV $$'), 'script', /^killed by SIGSEGV$/);
  });

  it('keeps the first line however much follows it', async () => {
    const loud = shell('echo "CRITICAL: no answer"; head -c 200000 /dev/zero | tr "\\0" "\\n"; exit 2');
    await assertFails(loud, 'script', /^exit code 2: CRITICAL: no answer$/);
    await assertFails(shell('head -c 200000 /dev/zero | tr "\\0" x; exit 1'), 'script', /^exit code 1: x{150}$/);
  });

  it('takes exit codes for weights where that is wanted', async () => {
    const answer = async (code: number) => probe(shell(`exit ${code}`, { dynamicWeight: true }));
    const advised = [];
    for (const code of [0, 2, 52, 255]) {
      const result = await answer(code);
      advised.push(result.ok ? result.advice : result.detail);
    }
    assert.deepEqual(advised, [{ weightPercent: 100 }, { weight: 0 }, { weight: 50 }, { weight: 253 }]);
    assert.ok(!(await answer(1)).ok);
  });

  it('tells the program what it is about', async () => {
    const told = 'test "$LVSD_ADDRESS $LVSD_PORT $1" = "10.0.0.11 8080 x" && test -z "$NOTIFY_SOCKET"';
    assert.ok((await probe(check(['sh', '-c', told, 'sh', 'x']))).ok);
  });

  it('that is missing or not executable has failed at once', async () => {
    const startedAt = performance.now();
    await assertFails(check(['/nowhere/check']), 'script', /`\/nowhere\/check` cannot be run: there is no such file/);
    const file = join(folder, 'data');
    writeFileSync(file, '#!/bin/sh\nexit 0\n', { mode: 0o644 });
    await assertFails(check([file]), 'script', /is not executable: chmod \+x/);
    const odd = join(folder, 'odd');
    writeFileSync(odd, '#!/nowhere/interpreter\n', { mode: 0o755 });
    await assertFails(check([odd]), 'script', /cannot be run|exit code 127/);
    await assertFails(check(['true'], { user: 'nobody-of-that-name' }), 'script', /there is no user/);
    assert.ok(performance.now() - startedAt < 2000);
  });

  it('that cannot be run is told at loading too, once for each virtual server', () => {
    const servers = ['10.0.0.1', '10.0.0.2'].map((address) =>
      realServer(address, { checks: [check(['/nowhere/check', address]), check(['true'])] }),
    );
    assert.deepEqual(scriptProblems(configOf(virtualServer(servers))), [
      'script check of virtual server web fails: `/nowhere/check` cannot be run: there is no such file',
    ]);
    const selfCheck = check(['true'], { user: 'nobody-of-that-name' });
    assert.deepEqual(scriptProblems({ ...configOf(), selfCheck }), [
      'script check of self_check fails: `true` cannot be run: there is no user `nobody-of-that-name` in /etc/passwd',
    ]);
  });

  it('runs as the user that it is given', async function () {
    if (!AS_ROOT) this.skip();
    assert.ok((await probe(shell('test "$(id -un):$(id -gn)" = nobody:daemon', { user: 'nobody:daemon' }))).ok);
    const file = join(folder, 'everybodys');
    writeFileSync(file, '#!/bin/sh\nexit 0\n');
    chmodSync(file, 0o777);
    await assertFails(check([file]), 'script', /would run as root, but everybody can write/);
    assert.ok((await probe(check([file], { user: 'nobody' }))).ok);
  });

  it('has failed at its deadline; its whole group is killed, even what ignores SIGTERM, and nothing is left', async () => {
    const ignorer = join(folder, 'ignorer');
    const text = `(trap '' TERM; sh -c 'echo $PPID' > ${ignorer}; while :; do sleep 0.1; done) & echo waiting; sleep 60`;
    const startedAt = performance.now();
    await assertFails(shell(text, { timeoutMs: 300 }), 'script', /^not finished in time: waiting$/);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 290 && tookMs < 1500, `${tookMs} ms`);
    await until(() => !isAlive(pidIn('ignorer')));
    await until(() => zombies() === 0);
  });

  it('that dies early leaves no child behind', async () => {
    await assertFails(shell(`sleep 60 & echo $! > ${folder}/child; exit 3`), 'script', /^exit code 3/);
    await until(() => !isAlive(pidIn('child')));
  });

  it('is not run beside a run before it that is still being killed: that one has failed again', async () => {
    const starts = join(folder, 'starts');
    const target = new ScriptTarget(
      shell(`echo x >> ${starts}; trap '' TERM; while :; do sleep 0.05; done`, { timeoutMs: 150 }),
    );
    const details: string[] = [];
    for (let i = 0; i < 2; i++) {
      const result = await target.probe();
      details.push(result.ok ? 'passed' : `${result.reason}: ${result.detail}`);
    }
    assert.deepEqual(details, [
      'script: not finished in time',
      'script: the run before was killed, but is not gone yet',
    ]);
    assert.equal(readFileSync(starts, 'utf8'), 'x\n');
    target.close();
    await until(() => zombies() === 0);
  });

  it('that is closed ends at once as our doing, and the program with it', async () => {
    const target = new ScriptTarget(shell(`echo $$ > ${folder}/closed; exec sleep 60`, { timeoutMs: 60_000 }));
    const probing = target.probe();
    await until(() => existsSync(join(folder, 'closed')) && pidIn('closed') > 0);
    target.close();
    const result = await probing;
    assert.deepEqual(
      { ...result, latencyMs: 0 },
      { ok: false, reason: 'local', detail: 'probe cancelled', latencyMs: 0 },
    );
    await until(() => !isAlive(pidIn('closed')));
  });

  it('that is closed in whatever moment of its start leaves nothing that runs, and no slot taken', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const slots = new Slots(1);
      const target = new ScriptTarget(shell('sleep 60', { timeoutMs: 60_000 }), slots);
      const probing = target.probe();
      for (let turn = 0; turn < turns; turn++) await null;
      target.close();
      assert.equal((await probing).ok, false);
      await until(() => slots.taken === 0);
    }
  });

  it('that this machine cannot start has not failed; one that never ends is not started for ever', async () => {
    const over = Promise.resolve();
    let started = 0;
    const made = (result: ScriptResult, exited: Promise<void>) => () => {
      started++;
      return { pid: null, result: Promise.resolve(result), ended: over, exited, kill: () => {} };
    };
    const reasonOf = async (target: ScriptTarget) => {
      const result = await target.probe();
      return result.ok ? 'passed' : result.reason;
    };
    for (const code of ['EAGAIN', 'ENOMEM', 'EMFILE', 'ECANCELED']) {
      const result: ScriptResult = { kind: 'error', message: 'no', output: '', code };
      assert.equal(await reasonOf(new ScriptTarget(shell(''), new Slots(1), made(result, over))), 'local', code);
    }
    const denied: ScriptResult = { kind: 'error', message: 'no', output: '', code: 'EACCES' };
    assert.equal(await reasonOf(new ScriptTarget(shell(''), new Slots(1), made(denied, over))), 'script');
    started = 0;
    const slots = new Slots(1);
    const stuck = new ScriptTarget(shell(''), slots, made({ kind: 'timeout', output: '' }, new Promise(() => {})));
    for (let i = 0; i < 6; i++) assert.equal(await reasonOf(stuck), 'script');
    assert.deepEqual([started, slots.taken], [3, 0]);
  });

  describe('of many at once', () => {
    it('runs no more than there are slots, and all of them in the end', async () => {
      const slots = new Slots(3);
      const running = join(folder, 'running');
      const text = `mkdir -p ${running}; touch ${running}/$$; ls ${running} | wc -l >> ${folder}/counts; sleep 0.1; rm ${running}/$$`;
      const targets = Array.from({ length: 12 }, () => new ScriptTarget(shell(text, { timeoutMs: 9000 }), slots));
      const results = await Promise.all(targets.map((target) => target.probe()));
      assert.ok(
        results.every(({ ok }) => ok),
        JSON.stringify(results.find(({ ok }) => !ok)),
      );
      const counts = readFileSync(join(folder, 'counts'), 'utf8').trim().split('\n').map(Number);
      assert.equal(counts.length, 12);
      assert.ok(Math.max(...counts) <= 3, `${counts}`);
      await until(() => slots.taken === 0);
      assert.equal(readdirSync(running).length, 0);
    });

    it('one that gets no turn has not failed, and comes first the next time', async () => {
      const slots = new Slots(1);
      const busy = new ScriptTarget(shell('sleep 60', { timeoutMs: 1500 }), slots);
      const late = new ScriptTarget(shell('true', { timeoutMs: 200 }), slots);
      const busyProbe = busy.probe();
      await until(() => slots.taken === 1);
      const first = await late.probe();
      assert.ok(!first.ok);
      assert.equal(`${first.reason}: ${first.detail}`, 'local: 1 scripts run already: no turn within 200 ms');
      assert.equal(slots.waiting, 0);
      const order: string[] = [];
      const other = new ScriptTarget(shell('true'), slots);
      const ordered = [
        other.probe().then(() => order.push('other')),
        sleep(20).then(async () => {
          for (let result = await late.probe(); !result.ok; result = await late.probe());
          order.push('late');
        }),
      ];
      assert.equal((await busyProbe).ok, false);
      await Promise.all(ordered);
      assert.deepEqual(order, ['late', 'other']);
    });

    it('a slot comes back from whatever ends: a failure to start, a deadline, a closing', async () => {
      const slots = new Slots(1);
      await new ScriptTarget(check(['/nowhere/check']), slots).probe();
      await until(() => slots.taken === 0);
      await new ScriptTarget(shell('sleep 60', { timeoutMs: 50 }), slots).probe();
      const target = new ScriptTarget(shell('sleep 60'), slots);
      const probing = target.probe();
      const queued = new ScriptTarget(shell('sleep 60'), slots);
      const waiting = queued.probe();
      queued.close();
      assert.equal((await waiting).ok, false);
      await until(() => slots.taken === 1 && slots.waiting === 0);
      target.close();
      await probing;
      await until(() => slots.taken === 0);
    });
  });
});

/** Children of this process that have ended and that nobody waits for. */
function zombies(): number {
  const mine = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return mine.filter((pid) => !isAlive(Number(pid))).length;
}
