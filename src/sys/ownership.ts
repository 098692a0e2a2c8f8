/** Whether a running lvsd looks after the IPVS table of our own network namespace. */
import { statSync } from 'node:fs';
import { type Ownership, ownershipIn } from '../ipvsadm/owned.ts';
import { err, ok, type Result } from '../util/result.ts';
import { request } from './control-client.ts';

const TIMEOUT_MS = 5000;

/**
 * Asks the daemon at `socket`. Null: none answers there, or it works in another network namespace. An error in words when
 * one is there and cannot be asked.
 */
export async function askOwnership(socket: string): Promise<Result<Ownership | null, string>> {
  const answer = await request(socket, 'GET', '/status', TIMEOUT_MS);
  if (!answer.ok) return answer.error.kind === 'no-daemon' ? ok(null) : err(answer.error.text);
  const ownership = ownershipIn(answer.value.body);
  if (ownership === null) return err(`${socket} answered something else than the status of lvsd`);
  return ok(sharesOurNetwork(ownership.pid) ? ownership : null);
}

/** A process that is gone in the meantime, or cannot be seen from here, is not in our way. */
function sharesOurNetwork(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino === statSync('/proc/self/ns/net').ino;
  } catch {
    return false;
  }
}
