/**
 * ipvsadm and `lvsd ipvs`, one after the other on the table of one network namespace: the order of the kernel's dump, which
 * listings show, is another one in every namespace.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { run } from './exec.ts';
import type { CommandLine } from './ipvsadm-generator.ts';
import type { Answer } from './ipvsadm-worker.ts';

/** Where both work. */
export const NAMESPACE = 'ipvsadm';

const WORKER = path.resolve(import.meta.dirname, 'ipvsadm-worker.js');
const ANSWER_TIMEOUT_MS = 30_000;
/** Command lines that print all that can be set, in the words of the referee. */
const WHOLE_STATE = '-Sn\n-Ln --thresholds --nosort\n-Ln --tun-info\n-L --timeout\n-L --daemon\n';

/** A program that answers each line with one line. */
class LineServer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string) => void)[] = [];
  #said = '';

  constructor(namespace: string, command: readonly string[]) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: 'pipe' });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
    this.#child.stderr.on('data', (piece: Buffer) => {
      this.#said = (this.#said + piece.toString()).slice(-2000);
    });
  }

  ask(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No answer within ${ANSWER_TIMEOUT_MS} ms to ${text}\n${this.#said}`)),
        ANSWER_TIMEOUT_MS,
      );
      this.#waiting.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
      this.#child.stdin.write(`${text}\n`);
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Runs ipvsadm many times from one shell: starting a program from Node takes several times as long. */
class Referee {
  readonly #shell: LineServer;
  readonly #dir: string;

  constructor(namespace: string, dir: string) {
    this.#shell = new LineServer(namespace, ['bash']);
    this.#dir = path.join(dir, namespace);
  }

  async run(commandLines: readonly CommandLine[]): Promise<Answer[]> {
    const script = commandLines.map(({ argv, input }, index) => {
      const file = `${this.#dir}.${index}`;
      writeFileSync(`${file}.in`, input);
      return `ipvsadm ${argv.map(quoted).join(' ')} <${file}.in >${file}.out 2>${file}.err; codes="$codes $?"`;
    });
    // One line of shell, in spite of the line ends inside of the words.
    const answer = await this.#shell.ask(`codes=; ${script.join('; ')}; echo $codes`);
    const codes = answer.split(' ').map(Number);
    return commandLines.map((_, index) => {
      const read = (end: string): string => readFileSync(`${this.#dir}.${index}.${end}`, 'latin1');
      return { code: codes[index] ?? -1, stdout: read('out'), stderr: read('err') };
    });
  }

  async state(): Promise<string> {
    const [state] = await this.run([{ argv: ['-R'], input: WHOLE_STATE }]);
    return state === undefined ? '' : state.stdout + state.stderr;
  }

  stop(): void {
    this.#shell.stop();
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Both programs and their namespace; destroy it. */
export class IpvsadmPair {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'ipvsadm-'));
  readonly #referee: Referee;
  readonly #ours: LineServer;

  private constructor() {
    this.#referee = new Referee(NAMESPACE, this.#dir);
    this.#ours = new LineServer(NAMESPACE, [process.execPath, '--enable-source-maps', WORKER, 'serve']);
  }

  static async create(): Promise<IpvsadmPair> {
    await run('ip', ['netns', 'add', NAMESPACE]);
    await run('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up']);
    return new IpvsadmPair();
  }

  /** What ipvsadm answers to each. */
  ipvsadm(commandLines: readonly CommandLine[]): Promise<Answer[]> {
    return this.#referee.run(commandLines);
  }

  /** What `lvsd ipvs` answers to each. */
  async lvsd(commandLines: readonly CommandLine[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const commandLine of commandLines) {
      const answer: Answer = JSON.parse(await this.#ours.ask(JSON.stringify(commandLine)));
      answers.push(answer);
    }
    return answers;
  }

  /** Everything that is set in the kernel's table, as ipvsadm prints it. */
  state(): Promise<string> {
    return this.#referee.state();
  }

  async destroy(): Promise<void> {
    this.#referee.stop();
    this.#ours.stop();
    await run('ip', ['netns', 'del', NAMESPACE], { check: false });
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
