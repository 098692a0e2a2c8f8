/** A check as a configuration file has it, and one probe of it. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config/load.ts';
import type { CheckConfig } from '../../src/config/types-checks.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import { newTarget } from '../../src/sys/probe-targets.ts';

/** `text`: the check in braces, such as `{ type: dns, name: a.test }`; it goes to 127.0.0.1 unless it says otherwise. */
export function checkFromText(text: string, port: number): CheckConfig {
  const loaded = loadConfig(`virtual_servers:
  - name: a
    address: 192.0.2.1
    port: ${port}
    real_servers: [{ address: 127.0.0.1 }]
    checks: [${text}]
`);
  assert.deepEqual(loaded.ok ? [] : loaded.error, [], text);
  const check = loaded.ok ? loaded.value.virtualServers[0]?.realServers[0]?.checks[0] : undefined;
  assert.ok(check);
  return check;
}

/** One probe, from start to end. */
export async function probeOnce(check: CheckConfig): Promise<ProbeResult> {
  const target = newTarget(check);
  const result = await target.probe();
  target.close();
  return result;
}

/** That it passes. */
export async function assertPasses(text: string, port: number): Promise<void> {
  const result = await probeOnce(checkFromText(text, port));
  assert.ok(result.ok, result.ok ? '' : `${text}: ${result.reason}: ${result.detail}`);
}

/** That it fails for that reason, with such a detail. */
export async function assertFails(text: string, port: number, reason: string, detail: RegExp): Promise<void> {
  const result = await probeOnce(checkFromText(text, port));
  assert.ok(!result.ok, `${text}: passed`);
  assert.equal(result.reason, reason, `${text}: ${result.detail}`);
  assert.match(result.detail, detail);
}
