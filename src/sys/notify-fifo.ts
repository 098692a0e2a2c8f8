/** One FIFO of notifications with its reader, through reloads: no line is lost while one takes the other's place. */
import type { FifoConfig } from '../config/types-notify.ts';
import type { FifoReport } from '../status/types.ts';
import { Fifo } from './fifo.ts';
import { FifoReader } from './fifo-reader.ts';
import { findUser } from './script-user.ts';

const NONE: FifoConfig = { fifo: null, fifoUser: null, fifoScript: null };

export class NotifyFifo {
  readonly #warn: (text: string) => void;
  #config = NONE;
  #fifo: Fifo | null = null;
  #reader: FifoReader | null = null;
  /** Lines of the moment in which one FIFO is closed and no other is open yet; null: no such moment. */
  #held: string[] | null = null;

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Null: none is configured, or it cannot be written to. */
  report(): FifoReport | null {
    return this.#fifo === null ? null : { path: this.#fifo.path, dropped: this.#fifo.dropped };
  }

  write(line: string): void {
    if (this.#held === null) this.#fifo?.write(line);
    else this.#held.push(line);
  }

  /** Null: none is wanted. The problems in words. */
  async configure(config: FifoConfig | null): Promise<readonly string[]> {
    const wanted = config ?? NONE;
    const isSame = JSON.stringify(wanted) === JSON.stringify(this.#config);
    if (isSame && (this.#fifo !== null || wanted.fifo === null)) return [];
    this.#held = [];
    await this.#close();
    this.#config = wanted;
    const problems = this.#open(wanted);
    for (const line of this.#held) this.#fifo?.write(line);
    this.#held = null;
    return problems;
  }

  /** Nothing is written any more. Resolves when the reader has read it all and ended, or was ended. */
  async end(): Promise<void> {
    await this.#reader?.startForLastLines();
    await this.#close();
  }

  #open({ fifo: path, fifoUser: user, fifoScript: script }: FifoConfig): readonly string[] {
    if (path === null) return [];
    const owner = user === null ? null : findUser(user);
    if (owner !== null && !owner.ok) return [`Cannot make the FIFO ${path}: ${owner.error}`];
    const opened = Fifo.open(path, owner?.value ?? null, this.#warn);
    if (!opened.ok) return [opened.error];
    this.#fifo = opened.value;
    if (script !== null) this.#reader = new FifoReader([...script, path], user, this.#warn);
    return [];
  }

  async #close(): Promise<void> {
    this.#fifo?.close();
    this.#fifo = null;
    await this.#reader?.close();
    this.#reader = null;
  }
}
