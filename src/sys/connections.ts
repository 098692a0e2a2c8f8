/**
 * Streams the kernel's connection table to an output: piece by piece, never the whole of it in memory. The kernel hands out
 * a page (some fifty connections) for each read and counts its way to that place anew each time: its part of the work grows
 * with the square of the number of connections, whoever reads.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Writable } from 'node:stream';
import {
  AddressTexts,
  type Connection,
  connectionJson,
  connectionRow,
  connectionTitles,
  matches,
  parseConnection,
} from '../ipvsadm/connections.ts';
import type { ListConnections, Names } from '../ipvsadm/types.ts';
import { err, ok, type Result } from '../util/result.ts';
import { KnownNames } from './names.ts';

/** The table of our network namespace. */
export const CONNECTIONS_FILE = '/proc/net/ip_vs_conn';

/** For regular files; /proc gives a page, whatever is asked for. */
const READ_BYTES = 256 * 1024;
/** Gathered for one write. */
const WRITE_BYTES = 64 * 1024;
/** No line of the kernel has a tenth of this; a longer one is cut. */
const LONGEST_LINE = 4 * 1024;
/** A row is longer than its line: JSON writes six characters for a byte that is not ASCII. */
const LONGEST_ROW = 7 * LONGEST_LINE;

/** Why it ended early: what to print. */
export interface ListingFailure {
  readonly text: string;
}

/**
 * Writes the listing that `request` asks for and waits until all of it is written. An output that nobody reads any more
 * (EPIPE) ends it quietly. Rejects when the output fails otherwise.
 */
export async function listConnections(
  request: ListConnections,
  out: Writable,
  file = CONNECTIONS_FILE,
): Promise<Result<void, ListingFailure>> {
  const output = new Output(out);
  try {
    return await copy(file, request, output);
  } finally {
    output.release();
  }
}

async function copy(file: string, request: ListConnections, output: Output): Promise<Result<void, ListingFailure>> {
  const handle = opened(file);
  if (handle === null) return err({ text: `cannot open file ${file}` });
  try {
    const batches = linesOf(handle);
    const first = batches.next();
    if (first.done === true) return err({ text: `unexpected input from ${file}` });
    const texts = new AddressTexts();
    const titles = request.json ? '' : connectionTitles(request.persistentConn);
    const names = request.numeric || request.json ? null : new KnownNames();
    output.add(titles);
    for (let lines: readonly string[] = first.value.slice(1); ; ) {
      const connections = lines.flatMap((line) => wantedIn(line, request, texts));
      if (names !== null) await names.lookUp(addressesOf(connections));
      for (const connection of connections) {
        output.add(rowOf(connection, request, names));
        if (output.isFull && !(await output.flush())) return ok(undefined);
      }
      const next = batches.next();
      if (next.done === true) break;
      lines = next.value;
    }
    await output.flush();
    return ok(undefined);
  } finally {
    closeSync(handle);
  }
}

function opened(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch {
    return null;
  }
}

/**
 * Whole lines, some at a time; none are yielded of an empty file. A byte is a character: what a persistence engine keeps may
 * be any. Synchronous: /proc answers from memory, and a thread for each page would cost more than the page.
 */
function* linesOf(handle: number): Generator<readonly string[]> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let rest = '';
  for (;;) {
    const length = readSync(handle, buffer, 0, READ_BYTES, null);
    if (length === 0) break;
    const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}

function wantedIn(line: string, { filter }: ListConnections, texts: AddressTexts): Connection | [] {
  const connection = parseConnection(line, texts);
  return connection === null || !matches(connection, filter) ? [] : connection;
}

function addressesOf(connections: readonly Connection[]): readonly string[] {
  return connections.flatMap(({ source, virtual, destination }) => [
    source.address,
    virtual.address,
    destination.address,
  ]);
}

function rowOf(connection: Connection, request: ListConnections, names: Names | null): string {
  return request.json ? connectionJson(connection) : connectionRow(connection, request.persistentConn, names);
}

/** Gathers rows and writes them, one piece after the other: the next one only when the last is written. */
class Output {
  readonly #out: Writable;
  /** A new one for each piece: a stream may hand it on after it said that it was written. */
  #buffer = Buffer.allocUnsafe(WRITE_BYTES);
  #length = 0;
  #failed = false;

  constructor(out: Writable) {
    this.#out = out;
    out.on('error', ignore);
  }

  /** True: write before adding more. */
  get isFull(): boolean {
    return this.#length > WRITE_BYTES - LONGEST_ROW;
  }

  /** A row of characters below 256, at most LONGEST_ROW of them: the rest is lost. */
  add(row: string): void {
    this.#length += this.#buffer.write(row, this.#length, 'latin1');
  }

  /** False: nobody reads any more. Rejects when the output fails otherwise. */
  flush(): Promise<boolean> {
    const piece = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(WRITE_BYTES);
    this.#length = 0;
    return new Promise((resolve, reject) => {
      this.#out.write(piece, (error) => {
        if (!error) {
          resolve(true);
          return;
        }
        this.#failed = true;
        if ('code' in error && error.code === 'EPIPE') resolve(false);
        else reject(error);
      });
    });
  }

  /** A stream that failed may tell it once more, as an event: then the listener stays. */
  release(): void {
    if (!this.#failed) this.#out.off('error', ignore);
  }
}

function ignore(): void {}
