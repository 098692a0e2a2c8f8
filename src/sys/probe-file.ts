/** File probe: reads the first bytes of a file. Never on the main thread's time: a network file system may hang. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { FileCheckConfig } from '../config/checks/file.ts';
import { type FileVerdict, fileVerdict } from '../health/file-verdict.ts';
import type { ProbeResult } from '../health/types.ts';
import { messageOf } from '../util/message-of.ts';
import { Exchange, failed, type Outcome, type ProbeTarget } from './probe.ts';

/** No more of a file is looked at. */
export const FILE_BYTES = 256;
/** Writers truncate first and write then: an empty file is looked at again after this. */
const WRITING_MS = 100;
/** This machine has none to spare of what reading takes. */
const SHORTAGES: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];

/** Probes one file check. */
export class FileTarget implements ProbeTarget {
  readonly #check: FileCheckConfig;
  #exchange: Exchange | null = null;
  /** A read that hangs: no other one is begun beside it. */
  #reading = false;

  constructor(check: FileCheckConfig) {
    this.#check = check;
  }

  probe(): Promise<ProbeResult> {
    const { path, timeoutMs } = this.#check;
    const exchange = new Exchange(timeoutMs, () =>
      failed('timeout', `${path} could not be read within ${timeoutMs} ms`),
    );
    this.#exchange = exchange;
    if (!this.#reading) {
      this.#reading = true;
      void this.#look(exchange).finally(() => {
        this.#reading = false;
      });
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
  }

  async #look(exchange: Exchange): Promise<void> {
    const { path } = this.#check;
    try {
      let text = await read(path);
      if (text.trim() === '' && !exchange.over) {
        await new Promise((resolve) => setTimeout(resolve, WRITING_MS));
        text = await read(path);
      }
      exchange.end(outcomeOf(path, fileVerdict(text, this.#check.as)));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      exchange.end(failed(SHORTAGES.includes(code) ? 'local' : 'answer', `cannot read ${path}: ${messageOf(error)}`));
    }
  }
}

async function read(path: string): Promise<string> {
  let file: FileHandle | null = null;
  try {
    // Not to be held up by a FIFO.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new Error('it is not a regular file');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } finally {
    await file?.close();
  }
}

function outcomeOf(path: string, verdict: FileVerdict): Outcome {
  if (!verdict.ok) return failed(verdict.reason, `${path} ${verdict.detail}`);
  const { advice, warning } = verdict;
  return warning === null ? { ok: true, advice } : { ok: true, advice, warning: `${path} ${warning}` };
}
