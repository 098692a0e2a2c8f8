/** Programs that use the native addon, in a process of their own: what they leave behind is theirs. */
import { spawnSync } from 'node:child_process';

export const SOCKET_MODULE = new URL('../../src/sys/socket.js', import.meta.url).href;

/** Runs a module of this source; `s` is sys/socket. */
export function runWithSockets(source: string): { status: number | null; stdout: string; stderr: string } {
  const program = `import * as s from ${JSON.stringify(SOCKET_MODULE)};\n${source}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 20_000 });
}
