/**
 * The lab's client, as a program: node client.js HOST PORT EVERY_MS DEADLINE_MS CONNECTIONS
 * Opens a short connection every EVERY_MS (each with its own deadline) and keeps CONNECTIONS long ones echoing every 100 ms.
 * Prints "ready" when the long ones are open (or failed), and on SIGTERM one line of JSON: a ClientReport.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Attempt, LongConnection } from './client-report.ts';

const ECHO_EVERY_MS = 100;
/** Bound of the report: an hour at one connection each 100 ms. */
const MAX_ATTEMPTS = 36_000;

const [host = '', portText = '', everyText = '', deadlineText = '', countText = ''] = process.argv.slice(2);
const port = Number(portText);
const deadlineMs = Number(deadlineText);

const errorCode = (error: Error): string => ('code' in error ? String(error.code) : error.message);

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
    let server = '';
    createInterface({ input: socket }).on('line', (line) => {
      if (line.startsWith('hello ')) {
        server = line.slice('hello '.length);
        socket.write('ping\n');
      } else {
        end(server, null);
      }
    });
    socket.on('error', (error) => end(null, errorCode(error)));
    socket.on('close', () => end(null, 'closed'));
  });
}

class LongOne {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  #server: string | null = null;
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
      createInterface({ input: this.#socket }).on('line', (line) => {
        if (line.startsWith('hello ')) {
          this.#server = line.slice('hello '.length);
          resolve();
        } else this.#echoed();
      });
    });
  }

  /** Sends the next line, unless the last one is still on its way. */
  tick(): void {
    if (this.#server === null || this.#error !== null || this.#sentAt !== null) return;
    this.#sentAt = performance.now();
    this.#socket.write('ping\n');
  }

  report(): LongConnection {
    const waitMs = this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
    const longestWaitMs = Math.round(Math.max(this.#longestWaitMs, waitMs));
    const silent = waitMs > deadlineMs ? 'timeout' : null;
    return { server: this.#server, echoes: this.#echoes, longestWaitMs, error: this.#error ?? silent };
  }

  #echoed(): void {
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
}, ECHO_EVERY_MS);
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
