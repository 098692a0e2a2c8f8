/** `lvsd report`: tells the daemon the state of a passive check. */
import { request } from '../sys/control-client.ts';
import { errorTextOf, exitCodeOf, type StatusSink } from './status.ts';

export interface ReportOptions {
  readonly socket: string;
  /** The `name` of passive checks. */
  readonly name: string;
  readonly state: 'up' | 'down';
  /** For people; may be empty. */
  readonly reason: string;
}

const TIMEOUT_MS = 10_000;

/** Exit codes: 0 taken, 1 there is no such check, 3 no daemon answers, 4 it answered with an error. Errors go to `err`. */
export async function runReport(
  { socket, name, state, reason }: ReportOptions,
  out: StatusSink,
  err: StatusSink,
): Promise<0 | 1 | 3 | 4> {
  const path = `/v1/checks/${encodeURIComponent(name)}`;
  const answer = await request(socket, 'POST', path, TIMEOUT_MS, { state, reason });
  if (!answer.ok) {
    err.write(`lvsd report: ${answer.error.text}\n`);
    return exitCodeOf(answer.error);
  }
  const { status, body } = answer.value;
  if (status === 200) {
    out.write(`${name}: ${state}\n`);
    return 0;
  }
  err.write(`lvsd report: ${errorTextOf(body, status)}\n`);
  return status === 422 ? 1 : 4;
}
