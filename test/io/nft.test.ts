/** Running nft: what becomes of a program that is missing, silent, too talkative or complaining. Scripts stand in for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type NatMember, TABLE } from '../../src/nft/ruleset.ts';
import { Nft } from '../../src/sys/nft.ts';
import { NftKeeper } from '../../src/sys/nft-keeper.ts';
import { real, tcp } from '../unit/ipvs/builders.ts';

const WEB: NatMember = { service: tcp('192.0.2.1', 80), destination: real('10.0.0.11', 80), source: 'masquerade' };

describe('sys/nft', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'nft-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function nft(script: string, timeoutMs = 10_000): Nft {
    const program = path.join(folder, 'nft');
    writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return new Nft({ program, timeoutMs });
  }

  it('hands over the script and the arguments', async () => {
    assert.deepEqual(await nft('cat > "$0.input"; echo "$@" >&2').apply('a\nb\n'), { ok: true, value: null });
    assert.deepEqual(await nft('cat "$0.input"; echo "$@"').list(TABLE), {
      ok: true,
      value: 'a\nb\n-j -n list table inet lvsd\n',
    });
    assert.deepEqual(await nft('echo "$@"').list(TABLE, { terse: true }), {
      ok: true,
      value: '-j -n -t list table inet lvsd\n',
    });
  });

  const failures: readonly (readonly [what: string, script: string, kind: string, text: string])[] = [
    ['what is not there', "echo 'Error: No such file or directory' >&2; exit 1", 'absent', 'No such file or directory'],
    [
      'the first complaint without its place',
      "printf '/dev/stdin:1:1-4: Error: syntax error, unexpected string\\nbogus\\n^^^^\\n' >&2; exit 1",
      'failed',
      'nft: syntax error, unexpected string',
    ],
    [
      'another text',
      "echo 'Operation not permitted (you must be root)' >&2; exit 1",
      'failed',
      'nft: Operation not permitted (you must be root)',
    ],
    ['no text at all', 'exit 3', 'failed', 'nft ended with code 3'],
    ['a signal', 'kill -9 $$', 'failed', 'nft ended with code none'],
    [
      'a text that is too long',
      `printf 'Error: '; printf '%01000d' 0 >&2; exit 1`,
      'failed',
      `nft: ${'0'.repeat(300)}...`,
    ],
  ];
  for (const [what, script, kind, text] of failures) {
    it(`tells ${what}`, async () => {
      assert.deepEqual(await nft(script).apply('x'), { ok: false, error: { kind, text } });
    });
  }

  it('ends one that does not end', async () => {
    assert.deepEqual(await nft('exec sleep 60', 200).apply('x'), {
      ok: false,
      error: { kind: 'failed', text: 'nft did not end within 0.2 s' },
    });
  });

  it('waits no longer for one that leaves a child behind, which holds its output', async () => {
    const startedAt = Date.now();
    assert.deepEqual(await nft('sleep 3; true', 200).apply('x'), {
      ok: false,
      error: { kind: 'failed', text: 'nft did not end within 0.2 s' },
    });
    assert.ok(Date.now() - startedAt < 2500);
  });

  it('a missing program names its package; without full NAT nobody misses it', async () => {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const missing = new Nft({ program: path.join(folder, 'missing') });
    const keeper = new NftKeeper({ info: say, warn: say, error: say }, missing);
    assert.deepEqual(await keeper.reconcile([]), []);
    const text =
      'Cannot set up full NAT (nftables table inet lvsd): the program nft is missing: install the package nftables';
    assert.deepEqual(await keeper.reconcile([WEB]), [text]);
    assert.deepEqual(await keeper.close({ keep: false }), []);
    assert.deepEqual(said, [text]);
  });
});
