/**
 * `lvsd plan [FILE]`: what a configuration would change in the kernel. The running daemon is asked, because it knows its
 * verdicts and what is its own; without one, the kernel is read and the answer is what `lvsd run` would do.
 */
import { renderChanges } from '../director/change-text.ts';
import type { KernelChange } from '../director/changes.ts';
import { request } from '../sys/control-client.ts';
import { errorTextOf, type StatusSink } from './status.ts';

export interface PlanOptions {
  /** Null: the daemon's own file. */
  readonly file: string | null;
  /** Taken when there is neither a file nor a daemon; null: a daemon is needed. */
  readonly defaultFile: string | null;
  readonly socket: string;
  readonly json: boolean;
}

/** Who made a plan. */
type Source = 'daemon' | 'kernel';

/** Longer than the daemon takes before it gives up. */
const TIMEOUT_MS = 35_000;

/** Exit codes: 0 nothing would change, 2 the changes are on `out`, 1 problems or no answer, on `err`. */
export async function runPlan(options: PlanOptions, out: StatusSink, err: StatusSink): Promise<0 | 1 | 2> {
  const body = await bodyFor(options.file);
  if (typeof body === 'string') return failed(err, [body]);
  const answer = await request(options.socket, 'POST', '/v1/plan', TIMEOUT_MS, body);
  if (answer.ok) {
    const { status, body } = answer.value;
    const changes = changesIn(body);
    if (status === 200 && changes !== null) return told(changes, { ...options, source: 'daemon' }, out);
    const problems = status === 422 ? problemsIn(body) : null;
    if (problems !== null) return failed(err, problems);
    return failed(err, [`lvsd plan: the daemon answered with an error: ${errorTextOf(body, status)}`]);
  }
  const file = options.file ?? options.defaultFile;
  if (answer.error.kind !== 'no-daemon' || file === null) return failed(err, [`lvsd plan: ${answer.error.text}`]);
  const { planWithoutDaemon } = await import('../sys/plan-without-daemon.ts');
  const planned = await planWithoutDaemon(file, options.socket);
  if (!planned.ok) return failed(err, planned.error);
  return told(planned.value, { ...options, source: 'kernel' }, out);
}

/** Undefined: the daemon's own file. A string is why the file cannot be sent. */
async function bodyFor(file: string | null): Promise<{ file: string; text: string } | undefined | string> {
  if (file === null) return undefined;
  const { readText } = await import('../sys/read-text.ts');
  const text = readText(file);
  return text.ok ? { file, text: text.value } : `Cannot read ${file}: ${text.error}`;
}

function told(
  changes: readonly KernelChange[],
  { json, source }: { readonly json: boolean; readonly source: Source },
  out: StatusSink,
): 0 | 2 {
  out.write(json ? `${JSON.stringify({ source, changes }, null, 2)}\n` : renderChanges(changes));
  return changes.length === 0 ? 0 : 2;
}

function failed(err: StatusSink, lines: readonly string[]): 1 {
  for (const line of lines) err.write(`${line}\n`);
  return 1;
}

/** Null: not a plan. */
function changesIn(body: unknown): readonly KernelChange[] | null {
  if (typeof body !== 'object' || body === null || !('changes' in body) || !Array.isArray(body.changes)) return null;
  return body.changes.every(isChange) ? body.changes : null;
}

/** As far as it is needed to print it. */
function isChange(value: unknown): value is KernelChange {
  return typeof value === 'object' && value !== null && 'action' in value && 'object' in value && 'name' in value;
}

function problemsIn(body: unknown): readonly string[] | null {
  if (typeof body !== 'object' || body === null || !('problems' in body) || !Array.isArray(body.problems)) return null;
  return body.problems.map(String);
}
