/** What drains in the kernel's table at the moment, the clock for it, and its log lines. */
import { tellDrains } from '../director/drain-text.ts';
import {
  type Drain,
  type DrainPolicy,
  type Drains,
  drainsAfter,
  drainsByService,
  type Ending,
  type Look,
  lookAtDrains,
  type Round,
  removalRound,
} from '../director/draining.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { Destination, DumpedService, Service, ServiceId } from '../ipvs/types.ts';
import type { KeeperLog } from './keeper-report.ts';

/** How often the kernel is asked about what drains. */
const LOOK_EVERY_MS = 1000;

interface Parts {
  readonly policy: () => DrainPolicy;
  /** It is time for a look. */
  readonly onDue: () => void;
  readonly log: Pick<KeeperLog, 'info'>;
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
}

export class DrainKeeper {
  readonly #parts: Parts;
  #drains: Drains = new Map();
  #byService: ReadonlyMap<string, readonly Drain[]> = new Map();
  #due = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get drains(): Drains {
    return this.#drains;
  }

  /** By `serviceKey`. */
  get byService(): ReadonlyMap<string, readonly Drain[]> {
    return this.#byService;
  }

  /** A look is due: what began to drain may have no connections at all, what drains may have lost its last one. */
  get isDue(): boolean {
    return this.#due && this.#drains.size > 0;
  }

  /** For one plan, in which the services `wanted` are. */
  round<D extends Destination>(wanted: ReadonlySet<string>, isOurs: (service: ServiceId) => boolean): Round<D> {
    return removalRound(this.#drains, { policy: this.#parts.policy(), isOurs, wanted, nowMs: this.#parts.now() });
  }

  /** What there is to do about it, by the table of the services concerned. */
  look(table: readonly Pick<DumpedService, 'id' | 'destinations'>[], isWanted: (service: string) => boolean): Look {
    this.#due = false;
    return lookAtDrains(this.#drains, table, { policy: this.#parts.policy(), isWanted, nowMs: this.#parts.now() });
  }

  /** An act is over. `isDone`: whether it was about a service and the kernel did all of it. */
  done(
    { left, endings }: { readonly left: Drains; readonly endings: ReadonlyMap<string, Ending> },
    { isDone, desired }: { readonly isDone: (service: string) => boolean; readonly desired: readonly Service[] },
  ): void {
    const before = this.#drains;
    if (before.size === 0 && left.size === 0) return;
    const after = drainsAfter(before, left, isDone);
    const context = { endings, nowMs: this.#parts.now(), isWanted: (drain: Drain) => isIn(desired, drain) };
    for (const line of tellDrains(before, after, context)) this.#parts.log.info(line);
    if ([...after.keys()].some((key) => !before.has(key))) this.#due = true;
    this.#drains = after;
    this.#byService = drainsByService(after);
  }

  /** The next look is in a second, if anything drains. */
  arm(): void {
    if (this.#timer !== null || this.#drains.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.lookSoon();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  lookSoon(): void {
    this.#due = true;
    this.#parts.onDue();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Those that drain, for people: `sinceMs` is Unix time. */
  report(): readonly Drain[] {
    const offsetMs = Date.now() - this.#parts.now();
    return [...this.#drains.values()].map((drain) => ({ ...drain, sinceMs: drain.sinceMs + offsetMs }));
  }
}

function isIn(services: readonly Service[], drain: Drain): boolean {
  const service = serviceKey(drain.service);
  const destination = destinationKey(drain.destination);
  const found = services.find(({ id }) => serviceKey(id) === service);
  return found?.destinations.some(({ id }) => destinationKey(id) === destination) ?? false;
}
