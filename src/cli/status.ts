/** `lvsd status`: shows what the daemon tells of itself. */
import { isSnapshot } from '../status/guard.ts';
import { renderStatus } from '../status/render.ts';
import { type ClientError, request } from '../sys/control-client.ts';

/** Where a command writes: process.stdout, process.stderr or a test's buffer. */
export interface StatusSink {
  write(text: string): unknown;
  /** True on a terminal, which then gets colours. */
  readonly isTTY?: boolean;
}

const TIMEOUT_MS = 10_000;

/** Exit codes: 0 shown, 3 no daemon answers, 4 it answered with an error. Errors go to `err`. */
export async function runStatus(
  { socket, json }: { readonly socket: string; readonly json: boolean },
  out: StatusSink,
  err: StatusSink,
): Promise<0 | 3 | 4> {
  const answer = await request(socket, 'GET', '/status', TIMEOUT_MS);
  if (!answer.ok) {
    err.write(`lvsd status: ${answer.error.text}\n`);
    return exitCodeOf(answer.error);
  }
  const { status, body } = answer.value;
  if (status !== 200) {
    err.write(`lvsd status: the daemon answered with an error: ${errorTextOf(body, status)}\n`);
    return 4;
  }
  if (json) {
    out.write(`${JSON.stringify(body, null, 2)}\n`);
    return 0;
  }
  if (!isSnapshot(body)) {
    err.write(
      `lvsd status: ${socket} answered in another format: use the lvsd of the daemon's own version, or --json\n`,
    );
    return 4;
  }
  out.write(renderStatus(body, { nowMs: body.takenAtMs, colour: out.isTTY === true && !process.env['NO_COLOR'] }));
  return 0;
}

/** 3 when nobody answered, 4 when somebody did, with something else than lvsd's JSON. */
export function exitCodeOf(error: ClientError): 3 | 4 {
  return error.kind === 'protocol' ? 4 : 3;
}

/** The `error` of a JSON error, or the HTTP status. */
export function errorTextOf(body: unknown, status: number): string {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return `HTTP status ${status}`;
}
