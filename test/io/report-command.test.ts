/** Passive checks: `lvsd report`, its request, what is kept of it, and what the probe makes of it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReport } from '../../src/cli/report.ts';
import type { PassiveCheckConfig } from '../../src/config/checks/passive.ts';
import { openControl } from '../../src/sys/control.ts';
import { request } from '../../src/sys/control-client.ts';
import { PassiveBoard } from '../../src/sys/passive-board.ts';
import { PassiveTarget } from '../../src/sys/probe-passive.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { snapshot } from '../support/snapshot.ts';

const PLACE = { bootId: 'boot', netns: 'here' };

function check(name: string, initial: 'up' | 'down' = 'up'): PassiveCheckConfig {
  return { ...PLAIN_CHECK, address: '10.0.0.1', port: 0, type: 'passive', name, initial };
}

describe('passive checks', () => {
  let folder: string;
  let socket: string;
  let board: PassiveBoard;
  let reported: string[];
  let warned: string[];
  const closing: (() => unknown)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-report-'));
    socket = join(folder, 'lvsd.sock');
    board = newBoard();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  function newBoard(place = PLACE): PassiveBoard {
    const made = new PassiveBoard();
    reported = [];
    warned = [];
    const handlers = {
      reported: (name: string, { state }: { state: string }) => reported.push(`${name} ${state}`),
      warn: (text: string) => warned.push(text),
    };
    made.open(socket, handlers, place);
    made.set(new Set(['web1', 'web2']));
    return made;
  }

  async function said(config: PassiveCheckConfig): Promise<string> {
    const result = await new PassiveTarget(config, board).probe();
    return result.ok ? 'up' : `${result.reason}: ${result.detail}`;
  }

  async function open(): Promise<void> {
    const control = await openControl(socket, {
      snapshot: async () => snapshot,
      reload: async () => ({ ok: true, problems: [] }),
      plan: async () => ({ ok: true, changes: [] }),
      events: async () => null,
      report: (name, report) => board.report(name, report),
    });
    closing.push(() => control.close());
  }

  async function report(
    name: string,
    state: 'up' | 'down',
    reason = '',
  ): Promise<{ code: number; out: string; err: string }> {
    const written = { out: '', err: '' };
    const sink = (stream: 'out' | 'err') => ({
      write: (text: string): void => {
        written[stream] += text;
      },
    });
    const code = await runReport({ socket, name, state, reason }, sink('out'), sink('err'));
    return { code, ...written };
  }

  describe('the probe', () => {
    it('answers as configured until something is reported, and then as reported', async () => {
      assert.equal(await said(check('web1')), 'up');
      assert.equal(await said(check('web1', 'down')), 'told: nothing was reported yet');
      board.report('web1', { state: 'down', reason: 'disk full' });
      assert.equal(await said(check('web1')), 'told: reported down: disk full');
      assert.equal(await said(check('web2')), 'up');
      board.report('web1', { state: 'down', reason: '' });
      assert.equal(await said(check('web1')), 'told: reported down');
      board.report('web1', { state: 'up', reason: '' });
      assert.equal(await said(check('web1', 'down')), 'up');
      assert.deepEqual(reported, ['web1 down', 'web1 down', 'web1 up']);
    });
  });

  describe('what was reported', () => {
    it('outlives a reload and a restart, as long as the name is configured', async () => {
      board.report('web1', { state: 'down', reason: 'x' });
      board.report('web2', { state: 'down', reason: 'y' });
      board.set(new Set(['web1', 'web3']));
      assert.equal(await said(check('web1')), 'told: reported down: x');
      assert.equal(await said(check('web2')), 'up');
      board = newBoard();
      assert.equal(await said(check('web1')), 'told: reported down: x');
      assert.equal(await said(check('web2')), 'up');
      board.set(new Set());
      assert.ok(!existsSync(`${socket}.reports`));
    });

    it('is of one boot and one network namespace', async () => {
      board.report('web1', { state: 'down', reason: 'x' });
      board = newBoard({ bootId: 'next boot', netns: 'here' });
      assert.equal(await said(check('web1')), 'up');
    });

    it('is forgotten when its file is damaged, and said when it cannot be written', async () => {
      board.report('web1', { state: 'down', reason: 'x' });
      const file = `${socket}.reports`;
      const kept: object = JSON.parse(readFileSync(file, 'utf8'));
      const damages = [
        '{',
        JSON.stringify({ ...kept, reports: 7 }),
        JSON.stringify({ ...kept, reports: { web1: 'down' } }),
      ];
      for (const damage of damages) {
        writeFileSync(file, damage);
        board = newBoard();
        assert.equal(await said(check('web1')), 'up', damage);
      }
      rmSync(folder, { recursive: true });
      writeFileSync(folder, '');
      assert.deepEqual(board.report('web1', { state: 'down', reason: '' }), { ok: true, value: undefined });
      assert.match(warned[0] ?? '', /Cannot write .*\.reports: .*: a restart of lvsd would forget what was reported$/);
      assert.equal(await said(check('web1')), 'told: reported down');
    });
  });

  describe('lvsd report', () => {
    it('0: tells the daemon, with a reason', async () => {
      await open();
      assert.deepEqual(await report('web1', 'down', 'disk full'), { code: 0, out: 'web1: down\n', err: '' });
      assert.equal(await said(check('web1')), 'told: reported down: disk full');
      assert.deepEqual(await report('web1', 'up'), { code: 0, out: 'web1: up\n', err: '' });
      assert.deepEqual(reported, ['web1 down', 'web1 up']);
    });

    it('1: there is no such check, and which there are', async () => {
      await open();
      const none = 'lvsd report: there is no passive check "a/b": the configuration has web1, web2\n';
      assert.deepEqual(await report('a/b', 'down'), { code: 1, out: '', err: none });
      board.set(new Set());
      assert.match((await report('web1', 'down')).err, /: the configuration has none$/m);
      assert.deepEqual(reported, []);
    });

    it('3: no daemon answers', async () => {
      const { code, err } = await report('web1', 'down');
      assert.equal(code, 3);
      assert.match(err, /^lvsd report: no lvsd answers at /);
    });
  });

  describe('POST /v1/checks/NAME', () => {
    it('refuses what is no report', async () => {
      await open();
      for (const body of [{}, { state: 'maybe' }, 'up', { state: 'up', reason: 1 }]) {
        const answer = await request(socket, 'POST', '/v1/checks/web1', 3000, body);
        assert.equal(answer.ok ? answer.value.status : 0, 400, JSON.stringify(body));
      }
      const empty = await request(socket, 'POST', '/v1/checks/web1', 3000);
      assert.equal(empty.ok ? empty.value.status : 0, 400);
      const large = await request(socket, 'POST', '/v1/checks/web1', 3000, { state: 'up', reason: 'x'.repeat(5000) });
      assert.equal(large.ok ? large.value.status : 0, 413);
      assert.deepEqual(reported, []);
    });

    it('answers with what was taken', async () => {
      await open();
      const answer = await request(socket, 'POST', '/v1/checks/web1', 3000, { state: 'down', reason: 'a\u001bb' });
      assert.deepEqual(answer.ok && answer.value, {
        status: 200,
        body: { name: 'web1', state: 'down', reason: 'a b' },
      });
      const other = await request(socket, 'GET', '/v1/checks/web1', 3000);
      assert.equal(other.ok ? other.value.status : 0, 404);
    });
  });
});
