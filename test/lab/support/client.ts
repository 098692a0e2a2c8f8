/**
 * The lab's client, as a program: node client.js HOST PORT EVERY_MS DEADLINE_MS CONNECTIONS [ECHO_EVERY_MS]
 * Opens a short connection every EVERY_MS (each with its own deadline) and keeps CONNECTIONS long ones echoing every
 * ECHO_EVERY_MS, default 100.
 * Prints "ready" when the long ones are open (or failed), and on SIGTERM one line of JSON: a ClientReport.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Attempt, LongConnection } from './client-report.ts';

/** Bound of the report: an hour at one connection each 100 ms. */
const MAX_ATTEMPTS = 36_000;

const [
  protocolName = '',
  host = '',
  portText = '',
  everyText = '',
  deadlineText = '',
  countText = '',
  echoText = '100',
] = process.argv.slice(2);
const port = Number(portText);
const deadlineMs = Number(deadlineText);

const errorCode = (error: Error): string => ('code' in error ? String(error.code) : error.message);

interface Conversation {
  /** The connection is ready for the first question; the echo server has said who it is. */
  readonly ready: (server: string | null) => void;
  /** A question was answered; HTTP says by whom. */
  readonly answered: (server: string | null) => void;
}

interface Protocol {
  readonly question: string;
  readonly follow: (socket: Socket, talk: Conversation) => void;
}

function onLines(socket: Socket, take: (line: string) => void): void {
  const lines = createInterface({ input: socket });
  lines.on('line', take);
  lines.on('error', () => {}); // it repeats the socket's errors, which are handled there
}

const echo: Protocol = {
  question: 'ping\n',
  follow: (socket, talk) => {
    onLines(socket, (line) => {
      if (line.startsWith('hello ')) talk.ready(line.slice('hello '.length));
      else talk.answered(null);
    });
  },
};

const http: Protocol = {
  question: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  follow: (socket, talk) => {
    socket.on('connect', () => talk.ready(null));
    onLines(socket, (line) => {
      if (/^[a-z]\d+$/.test(line)) talk.answered(line); // the body; headers contain a colon or a slash
    });
  },
};

const protocol = protocolName === 'http' ? http : echo;

function attempt(): Promise<Attempt> {
  const at = Date.now();
  const startedAt = performance.now();
  const socket = connect({ host, port, noDelay: true });
  return new Promise((resolve) => {
    const end = (server: string | null, error: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ at, durationMs: Math.round((performance.now() - startedAt) * 10) / 10, server, error });
    };
    const timer = setTimeout(() => end(null, 'timeout'), deadlineMs);
    let server: string | null = null;
    protocol.follow(socket, {
      ready: (name) => {
        server = name;
        socket.write(protocol.question);
      },
      answered: (name) => end(name ?? server, null),
    });
    socket.on('error', (error) => end(null, errorCode(error)));
    socket.on('close', () => end(null, 'closed'));
  });
}

class LongOne {
  /** Fulfilled when it was ready or has failed. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  #server: string | null = null;
  #isReady = false;
  #echoes = 0;
  #longestWaitMs = 0;
  #sentAt: number | null = null;
  #error: string | null = null;

  constructor() {
    this.#socket = connect({ host, port, noDelay: true });
    this.opened = new Promise((resolve) => {
      this.#socket.on('error', (error) => this.#fail(errorCode(error)));
      this.#socket.on('close', () => {
        this.#fail('closed');
        resolve();
      });
      protocol.follow(this.#socket, {
        ready: (server) => {
          this.#server = server;
          this.#isReady = true;
          resolve();
        },
        answered: (server) => this.#answered(server),
      });
    });
  }

  /** Asks the next question, unless the last one is still on its way. */
  tick(): void {
    if (!this.#isReady || this.#error !== null || this.#sentAt !== null) return;
    this.#sentAt = performance.now();
    this.#socket.write(protocol.question);
  }

  report(): LongConnection {
    const waitMs = this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
    const longestWaitMs = Math.round(Math.max(this.#longestWaitMs, waitMs));
    const silent = !this.#isReady || waitMs > deadlineMs ? 'timeout' : null;
    return { server: this.#server, echoes: this.#echoes, longestWaitMs, error: this.#error ?? silent };
  }

  #answered(server: string | null): void {
    this.#server ??= server;
    this.#echoes += 1;
    if (this.#sentAt !== null) this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - this.#sentAt);
    this.#sentAt = null;
  }

  #fail(why: string): void {
    this.#error ??= why;
    this.#socket.destroy();
  }
}

const attempts: Attempt[] = [];
const pending = new Set<Promise<void>>();

function startAttempt(): void {
  if (attempts.length >= MAX_ATTEMPTS) return;
  const done: Promise<void> = attempt().then((result) => {
    attempts.push(result);
    pending.delete(done);
  });
  pending.add(done);
}

const longOnes = Array.from({ length: Number(countText) }, () => new LongOne());
const echoTimer = setInterval(() => {
  for (const one of longOnes) one.tick();
}, Number(echoText));
let attemptTimer: NodeJS.Timeout | undefined;

async function finish(): Promise<void> {
  clearInterval(echoTimer);
  clearInterval(attemptTimer);
  await Promise.all(pending);
  const report = JSON.stringify({ attempts, connections: longOnes.map((one) => one.report()) });
  process.stdout.write(`${report}\n`, () => process.exit(0));
}

process.once('SIGTERM', () => void finish());
await Promise.all(longOnes.map((one) => one.opened));
if (Number(everyText) > 0) {
  startAttempt();
  attemptTimer = setInterval(startAttempt, Number(everyText));
}
console.log('ready');
