/** The command line as a user meets it: exit codes, and sentences instead of stack traces. No privileges needed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LVSD = path.resolve(import.meta.dirname, '../../src/main.js');
/** The command runs where package.json is. */
const UNIT = path.resolve('systemd/lvsd.service');
const VALID = 'vrrp:\n  - { name: web, interface: lo, virtual_router_id: 51, virtual_addresses: [192.0.2.100/24] }\n';
const TRACE = /^\s+at |node:internal/m;

function lvsd(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LVSD, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

describe('the command line', function () {
  this.timeout(30_000);
  let dir: string;
  const file = (name: string, text?: string): string => {
    const full = path.join(dir, name);
    if (text !== undefined) writeFileSync(full, text);
    return full;
  };

  before(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'lvsd-cli-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('--help names the commands and the exit codes', () => {
    const { status, stdout } = lvsd(['--help']);
    assert.equal(status, 0);
    for (const word of ['run', 'check', 'status', 'reload', 'schema', 'Exit codes'])
      assert.match(stdout, new RegExp(`^ *${word}\\b`, 'm'), word);
  });

  it('--version prints that of package.json', () => {
    const manifest: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.equal(lvsd(['--version']).stdout, `${manifest.version}\n`);
  });

  it('a full disk is told in a sentence, and by the exit code; one that only complaints go to changes nothing', function () {
    if (!existsSync('/dev/full')) this.skip();
    const full = openSync('/dev/full', 'w');
    try {
      for (const args of [['schema'], ['check', file('full.yaml', VALID)], ['doctor']]) {
        const { status, stderr } = spawnSync(process.execPath, [LVSD, ...args], {
          encoding: 'utf8',
          timeout: 20_000,
          stdio: ['ignore', full, 'pipe'],
        });
        const said = 'lvsd: cannot write the output: ENOSPC: no space left on device, write\n';
        assert.deepEqual([status, stderr], [1, said], args[0]);
      }
      const status = ['status', '--socket', file('none.sock')];
      assert.equal(spawnSync(process.execPath, [LVSD, ...status], { stdio: ['ignore', 'pipe', full] }).status, 3);
    } finally {
      closeSync(full);
    }
  });

  for (const args of [
    ['nonsense'],
    ['status', '--nonsense'],
    ['run', '--log-level', 'loud'],
    ['report', 'web1'],
    ['report', 'web1', 'sideways'],
  ]) {
    it(`\`lvsd ${args.join(' ')}\` is wrong usage: exit code 2`, () => {
      const { status, stderr } = lvsd(args);
      assert.equal(status, 2);
      assert.match(stderr, /^error: /);
    });
  }

  it('check: 0 for a valid file, 1 with every problem, 2 for a file that is not there', () => {
    const valid = lvsd(['check', file('valid.yaml', VALID)]);
    assert.deepEqual([valid.status, valid.stderr], [0, '']);
    assert.match(valid.stdout, /valid\.yaml: valid: 1 virtual router, /);
    const bad = lvsd(['check', file('bad.yaml', VALID.replace('51', '256').replace('lo,', 'lo, priorty: 3,'))]);
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /bad\.yaml:2:\d+: vrrp\[0\].*priorty/);
    assert.match(bad.stdout, /bad\.yaml:2:\d+: vrrp\[0\]\.virtual_router_id: .*256/);
    assert.match(bad.stdout, /2 problems\n$/);
    const missing = lvsd(['check', file('missing.yaml')]);
    assert.deepEqual([missing.status, missing.stdout], [2, '']);
    assert.equal(missing.stderr, `Cannot read ${file('missing.yaml')}: no such file\n`);
  });

  for (const command of ['status', 'reload']) {
    it(`${command} without a daemon: one sentence, exit code 3`, () => {
      const { status, stdout, stderr } = lvsd([command, '--socket', file('none.sock')]);
      assert.deepEqual([status, stdout], [3, '']);
      assert.match(
        stderr,
        new RegExp(`^lvsd ${command}: no lvsd answers at ${file('none.sock')}: is it running\\?.*\\n$`),
      );
    });
  }

  it('schema prints what etc/lvsd.schema.json holds', () => {
    const { status, stdout } = lvsd(['schema']);
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(readFileSync('etc/lvsd.schema.json', 'utf8')));
  });

  describe('without the native addon', () => {
    const env = { LVSD_NATIVE: '/nonexistent/lvsd.node' };

    it('run says so in one sentence, exit code 1', () => {
      const { status, stderr } = lvsd(['run', '-c', file('valid.yaml', VALID), '--socket', file('run.sock')], env);
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^\S+ error Cannot load the native addon \/nonexistent\/lvsd\.node \(there is no such file\): .*make build.*\n$/,
      );
      assert.doesNotMatch(stderr, TRACE);
      assert.equal(existsSync(file('run.sock')), false);
    });

    it('check, status and schema do not need it', () => {
      assert.equal(lvsd(['check', file('valid.yaml', VALID)], env).status, 0);
      assert.equal(lvsd(['status', '--socket', file('none.sock')], env).status, 3);
      assert.equal(lvsd(['schema'], env).status, 0);
    });
  });

  it('run with an invalid or missing file ends before it touches anything: exit code 1 or 2', () => {
    const invalid = lvsd(['run', '-c', file('invalid.yaml', 'vrrp: 5\n'), '--socket', file('run.sock')]);
    assert.equal(invalid.status, 1);
    assert.match(invalid.stderr, /invalid\.yaml:1:\d+: vrrp: /);
    const missing = lvsd(['run', '-c', file('missing.yaml'), '--socket', file('run.sock')]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /Cannot read .*missing\.yaml/);
    for (const { stderr } of [invalid, missing]) assert.doesNotMatch(stderr, TRACE);
  });

  it('the unit leaves root what documented settings need, and nothing else', () => {
    const lines = readFileSync(UNIT, 'utf8').matchAll(/^CapabilityBoundingSet=(.*)$/gm);
    const kept = [...lines].flatMap(([, names = '']) => names.split(' '));
    assert.deepEqual(kept.sort(), [
      'CAP_CHOWN', // notifications.fifo_user
      'CAP_IPC_LOCK', // vrrp_process.lock_memory
      'CAP_KILL', // ending what runs as another `user`
      'CAP_NET_ADMIN',
      'CAP_NET_BIND_SERVICE',
      'CAP_NET_RAW',
      'CAP_SETGID', // `user` of scripts
      'CAP_SETUID',
      'CAP_SYS_MODULE',
      'CAP_SYS_NICE', // vrrp_process.realtime_priority
    ]);
  });

  it('systemd takes the unit without a complaint', function () {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) this.skip();
    // systemd looks for the programs too; lvsd need not be installed here.
    const unit = readFileSync(UNIT, 'utf8').replaceAll('/usr/bin/lvsd', '/bin/true');
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', file('lvsd.service', unit)],
      {
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('lvsd.service'));
    assert.deepEqual([status, ours], [0, []]);
  });
});
