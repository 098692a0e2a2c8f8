/** Serves command lines of `lvsd ipvs` in one process: a line of JSON for each, and one for each answer. */
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { runIpvs } from '../../../src/cli/ipvs.ts';
import type { CommandLine } from './ipvsadm-generator.ts';

/** What a program printed and how it ended. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An output that keeps what is written to it; a byte is a character. */
export class Kept extends Writable {
  readonly #pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#pieces.push(piece);
    done();
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('latin1');
  }
}

async function answer({ argv, input }: CommandLine): Promise<Answer> {
  const stdout = new Kept();
  const stderr = new Kept();
  const stdin = Readable.from(input === '' ? [] : [Buffer.from(input)]);
  try {
    const code = await runIpvs(argv, { stdin, stdout, stderr }, process.env);
    return { code, stdout: stdout.text, stderr: stderr.text };
  } catch (error) {
    return { code: -1, stdout: stdout.text, stderr: error instanceof Error ? String(error.stack) : String(error) };
  }
}

if (process.argv[2] === 'serve') {
  for await (const line of createInterface({ input: process.stdin })) {
    const commandLine: CommandLine = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await answer(commandLine))}\n`);
  }
}
