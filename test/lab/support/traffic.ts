/** Starts the program client.ts on the client of the lab and reads its report. */
import path from 'node:path';
import type { Child } from './child.ts';
import type { ClientReport } from './client-report.ts';
import type { Lab } from './lab.ts';

export interface TrafficOptions {
  /** echo: TCP echo server with a greeting; http: GET /. Default echo. */
  readonly protocol?: 'echo' | 'http';
  readonly host: string;
  readonly port: number;
  /** Pause between the starts of two short connections; 0: none. Default 100. */
  readonly everyMs?: number;
  /** Deadline of one short connection, default 1000. */
  readonly deadlineMs?: number;
  /** Long-lived connections, default 0. */
  readonly connections?: number;
  /** Pause between two lines on a long-lived connection, default 100. */
  readonly echoEveryMs?: number;
  /** Machine that runs it, default c1. */
  readonly node?: string;
}

const READY_TIMEOUT_MS = 20_000;

export class Traffic {
  readonly #child: Child;
  readonly #deadlineMs: number;

  private constructor(child: Child, deadlineMs: number) {
    this.#child = child;
    this.#deadlineMs = deadlineMs;
  }

  /** Starts it and returns when the long-lived connections are open or have failed. */
  static async start(lab: Lab, options: TrafficOptions): Promise<Traffic> {
    const {
      protocol = 'echo',
      host,
      port,
      everyMs = 100,
      deadlineMs = 1000,
      connections = 0,
      echoEveryMs = 100,
      node = 'c1',
    } = options;
    const program = path.join(import.meta.dirname, 'client.js');
    const args = [program, protocol, host, port, everyMs, deadlineMs, connections, echoEveryMs].map(String);
    const child = lab.spawn(node, process.execPath, args, { name: `client ${node}` });
    await child.waitForLine(/^ready$/, READY_TIMEOUT_MS);
    return new Traffic(child, deadlineMs);
  }

  /** Ends it and returns what it saw. @throws Error when it died or does not report. */
  async stop(): Promise<ClientReport> {
    this.#child.signal('SIGTERM');
    const line = await this.#child.waitForLine(/^\{"attempts":/, this.#deadlineMs + READY_TIMEOUT_MS);
    await this.#child.exited;
    const report: ClientReport = JSON.parse(line.text);
    return report;
  }
}
