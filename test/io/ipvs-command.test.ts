/** `lvsd ipvs` as far as it goes without IPVS: the program itself, and the question who looks after the table. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OPTIONS } from '../../src/ipvsadm/options.ts';
import type { Snapshot } from '../../src/status/types.ts';
import { openControl } from '../../src/sys/control.ts';
import { OperandNames } from '../../src/sys/operand-names.ts';
import { askOwnership } from '../../src/sys/ownership.ts';
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

  it('says so where there is no IPVS', function () {
    if (existsSync('/proc/net/ip_vs')) this.skip();
    const [status, stdout, stderr] = ipvs('-Ln');
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

  async function askWith(pid: number): ReturnType<typeof askOwnership> {
    const of: Snapshot = { ...snapshot, daemon: { ...snapshot.daemon, pid } };
    const control = await openControl(socket, {
      snapshot: async () => of,
      reload: async () => ({ ok: true, problems: [] }),
      plan: async () => ({ ok: true, changes: [] }),
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
