/**
 * Health as the main process keeps it: the probes, what hurries them, and the director's world that judges what they find.
 * What follows from a result goes out in the turn of the result.
 */
import type { Change, Observation, World } from '../director/world.ts';
import { type PassiveReport, passiveKeys, passiveNames } from '../health/passive.ts';
import type { ProbeResult } from '../health/types.ts';
import type { Result } from '../util/result.ts';
import type { Role } from '../vrrp/messages.ts';
import { FileWatches } from './file-watches.ts';
import type { Log } from './log.ts';
import { NeighbourHints } from './neighbour-hints.ts';
import { passiveBoard } from './passive-board.ts';
import { ProbePool } from './probe-pool.ts';
import { Watches } from './watches.ts';

/** The wall clock may be set back while it sleeps: then servers that warm up must not wait until it is there again. */
const LONGEST_SLEEP_MS = 1000;

export interface HealthHandlers {
  /** Verdicts, standings, alarms: for the log, the events and the hooks. */
  changed(changes: readonly Change[]): void;
  /** These virtual servers want something else of the kernel. */
  moved(virtualServers: readonly string[]): void;
}

export class HealthKeeper {
  readonly #world: World;
  readonly #handlers: HealthHandlers;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #pool: ProbePool;
  readonly #watches: Watches;
  readonly #files: FileWatches;
  readonly #neighbours: NeighbourHints;
  /** What the neighbour hints lack, once told. */
  #told: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(world: World, handlers: HealthHandlers, log: Pick<Log, 'info' | 'warn'>) {
    this.#world = world;
    this.#handlers = handlers;
    this.#log = log;
    this.#pool = new ProbePool({ result: (key, result, hinted) => this.#probed(key, result, hinted) }, log);
    const hint = (keys: Iterable<string>): void => this.#pool.hint(keys);
    this.#watches = new Watches(hint);
    this.#files = new FileWatches(hint);
    this.#neighbours = new NeighbourHints(hint);
  }

  /** Before the first `set`: states that were reported to passive checks are kept beside this socket. */
  open(socketPath: string): void {
    passiveBoard.open(socketPath, {
      reported: (name, report) => {
        this.#log.info(`check ${name}: reported ${report.state}${report.reason === '' ? '' : ` (${report.reason})`}`);
        this.#pool.hint(passiveKeys(this.#world.checks, name));
      },
      warn: (text) => this.#log.warn(text),
    });
  }

  /** The checks of the world as it is now: at the start and after a reload. */
  set(): void {
    if (this.#closed) return;
    const { checks, config } = this.#world;
    passiveBoard.set(passiveNames(config));
    this.#pool.set(checks, config.probeWorkers);
    this.#watches.set(checks);
    this.#files.set(checks);
    this.#neighbours.set(checks);
    const { problem } = this.#neighbours;
    if (problem !== null && problem !== this.#told)
      this.#log.warn(`Dead neighbours are not noticed at once: ${problem}`);
    this.#told = problem;
    this.#arm();
  }

  /** Some virtual servers are only probed where they are served. */
  transition(router: string, role: Role): void {
    this.#take(this.#world.setRole(router, role, Date.now()));
  }

  /** What an operator or a program says of a passive check. */
  report(name: string, report: PassiveReport): Result<void, string> {
    return passiveBoard.report(name, report);
  }

  stats(): ReturnType<ProbePool['stats']> {
    return this.#pool.stats();
  }

  /** Resolves when no probe is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#watches.close();
    this.#files.close();
    this.#neighbours.close();
    await this.#pool.close();
  }

  #probed(key: string, result: ProbeResult, hinted: boolean): 'settled' | 'pending' {
    this.#watches.probed(key, result.ok);
    const observation = this.#world.observe(key, result, Date.now(), hinted);
    this.#take(observation);
    return observation.pending ? 'pending' : 'settled';
  }

  #take({ changes, servers, hints, checksChanged, lines }: Observation): void {
    // The kernel first.
    if (servers.length > 0) this.#handlers.moved(servers);
    for (const { level, text } of lines) this.#log[level](text);
    if (changes.length > 0) this.#handlers.changed(changes);
    if (checksChanged) this.set();
    if (hints.length > 0) this.#pool.hint(hints);
    if (servers.length > 0 || changes.length > 0) this.#arm();
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const at = this.#world.nextTickAt();
    if (at === null || this.#closed) return;
    const delayMs = Math.min(Math.max(at - Date.now(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => {
      this.#take(this.#world.tick(Date.now()));
      this.#arm();
    }, delayMs);
  }
}
