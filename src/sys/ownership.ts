/** Whether a running lvsd looks after the IPVS table of our own network namespace. */
import { type Ownership, ownershipIn } from '../ipvsadm/owned.ts';
import { err, ok, type Result } from '../util/result.ts';
import { request } from './control-client.ts';
import { networkNamespace } from './network-namespace.ts';

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
  return ok(sharesOurNetwork(ownership) ? ownership : null);
}

/**
 * By what the daemon says: its process id may be that of another process here when it runs in a container. By its process
 * where it does not say; one that is gone in the meantime is not in our way.
 */
function sharesOurNetwork({ pid, networkNamespace: told }: Ownership): boolean {
  const theirs = told ?? networkNamespace(pid);
  return theirs !== null && theirs === networkNamespace();
}
