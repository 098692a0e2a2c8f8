/** Carries requests of ipvsadm's command line out on the kernel's table, and answers as ipvsadm does. */
import type { Writable } from 'node:stream';
import type { IpvsCommand } from '../ipvs/command.ts';
import { HELP_TEXT, VERSION_TEXT } from '../ipvsadm/help.ts';
import { addressesIn, type ListedService, renderTable } from '../ipvsadm/list.ts';
import { daemonsJson, tableJson, timeoutsJson } from '../ipvsadm/list-json.ts';
import { generalText, NO_SUCH_SERVICE, refusalText } from '../ipvsadm/messages.ts';
import { objectionTo, ownedBy } from '../ipvsadm/owned.ts';
import { renderDaemons, renderTimeouts } from '../ipvsadm/render-other.ts';
import { renderRules } from '../ipvsadm/save.ts';
import type { ListTable, Request } from '../ipvsadm/types.ts';
import { listConnections } from './connections.ts';
import { InputError } from './input-lines.ts';
import { Ipvs } from './ipvs.ts';
import { IpvsUnavailableError } from './ipvs-family.ts';
import { KnownNames } from './names.ts';
import type { askOwnership } from './ownership.ts';
import { SystemError } from './socket.ts';
import { writeAll } from './write-all.ts';

export const EXIT_OK = 0;
/** A listing of what is not there, or one that cannot be written. */
export const EXIT_NOTHING = 1;
/** Wrong usage, or a kernel without IPVS for us. */
export const EXIT_USAGE = 2;
/** Ours: a running lvsd owns it, or may own it. */
export const EXIT_OWNED = 5;
/** The kernel said no. */
export const EXIT_REFUSED = 255;

/** How a request ended. */
export interface Outcome {
  readonly exitCode: number;
  /** It ends a restore that it is a line of. */
  readonly ends: boolean;
}

const DONE: Outcome = { exitCode: EXIT_OK, ends: false };

/** What one run of `lvsd ipvs` works with. */
export interface SessionOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Who looks after the table; null: nobody is asked (`--force`). */
  readonly askOwner: (() => ReturnType<typeof askOwnership>) | null;
}

/** One run of `lvsd ipvs`; close it. The kernel is not asked before it is needed. */
export class IpvsadmSession {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #askOwner: (() => ReturnType<typeof askOwnership>) | null;
  #ipvs: Ipvs | null = null;
  #owner: ReturnType<typeof askOwnership> | null = null;

  constructor({ stdout, stderr, askOwner }: SessionOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#askOwner = askOwner;
  }

  /** The connection to the kernel. Throws IpvsUnavailableError, SystemError: see `explain`. */
  get ipvs(): Ipvs {
    this.#ipvs ??= Ipvs.open();
    return this.#ipvs;
  }

  close(): void {
    this.#ipvs?.close();
  }

  /** Prints to stdout. */
  print(text: string): Promise<void> {
    return writeAll(this.#stdout, text);
  }

  /** Prints to stderr. Never rejects: the exit code tells when nobody can be told otherwise. */
  complain(text: string): Promise<void> {
    return writeAll(this.#stderr, text).catch(() => {});
  }

  /** Everything but a restore, which consists of these. Throws IpvsUnavailableError, SystemError. */
  async run(request: Exclude<Request, { kind: 'restore' }>): Promise<Outcome> {
    switch (request.kind) {
      case 'help':
      case 'version':
        await this.print(request.kind === 'help' ? HELP_TEXT : VERSION_TEXT);
        return { exitCode: EXIT_OK, ends: true };
      case 'list':
        return this.#list(request);
      case 'connections': {
        const listed = await listConnections(request, this.#stdout);
        if (listed.ok) return DONE;
        await this.complain(`${listed.error.text}\n`);
        return { exitCode: EXIT_NOTHING, ends: true };
      }
      case 'list-timeouts': {
        const timeouts = this.ipvs.timeouts();
        await this.print(request.json ? timeoutsJson(timeouts) : renderTimeouts(timeouts));
        return DONE;
      }
      case 'list-daemons': {
        const daemons = this.ipvs.daemons();
        await this.print(request.json ? daemonsJson(daemons) : renderDaemons(daemons));
        return DONE;
      }
      case 'save': {
        const table = await this.ipvs.dump();
        const names = request.numeric ? null : await namesIn(table);
        await this.print(renderRules(table, { names, thresholds: request.thresholds }));
        return DONE;
      }
      case 'change': {
        const [exitCode = EXIT_OK] = await this.change([request.command]);
        return { exitCode, ends: false };
      }
    }
  }

  /** Sends changes in order and says what was refused; the exit code of each. */
  async change(commands: readonly IpvsCommand[]): Promise<number[]> {
    const exitCodes = new Map<IpvsCommand, number>();
    const wanted: IpvsCommand[] = [];
    const complaints = new Map<IpvsCommand, string>();
    for (const command of commands) {
      const objection = await this.objection(command);
      if (objection === null) {
        wanted.push(command);
      } else {
        exitCodes.set(command, EXIT_OWNED);
        complaints.set(command, objection);
      }
    }
    const { refused, complete } = await this.ipvs.apply(wanted, { amending: false });
    for (const { command, code } of refused) {
      exitCodes.set(command, EXIT_REFUSED);
      complaints.set(command, `${refusalText(command, code)}\n`);
    }
    await this.complain(commands.map((command) => complaints.get(command) ?? '').join(''));
    if (!complete)
      await this.complain('The kernel gave no verdict on some changes: list the table to see what was done\n');
    return commands.map((command) => exitCodes.get(command) ?? (complete ? EXIT_OK : EXIT_REFUSED));
  }

  /** Why this change is none of ours to make; null: it is. */
  async objection(command: IpvsCommand): Promise<string | null> {
    if (this.#askOwner === null || command.command === 'zero' || command.command === 'set-timeouts') return null;
    this.#owner ??= this.#askOwner();
    const owner = await this.#owner;
    if (!owner.ok) return `Cannot tell whether lvsd looks after this: ${owner.error}. --force changes it anyway\n`;
    const owned = owner.value === null ? null : ownedBy(command, owner.value);
    return owner.value === null || owned === null ? null : objectionTo(owned, owner.value);
  }

  async #list(request: ListTable): Promise<Outcome> {
    const table = await this.#tableOf(request);
    if (table === null) {
      await this.complain(`${NO_SUCH_SERVICE}\n`);
      return { exitCode: EXIT_NOTHING, ends: true };
    }
    const info = this.ipvs.info();
    if (request.json) {
      await this.print(tableJson(request, info, table));
    } else {
      const names = request.numeric ? null : await namesIn(table);
      await this.print(renderTable(request, info, table, names));
    }
    return DONE;
  }

  async #tableOf({ service }: ListTable): Promise<readonly ListedService[] | null> {
    if (service === null) return this.ipvs.dump();
    const found = this.ipvs.findService(service);
    return found === null ? null : [{ ...found, destinations: this.ipvs.dumpDestinations(service) }];
  }
}

async function namesIn(table: readonly ListedService[]): Promise<KnownNames> {
  const names = new KnownNames();
  await names.lookUp(addressesIn(table));
  return names;
}

/**
 * What ipvsadm says when there is no IPVS for it; netlink, input or output that failed in our words; null for errors that
 * are none of the machine's.
 */
export function explain(error: unknown): { readonly text: string; readonly exitCode: number } | null {
  if (error instanceof IpvsUnavailableError) {
    const reason = generalText(error.code === 'ENOENT' ? 'ENOPROTOOPT' : error.code);
    const text = `Can't initialize ipvs: ${reason}\nAre you sure that IP Virtual Server is built in the kernel or as module?\n`;
    return { text, exitCode: EXIT_USAGE };
  }
  if (error instanceof SystemError) return { text: `${error.message}\n`, exitCode: EXIT_REFUSED };
  if (error instanceof InputError) return { text: `${error.message}\n`, exitCode: EXIT_USAGE };
  // What Node says of standard input and output: `ENOSPC: no space left on device, write`.
  if (error instanceof Error && 'syscall' in error) {
    const reading = error.syscall === 'read';
    return {
      text: `Cannot ${reading ? 'read the input' : 'write the output'}: ${error.message}\n`,
      exitCode: EXIT_NOTHING,
    };
  }
  return null;
}
