/** Starts the program server.ts on a real server of the lab. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Child } from './child.ts';
import type { Lab } from './lab.ts';

export interface RealServerOptions {
  /** Ports to listen on; a kind that is left out is not served. Default tcp 7000, udp 7000, http 80. */
  readonly ports?: { readonly tcp?: number; readonly udp?: number; readonly http?: number };
}

const READY_TIMEOUT_MS = 20_000;

export class RealServer {
  readonly child: Child;
  readonly #statusFile: string;

  private constructor(child: Child, statusFile: string) {
    this.child = child;
    this.#statusFile = statusFile;
  }

  /** Starts it and returns when it listens. It says its machine's name ("r1") in every answer. */
  static async start(lab: Lab, node: string, options: RealServerOptions = {}): Promise<RealServer> {
    const { ports = { tcp: 7000, udp: 7000, http: 80 } } = options;
    const statusFile = lab.file(`${node}.status`);
    const listeners = Object.entries(ports).map(([kind, port]) => `${kind}=${port}`);
    const program = path.join(import.meta.dirname, 'server.js');
    const child = lab.spawn(node, process.execPath, [program, node, statusFile, ...listeners], {
      name: `server ${node}`,
    });
    await child.waitForLine(/^ready$/, READY_TIMEOUT_MS);
    return new RealServer(child, statusFile);
  }

  /** Status that GET /healthz answers from now on; undefined: 200 again. */
  setHealth(status: number | undefined): void {
    if (status === undefined) rmSync(this.#statusFile, { force: true });
    else writeFileSync(this.#statusFile, `${status}\n`);
  }

  /** The process ends; its connections are closed by the kernel, the machine stays up. */
  async stop(): Promise<void> {
    await this.child.stop();
  }
}
