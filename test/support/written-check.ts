/** A tcp check as a file has it, for the tests of probes. */
import assert from 'node:assert/strict';
import { PRESETS } from '../../src/config/checks/presets.ts';
import { resolveTcpCheck, type TcpCheckConfig, tcpCheck as tcpSchema } from '../../src/config/checks/tcp.ts';
import { tcpCheck } from './probe-servers.ts';

/** `keys`: besides `type` and where it goes. */
export function written(port: number, keys: object): TcpCheckConfig {
  const context = {
    presets: PRESETS,
    path: [],
    report: (path: readonly unknown[], message: string) => assert.fail(`${path.join('.')}: ${message}`),
  };
  return resolveTcpCheck(tcpSchema.parse({ type: 'tcp', ...keys }), tcpCheck(port), context);
}
