/**
 * The daemon's control socket: HTTP with JSON over a Unix socket (docs/status.md). Owner of hono and its Node server.
 *
 * Who may open the socket may rule the daemon, so its mode is the permission: owner and group. A client that is slow,
 * rude or gone costs a connection for some seconds and nothing else.
 */
import { lstatSync, mkdirSync, type Stats, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { KernelChange } from '../director/changes.ts';
import type { PassiveReport } from '../health/passive.ts';
import type { EventsAnswer } from '../status/events.ts';
import type { Snapshot } from '../status/types.ts';
import { messageOf } from '../util/message-of.ts';
import type { Result } from '../util/result.ts';
import type { ConfigText } from './config-file.ts';
import { EVENTS_PATH, eventsQuery, MOST_WAIT_S } from './control-events.ts';
import { REPORT_PATH, reportIn } from './control-reports.ts';
import type { EventsQuery } from './event-feed.ts';

export interface ControlHandlers {
  snapshot(): Promise<Snapshot>;
  reload(): Promise<{ readonly ok: boolean; readonly problems: readonly string[] }>;
  /** Null: of the daemon's own file. */
  plan(file: ConfigText | null): Promise<PlanOutcome>;
  /** Null: too many wait for events already. */
  events(query: EventsQuery, gone: AbortSignal): Promise<EventsAnswer | null>;
  /** Of passive checks; the error: there is none of that name. */
  report(name: string, report: PassiveReport): Result<void, string>;
}

/** What a configuration would change in the kernel; or the file's problems, whole lines for people. */
export type PlanOutcome =
  | { readonly ok: true; readonly changes: readonly KernelChange[] }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface ControlLimits {
  /** Until a request must have come in completely. */
  readonly requestTimeoutMs: number;
}

export interface Control {
  /** Lets answers under way finish, for a moment, and removes the socket. */
  close(): Promise<void>;
}

const LIMITS: ControlLimits = { requestTimeoutMs: 5000 };
/** A socket that only owner and group may open. */
const SOCKET_UMASK = 0o117;
const FOLDER_UMASK = 0o022;
/** `sun_path` of unix(7) without its closing zero; Node cuts a longer name short. */
const MAX_PATH_BYTES = 107;
/** No request has a body to speak of, */
const MAX_BODY_BYTES = 4096;
/** but a plan has a whole configuration, of some ten thousand real servers at most. */
const MAX_PLAN_BYTES = 8 * 1024 * 1024;
const MAX_CONNECTIONS = 64;
const CHECK_TIMEOUTS_EVERY_MS = 500;
const SNAPSHOT_TIMEOUT_MS = 5000;
const RELOAD_TIMEOUT_MS = 30_000;
const PLAN_TIMEOUT_MS = 30_000;
const EVENTS_TIMEOUT_MS = MOST_WAIT_S * 1000 + 2000;
const PLAN_PATH = '/v1/plan';
/** Without a byte either way: longer than any answer takes; ends those who ask and do not read. */
const IDLE_TIMEOUT_MS = 40_000;
const CLOSE_TIMEOUT_MS = 500;
const LIVENESS_TIMEOUT_MS = 1000;

/**
 * Listens at `path`. Its folder is made if need be, a socket that nobody answers any more is replaced. Rejects with an
 * `Error` for people when another daemon answers there or the machine refuses.
 */
export async function openControl(path: string, handlers: ControlHandlers, limits = LIMITS): Promise<Control> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new Error(
      `Cannot listen at ${path}: a socket's path has at most ${MAX_PATH_BYTES} bytes, choose a shorter one`,
    );
  }
  await clearTheWay(path);
  const server = newServer(handlers, limits);
  await listen(server, path);
  // A connection that cannot be accepted (no file descriptors) is the client's loss only.
  server.on('error', () => {});
  return { close: () => close(server) };
}

function routes(handlers: ControlHandlers): Hono {
  const app = new Hono();
  app.use((c, next) => {
    if (c.req.header('transfer-encoding') !== undefined) {
      return Promise.resolve(c.json({ error: 'a body of unannounced length is not taken' }, 411));
    }
    const most = c.req.path === PLAN_PATH ? MAX_PLAN_BYTES : MAX_BODY_BYTES;
    if (Number(c.req.header('content-length') ?? 0) <= most) return next();
    return Promise.resolve(c.json({ error: `a body above ${most} bytes is not taken` }, 413));
  });
  app.get('/status', (c) => answer(c, SNAPSHOT_TIMEOUT_MS, async () => c.json(await handlers.snapshot())));
  app.post('/reload', (c) =>
    answer(c, RELOAD_TIMEOUT_MS, async () => {
      const outcome = await handlers.reload();
      return c.json(outcome, outcome.ok ? 200 : 422);
    }),
  );
  app.post(PLAN_PATH, (c) =>
    answer(c, PLAN_TIMEOUT_MS, async () => {
      const file = configTextIn(await c.req.text());
      if (file === undefined) return c.json({ error: 'the body is not {"file": string, "text": string}' }, 400);
      const outcome = await handlers.plan(file);
      return c.json(outcome, outcome.ok ? 200 : 422);
    }),
  );
  app.get(EVENTS_PATH, (c) =>
    answer(c, EVENTS_TIMEOUT_MS, async () => {
      const query = eventsQuery(c.req.query());
      if (!query.ok) return c.json({ error: query.error }, 400);
      const events = await handlers.events(query.value, c.req.raw.signal);
      return events === null ? c.json({ error: 'too many wait for events already' }, 503) : c.json(events);
    }),
  );
  app.post(REPORT_PATH, async (c) => {
    const report = reportIn(await c.req.text());
    if (!report.ok) return c.json({ error: report.error }, 400);
    const name = c.req.param('name');
    const taken = handlers.report(name, report.value);
    return taken.ok ? c.json({ name, ...report.value }) : c.json({ error: taken.error }, 422);
  });
  app.notFound((c) => c.json({ error: `no such request: ${c.req.method} ${c.req.path}` }, 404));
  app.onError((error, c) => c.json({ error: error.message }, 500));
  return app;
}

/** Null: an empty body; undefined: something else than a configuration's text. */
function configTextIn(body: string): ConfigText | null | undefined {
  if (body === '') return null;
  try {
    const given: unknown = JSON.parse(body);
    if (typeof given !== 'object' || given === null || !('file' in given && 'text' in given)) return undefined;
    const { file, text } = given;
    return typeof file === 'string' && typeof text === 'string' ? { file, text } : undefined;
  } catch {
    return undefined;
  }
}

/** What `work` answers, or 504 when it takes too long; then its answer goes nowhere. */
async function answer(c: Context, timeoutMs: number, work: () => Promise<Response>): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Response>((resolve) => {
    const error = `${c.req.method} ${c.req.path} is not done after ${timeoutMs / 1000} s`;
    timer = setTimeout(() => resolve(c.json({ error }, 504)), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function newServer(handlers: ControlHandlers, { requestTimeoutMs }: ControlLimits): Server {
  const app = routes(handlers);
  const listener = getRequestListener((request) => app.fetch(request), {
    hostname: 'localhost',
    overrideGlobalObjects: false,
    errorHandler: (error) => Response.json({ error: messageOf(error) }, { status: 400 }),
  });
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      outgoing.shouldKeepAlive = false; // one request a connection: nothing idle is left to bound
      listener(incoming, outgoing).catch(() => outgoing.destroy());
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  server.on('clientError', refuse);
  return server;
}

/** What is not HTTP, or comes too slowly, is told so in JSON like everything else. */
function refuse(error: NodeJS.ErrnoException, socket: { writable: boolean } & Pick<Socket, 'end' | 'destroy'>): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  const body = JSON.stringify({ error: `not a request: ${error.message}` });
  const head = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`, () => socket.destroy());
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? anotherDaemon(path) : cannot(path, error));
    });
    server.once('listening', () => {
      server.removeAllListeners('error');
      resolve();
    });
    const umask = process.umask(FOLDER_UMASK);
    try {
      mkdirSync(dirname(path), { recursive: true });
      // Binding happens within this call, under this umask: there is no moment with a wider mode.
      process.umask(SOCKET_UMASK);
      server.listen(path);
    } catch (error) {
      reject(cannot(path, error));
    } finally {
      process.umask(umask);
    }
  });
}

/** Removes a socket without a daemon. What is not a socket is never removed. */
async function clearTheWay(path: string): Promise<void> {
  if (!isSocket(path)) return;
  if (await isAnswered(path)) throw anotherDaemon(path);
  try {
    unlinkSync(path);
  } catch (error) {
    throw cannot(path, error);
  }
}

/** False when nothing is there. */
function isSocket(path: string): boolean {
  let there: Stats | undefined;
  try {
    there = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw cannot(path, error);
  }
  if (there === undefined || there.isSocket()) return there !== undefined;
  throw new Error(`Cannot listen at ${path}: a file that is not a socket is there, move it away`);
}

/** Only a refused connection proves that nobody listens. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(LIVENESS_TIMEOUT_MS, () => done(true));
    socket.once('connect', () => done(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') reject(cannot(path, error));
      else done(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function anotherDaemon(path: string): Error {
  return new Error(`another daemon answers at ${path}: stop it, or give this one another socket with --socket PATH`);
}

function cannot(path: string, error: unknown): Error {
  return new Error(`Cannot listen at ${path}: ${messageOf(error)}`, { cause: error });
}
