/** What `lvsd run` would change in the kernel at its start. Nothing is changed by asking; needs root to read the table. */
import type { KernelChange } from '../director/changes.ts';
import { trafficIn } from '../director/traffic.ts';
import { wantedOf } from '../director/wanted.ts';
import { World } from '../director/world.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { Role } from '../vrrp/messages.ts';
import { readConfigFile } from './config-file.ts';
import { openOwnedMemory } from './owned-services.ts';
import { planWithoutKeeper } from './plan-without-keeper.ts';
import type { Reading } from './table-acts.ts';

/** Errors are whole lines for people. */
export async function planWithoutDaemon(
  file: string,
  socketPath: string,
): Promise<Result<readonly KernelChange[], readonly string[]>> {
  const config = readConfigFile(file);
  if (!config.ok) return err(config.error.problems);
  try {
    const changes = await planWithoutKeeper(openOwnedMemory(socketPath), (reading) => {
      const world = new World(config.value, trafficIn(reading.table), 0);
      return wantedOf(world, { before: new Map(), roleOf: () => roleIn(reading) });
    });
    return ok(changes);
  } catch (error) {
    return err([`lvsd plan: ${messageOf(error)}`]);
  }
}

/** No election yet: a director that was killed in MASTER resumes, any other starts as BACKUP. */
function roleIn({ daemons }: Reading): Role {
  return daemons.some(({ role }) => role === 'master') ? 'MASTER' : 'BACKUP';
}
