/** `lvsd ipvs` as far as it goes without IPVS: the program itself, and the question who looks after the table. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runIpvs } from '../../src/cli/ipvs.ts';
import { OPTIONS } from '../../src/ipvsadm/options.ts';
import type { Snapshot } from '../../src/status/types.ts';
import { openControl } from '../../src/sys/control.ts';
import { networkNamespace } from '../../src/sys/network-namespace.ts';
import { OperandNames } from '../../src/sys/operand-names.ts';
import { askOwnership } from '../../src/sys/ownership.ts';
import { Kept } from '../lab/support/ipvsadm-worker.ts';
import { snapshot } from '../support/snapshot.ts';

const LVSD = path.resolve(import.meta.dirname, '../../src/main.js');

function ipvs(...args: readonly string[]): [status: number | null, stdout: string, stderr: string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LVSD, 'ipvs', ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    input: '',
  });
  return [status, stdout, stderr];
}

describe('lvsd ipvs', function () {
  this.timeout(30_000);

  it('-h shows every option', () => {
    const [status, help, stderr] = ipvs('-h');
    assert.deepEqual([status, stderr], [0, '']);
    const missing = OPTIONS.filter(({ long }) => !help.includes(`--${long}`) && !/--(?:tun|mcast)-\.\.\./.test(long));
    assert.deepEqual(
      missing.map(({ long }) => long),
      [],
    );
  });

  it('-v prints the line of ipvsadm 1.31', () => {
    assert.deepEqual(ipvs('-v'), [0, 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n', '']);
  });

  it('takes its options from nobody', () => {
    assert.deepEqual(ipvs('-L', '--help'), [2, '', "invalid option `--help'\n"]);
    assert.deepEqual(ipvs('--nonsense'), [255, '', "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n"]);
  });

  it('tells in a sentence that the output is full, or the input cannot be read', function () {
    if (!existsSync('/dev/full')) this.skip();
    const full = openSync('/dev/full', 'w');
    const unreadable = openSync('/proc/self/mem', 'r'); // address 0: EIO
    try {
      const run = (args: readonly string[], stdio: readonly [number | 'ignore', number | 'pipe', number | 'pipe']) =>
        spawnSync(process.execPath, [LVSD, 'ipvs', ...args], { encoding: 'utf8', timeout: 20_000, stdio: [...stdio] });
      const help = run(['-h'], ['ignore', full, 'pipe']);
      assert.deepEqual(
        [help.status, help.stderr],
        [1, 'Cannot write the output: ENOSPC: no space left on device, write\n'],
      );
      const restore = run(['-R'], [unreadable, 'pipe', 'pipe']);
      assert.deepEqual([restore.status, restore.stderr], [1, 'Cannot read the input: EIO: i/o error, read\n']);
      assert.equal(run(['--nonsense'], ['ignore', 'pipe', full]).status, 255);
    } finally {
      closeSync(full);
      closeSync(unreadable);
    }
  });

  it('reads no line without end', async () => {
    const [stdout, stderr] = [new Kept(), new Kept()];
    async function* endless(): AsyncGenerator<string> {
      for (let piece = 0; piece < 1000; piece++) yield 'x'.repeat(65_536);
    }
    for (const args of [['-R'], ['-R', '--atomic']]) {
      assert.equal(await runIpvs(args, { stdin: endless(), stdout, stderr }, {}), 2);
    }
    const complaint = 'The input has a line above 1048576 characters\n';
    assert.deepEqual([stdout.text, stderr.text], ['', complaint + complaint]);
  });

  it('says so where there is no IPVS, or none for us; lists where there is', () => {
    const [status, stdout, stderr] = ipvs('-Ln');
    if (existsSync('/proc/net/ip_vs') && process.geteuid?.() === 0) {
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /^IP Virtual Server version /);
      return;
    }
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(
      stderr,
      /^Can't initialize ipvs: .*\nAre you sure that IP Virtual Server is built in the kernel or as module\?\n$/,
    );
  });
});

describe('sys/operand-names', () => {
  it('knows localhost after the second attempt, and no IPv6', async () => {
    const names = new OperandNames();
    let attempts = 0;
    const found = await names.resolving(() => {
      attempts++;
      return ['localhost', '::1', 'nosuch.invalid'].map((name) => names.host(name));
    });
    assert.deepEqual([found, attempts], [['127.0.0.1', null, null], 2]);
  });

  it('knows services by name and protocol', () => {
    const names = new OperandNames();
    assert.deepEqual(
      [names.port('http', 6), names.port('domain', 17), names.port('nosuch', 6), names.port('http', 0)],
      [80, 53, null, null],
    );
  });
});

describe('sys/ownership', () => {
  let dir = '';
  let socket = '';
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'lvsd-owner-'));
    socket = path.join(dir, 'lvsd.sock');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  async function askWith(pid: number, namespace: number | null = null): ReturnType<typeof askOwnership> {
    const of: Snapshot = { ...snapshot, daemon: { ...snapshot.daemon, pid, networkNamespace: namespace } };
    const control = await openControl(socket, {
      snapshot: async () => of,
      reload: async () => ({ ok: true, problems: [] }),
      plan: async () => ({ ok: true, changes: [] }),
      events: async () => null,
      report: () => ({ ok: true, value: undefined }),
    });
    try {
      return await askOwnership(socket);
    } finally {
      await control.close();
    }
  }

  it('is that of a daemon in our network namespace', async () => {
    const owner = await askWith(process.pid);
    assert.ok(owner.ok);
    assert.equal(owner.value?.pid, process.pid);
    assert.equal(owner.value?.configFile, snapshot.daemon.configFile);
    assert.ok((owner.value?.services.size ?? 0) >= snapshot.virtualServers.length);
  });

  it('goes by the network namespace that the daemon names: in a container process ids are others', async () => {
    const own = networkNamespace();
    assert.ok(own !== null);
    const owner = await askWith(0x7fff_fff0, own);
    assert.equal(owner.ok && owner.value?.configFile, snapshot.daemon.configFile);
    assert.deepEqual(await askWith(process.pid, own + 1), { ok: true, value: null });
  });

  it('is nobody when the daemon is gone, or there is none', async () => {
    assert.deepEqual(await askWith(0x7fff_fff0), { ok: true, value: null });
    assert.deepEqual(await askOwnership(path.join(dir, 'none.sock')), { ok: true, value: null });
  });

  it('is not known when something else answers', async () => {
    const server = createServer((_, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const owner = await askOwnership(socket);
      assert.equal(owner.ok, false);
    } finally {
      server.close();
    }
  });
});
