/** `lvsd plan` and its request: what is sent, what is printed, the exit codes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PlanOptions, runPlan } from '../../src/cli/plan.ts';
import { type KernelChange, valueChange } from '../../src/director/changes.ts';
import type { ConfigText } from '../../src/sys/config-file.ts';
import { openControl, type PlanOutcome } from '../../src/sys/control.ts';
import { request } from '../../src/sys/control-client.ts';
import { snapshot } from '../support/snapshot.ts';

const CHANGES: readonly KernelChange[] = [valueChange('timeout', 'tcp', { from: 900, to: 600 })];

describe('lvsd plan', () => {
  let folder: string;
  let socket: string;
  let file: string;
  let asked: (ConfigText | null)[];
  const closing: (() => unknown)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-plan-'));
    socket = join(folder, 'lvsd.sock');
    file = join(folder, 'x.yaml');
    writeFileSync(file, 'virtual_servers: []\n');
    asked = [];
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    rmSync(folder, { recursive: true });
  });

  /** A daemon that answers a plan with this. */
  async function open(outcome: PlanOutcome | Error): Promise<void> {
    const control = await openControl(socket, {
      snapshot: async () => snapshot,
      reload: async () => assert.fail('a plan is no reload'),
      plan: async (given) => {
        asked.push(given);
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
      events: async () => null,
      report: () => ({ ok: true, value: undefined }),
    });
    closing.push(() => control.close());
  }

  async function plan(given: Partial<PlanOptions> = {}): Promise<{ code: number; out: string; err: string }> {
    const written = { out: '', err: '' };
    const sink = (name: 'out' | 'err') => ({
      write: (text: string): void => {
        written[name] += text;
      },
    });
    const options = { file: null, defaultFile: null, socket, json: false, ...given };
    const code = await runPlan(options, sink('out'), sink('err'));
    return { code, ...written };
  }

  it('0 when nothing would change; without a file the daemon takes its own', async () => {
    await open({ ok: true, changes: [] });
    assert.deepEqual(await plan(), { code: 0, out: 'no changes\n', err: '' });
    assert.deepEqual(asked, [null]);
  });

  it('2 and the changes; the file goes to the daemon with its name', async () => {
    await open({ ok: true, changes: CHANGES });
    assert.deepEqual(await plan({ file }), { code: 2, out: '~ timeout tcp 900 -> 600\n1 change\n', err: '' });
    assert.deepEqual(asked, [{ file, text: 'virtual_servers: []\n' }]);
  });

  it('as JSON', async () => {
    await open({ ok: true, changes: CHANGES });
    const { code, out } = await plan({ json: true });
    assert.deepEqual([code, JSON.parse(out)], [2, { source: 'daemon', changes: CHANGES }]);
  });

  it('1 and the problems of the file', async () => {
    await open({ ok: false, problems: ['x.yaml:1:1: name: missing', 'second'] });
    assert.deepEqual(await plan({ file }), { code: 1, out: '', err: 'x.yaml:1:1: name: missing\nsecond\n' });
  });

  it('1 when the daemon failed at it', async () => {
    await open(new Error('boom'));
    assert.deepEqual(await plan(), { code: 1, out: '', err: 'lvsd plan: the daemon answered with an error: boom\n' });
  });

  it('1 when the file cannot be read, and nobody is asked', async () => {
    await open({ ok: true, changes: [] });
    const { code, err } = await plan({ file: join(folder, 'missing') });
    assert.deepEqual([code, err, asked], [1, `Cannot read ${join(folder, 'missing')}: no such file\n`, []]);
  });

  it('1 without a daemon when only a daemon could tell', async () => {
    const { code, err } = await plan();
    assert.equal(code, 1);
    assert.match(err, /^lvsd plan: no lvsd answers at /);
  });

  it('1 and the problems of an invalid file without a daemon', async () => {
    writeFileSync(file, 'virtual_servers: 7\n');
    const { code, err } = await plan({ file });
    assert.equal(code, 1);
    assert.match(err, /x\.yaml:1:18: virtual_servers: /);
  });

  describe('POST /v1/plan', () => {
    for (const [what, body] of [
      ['no JSON object', 7],
      ['no text', { file: 'x.yaml' }],
      ['a text that is none', { file: 'x.yaml', text: 7 }],
    ] as const) {
      it(`400 for ${what}`, async () => {
        await open({ ok: true, changes: [] });
        const answer = await request(socket, 'POST', '/v1/plan', 5000, body);
        assert.ok(answer.ok);
        assert.deepEqual([answer.value.status, asked], [400, []]);
      });
    }

    it('takes a configuration of ten thousand real servers, and not one of any size', async () => {
      await open({ ok: true, changes: [] });
      const text = '      - { address: 10.0.0.1, weight: 100 }\n'.repeat(20_000);
      const answer = await request(socket, 'POST', '/v1/plan', 5000, { file: 'x.yaml', text });
      assert.ok(answer.ok);
      assert.equal(answer.value.status, 200);
      const refused = await new Promise<string>((resolve) => {
        const raw = connect(socket, () => raw.write('POST /v1/plan HTTP/1.1\r\nContent-Length: 99000000\r\n\r\n'));
        raw.once('data', (data) => {
          resolve(String(data));
          raw.destroy();
        });
      });
      assert.match(refused, /^HTTP\/1\.1 413 /);
      assert.equal(asked.length, 1);
    });
  });
});
