/** A probe whose code is loaded when it is first due: a library that takes as long to load as Node itself delays no start. */
import type { ProbeResult } from '../health/types.ts';
import { messageOf } from '../util/message-of.ts';
import type { ProbeTarget } from './probe.ts';

export class LateTarget implements ProbeTarget {
  readonly #load: () => Promise<ProbeTarget>;
  #target: ProbeTarget | null = null;
  #closed = false;

  constructor(load: () => Promise<ProbeTarget>) {
    this.#load = load;
  }

  async probe(): Promise<ProbeResult> {
    try {
      this.#target ??= await this.#load();
    } catch (error) {
      return local(`cannot load the probe: ${messageOf(error)}`);
    }
    return this.#closed ? local('probe cancelled') : this.#target.probe();
  }

  close(): void {
    this.#closed = true;
    this.#target?.close();
  }
}

function local(detail: string): ProbeResult {
  return { ok: false, reason: 'local', detail, latencyMs: 0 };
}
