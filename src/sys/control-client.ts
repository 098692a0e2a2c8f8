/** One request to the daemon over its control socket. Imports nothing but Node's own: `lvsd status` must start at once. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { err, ok, type Result } from '../util/result.ts';

/**
 * `no-daemon`: nobody listens. `denied`, `timeout`, `ended`: somebody does, and did not answer. `protocol`: what answered does
 * not speak JSON over HTTP.
 */
export interface ClientError {
  readonly kind: 'no-daemon' | 'denied' | 'timeout' | 'ended' | 'protocol';
  /** A sentence for people. */
  readonly text: string;
}

export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** The parsed JSON. */
  readonly body: unknown;
}

/** No snapshot comes near: some 1 KB a real server. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Asks once; `timeoutMs` bounds the whole exchange, `body` is sent as JSON. Never rejects. */
export function request(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
  body?: unknown,
): Promise<Result<Answer, ClientError>> {
  return new Promise((resolve) => {
    const text = body === undefined ? null : JSON.stringify(body);
    const ofBody =
      text === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const headers = { host: 'localhost', ...ofBody };
    const asking = httpRequest({ socketPath, method, path, agent: false, headers });
    const done = (result: Result<Answer, ClientError>): void => {
      clearTimeout(timer);
      resolve(result); // the first one counts
      asking.destroy();
    };
    const timer = setTimeout(() => {
      const text = `lvsd at ${socketPath} did not answer within ${timeoutMs / 1000} s`;
      done(err({ kind: 'timeout', text }));
    }, timeoutMs);
    asking.on('error', (error: NodeJS.ErrnoException) => done(err(describe(socketPath, error))));
    asking.on('response', (response) => {
      readAnswer(socketPath, response).then(done, (error: NodeJS.ErrnoException) =>
        done(err(describe(socketPath, error))),
      );
    });
    asking.end(text ?? undefined);
  });
}

async function readAnswer(socketPath: string, response: IncomingMessage): Promise<Result<Answer, ClientError>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return notOurs(socketPath, `an answer above ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return ok({ status: response.statusCode ?? 0, body });
  } catch {
    return notOurs(socketPath, 'an answer that is not JSON');
  }
}

function notOurs(socketPath: string, what: string): Result<never, ClientError> {
  return err({ kind: 'protocol', text: `${what} came from ${socketPath}: is it lvsd's socket?` });
}

function describe(socketPath: string, error: NodeJS.ErrnoException): ClientError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return {
        kind: 'no-daemon',
        text: `no lvsd answers at ${socketPath}: is it running? (--socket PATH or LVSD_SOCKET names another)`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'denied',
        text: `permission denied at ${socketPath}: run as root or as a member of the socket's group`,
      };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        kind: 'ended',
        text: `lvsd at ${socketPath} ended the connection without an answer: is it stopping?`,
      };
    default:
      return { kind: 'protocol', text: `cannot ask lvsd at ${socketPath}: ${error.message}` };
  }
}
