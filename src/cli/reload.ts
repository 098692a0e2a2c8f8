/** `lvsd reload`: the daemon reads its configuration file again; the answer comes when it is done. */
import { request } from '../sys/control-client.ts';
import { errorTextOf, exitCodeOf, type StatusSink } from './status.ts';

/** Longer than the daemon takes before it gives up. */
const TIMEOUT_MS = 35_000;

/**
 * Exit codes: 0 reloaded (what the kernel or the VRRP process refused of it, one a line on `err`), 1 problems (likewise)
 * and nothing was changed, 3 no daemon answers, 4 it answered with an error.
 */
export async function runReload(
  { socket }: { readonly socket: string },
  out: StatusSink,
  err: StatusSink,
): Promise<0 | 1 | 3 | 4> {
  const answer = await request(socket, 'POST', '/reload', TIMEOUT_MS);
  if (!answer.ok) {
    err.write(`lvsd reload: ${answer.error.text}\n`);
    return exitCodeOf(answer.error);
  }
  const { status, body } = answer.value;
  const problems = problemsOf(body);
  if (status === 200) {
    if (problems === null || problems.length === 0) out.write('reloaded\n');
    else err.write(`reloaded, but:\n${problems.join('\n')}\n`);
    return 0;
  }
  if (status !== 422 || problems === null) {
    err.write(`lvsd reload: the daemon answered with an error: ${errorTextOf(body, status)}\n`);
    return 4;
  }
  for (const problem of problems) err.write(`${problem}\n`);
  err.write('nothing was changed\n');
  return 1;
}

function problemsOf(body: unknown): readonly string[] | null {
  if (typeof body !== 'object' || body === null || !('problems' in body) || !Array.isArray(body.problems)) return null;
  return body.problems.map(String);
}
