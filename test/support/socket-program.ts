/** Programs that use the native addon, in a process of their own: what they leave behind is theirs. */
import { spawnSync } from 'node:child_process';

export const SOCKET_MODULE = new URL('../../src/sys/socket.js', import.meta.url).href;

const SCHEDULING_MODULE = new URL('../../src/sys/scheduling.js', import.meta.url).href;

/** Runs a module of this source; `s` is all of sys/socket and sys/scheduling. */
export function runWithSockets(source: string): { status: number | null; stdout: string; stderr: string } {
  const program = `import * as socketModule from ${JSON.stringify(SOCKET_MODULE)};
import * as schedulingModule from ${JSON.stringify(SCHEDULING_MODULE)};
const s = { ...socketModule, ...schedulingModule };
${source}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 20_000 });
}
