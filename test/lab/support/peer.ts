/** Asks the program peer-server.ts who it sees: the source address that arrives at a real server. */
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Child } from './child.ts';
import type { Lab } from './lab.ts';

const READY_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_S = 3;
const ANSWER_TIMEOUT_MS = 8000;
let opened = 0;

/** Starts the server on a machine of the lab; returns when it listens. */
export async function startPeerServer(lab: Lab, node: string, ports: readonly number[]): Promise<Child> {
  const program = path.join(import.meta.dirname, 'peer-server.js');
  const child = lab.spawn(node, process.execPath, [program, node, ...ports.map(String)], {
    name: `peer server ${node}`,
  });
  await child.waitForLine(/^ready$/, READY_TIMEOUT_MS);
  return child;
}

/** One question from `node`: "r1 10.1.0.11", who answered and what it saw; or why there is no answer. */
export async function askPeer(
  lab: Lab,
  node: string,
  { protocol = 'tcp', host, port }: { readonly protocol?: 'tcp' | 'udp'; readonly host: string; readonly port: number },
): Promise<string> {
  // Not `read`: it takes one byte at a time, and the rest of a datagram is lost.
  const script = `exec 3<>/dev/${protocol}/${host}/${port}; echo ask >&3; head -n 1 <&3`;
  const command = ['-k', '1', String(ANSWER_TIMEOUT_S), 'bash', '-c', script];
  const { code, stdout } = await lab.node(node).exec('timeout', command, { check: false });
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : 'no answer';
}

/** A TCP connection that stays open. */
export class PeerConnection {
  readonly #child: Child;
  /** Lines appended here are sent. */
  readonly #input: string;

  private constructor(child: Child, input: string) {
    this.#child = child;
    this.#input = input;
  }

  /** Opens it and asks once. @throws Error when nobody answers. */
  static async open(
    lab: Lab,
    node: string,
    to: { readonly host: string; readonly port: number },
  ): Promise<PeerConnection> {
    opened += 1;
    const input = lab.file(`peer-connection-${opened}`);
    writeFileSync(input, '');
    const script = `exec 3<>/dev/tcp/${to.host}/${to.port}; tail -n +1 -f --pid=$$ -s 0.1 ${input} >&3 & exec cat <&3`;
    const child = lab.spawn(node, 'bash', ['-c', script], { name: `connection of ${node}` });
    const connection = new PeerConnection(child, input);
    await connection.ask();
    return connection;
  }

  /** What the server says it sees. @throws Error when it says nothing. */
  async ask(): Promise<string> {
    const answer = this.#child.waitForLine(/./, ANSWER_TIMEOUT_MS, { fresh: true });
    appendFileSync(this.#input, 'ask\n');
    return (await answer).text;
  }

  close(): Promise<void> {
    return this.#child.stop();
  }
}
