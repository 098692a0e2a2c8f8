/** Probing real servers by preset. */
import assert from 'node:assert/strict';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { written } from './written-check.ts';

/** Probes 127.0.0.1 with a tcp check of these keys; it must pass. */
export async function passes(port: number, keys: object): Promise<void> {
  const result = await new TcpTarget(written(port, keys)).probe();
  assert.ok(result.ok, `${JSON.stringify(keys)}: ${JSON.stringify(result)}`);
}

/** It must fail for this reason and with words of this form. */
export async function fails(port: number, keys: object, reason: string, detail: RegExp): Promise<void> {
  const result = await new TcpTarget(written(port, keys)).probe();
  assert.ok(!result.ok, `${JSON.stringify(keys)} passed`);
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
}
