/** Single connections of the lab's client, made by bash: quick to start, also in User-Mode Linux. */
import { appendFileSync, writeFileSync } from 'node:fs';
import type { Child } from './child.ts';
import type { Lab } from './lab.ts';

const ANSWER_TIMEOUT_S = 3;
const OPEN_TIMEOUT_MS = 10_000;
const ECHO_TIMEOUT_MS = 5000;
let opened = 0;

/** One connection to the lab's TCP server: the name of who answers ("r1"), or what bash said instead. */
export async function askTcp(lab: Lab, host: string, port: number): Promise<string> {
  return ask(lab, `exec 3<>/dev/tcp/${host}/${port}; read -r hello name <&3; echo "$name"`);
}

/** One GET / to the lab's HTTP server: the name of who answers, or what bash said instead. */
export async function askHttp(lab: Lab, host: string, port: number): Promise<string> {
  const request = `exec 3<>/dev/tcp/${host}/${port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3`;
  return ask(lab, request);
}

/** A connection that stays open. */
export class Connection {
  /** Who answered: "r1". */
  readonly server: string;
  readonly #child: Child;
  /** Lines appended here are sent. */
  readonly #input: string;

  private constructor(server: string, child: Child, input: string) {
    this.server = server;
    this.#child = child;
    this.#input = input;
  }

  /** Opens it and waits for the greeting. @throws Error when nobody answers. */
  static async open(lab: Lab, host: string, port: number): Promise<Connection> {
    opened += 1;
    const input = lab.file(`connection-${opened}`);
    writeFileSync(input, '');
    const script = `exec 3<>/dev/tcp/${host}/${port}; tail -n +1 -f --pid=$$ -s 0.1 ${input} >&3 & exec cat <&3`;
    const child = lab.spawn('c1', 'bash', ['-c', script], { name: 'connection of c1' });
    const { text } = await child.waitForLine(/^hello /, OPEN_TIMEOUT_MS);
    return new Connection(text.slice('hello '.length), child, input);
  }

  /** Sends a line and returns what comes back. @throws Error when nothing does. */
  async echo(line: string): Promise<string> {
    const answer = this.#child.waitForLine(/./, ECHO_TIMEOUT_MS, { fresh: true });
    appendFileSync(this.#input, `${line}\n`);
    return (await answer).text;
  }

  close(): Promise<void> {
    return this.#child.stop();
  }
}

async function ask(lab: Lab, script: string): Promise<string> {
  const command = ['-k', '1', String(ANSWER_TIMEOUT_S), 'bash', '-c', script];
  const { code, stdout, stderr } = await lab.node('c1').exec('timeout', command, { check: false });
  return code === 0 ? stdout.trim() : stderr.trim() || `no answer within ${ANSWER_TIMEOUT_S} s`;
}
