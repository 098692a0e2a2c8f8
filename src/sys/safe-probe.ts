/** Between the prober and its probes: what they should never do, throw, ends no director; what they should not tell, they do not. */
import type { CheckConfig } from '../config/types-checks.ts';
import { masked, secretForms } from '../health/secrets.ts';
import type { ProbeResult } from '../health/types.ts';
import type { ProbeTarget } from './probe.ts';
import { newTarget } from './probe-targets.ts';

/** A fault of ours in one kind of probe is no reason for the director to end: it is a result, and the log has it. */
export function safeTarget(check: CheckConfig): ProbeTarget {
  try {
    const target = newTarget(check);
    const forms = secretForms(check);
    return forms.length === 0 ? target : new DiscreetTarget(target, forms);
  } catch (error) {
    return { probe: async () => fault(error), close: () => {} };
  }
}

export async function safeProbe(target: ProbeTarget): Promise<ProbeResult> {
  try {
    return await target.probe();
  } catch (error) {
    return fault(error);
  }
}

/** Whose results do not tell the secrets of its check, whatever the server repeats. */
class DiscreetTarget implements ProbeTarget {
  readonly #target: ProbeTarget;
  readonly #forms: readonly string[];

  constructor(target: ProbeTarget, forms: readonly string[]) {
    this.#target = target;
    this.#forms = forms;
  }

  async probe(): Promise<ProbeResult> {
    const result = await this.#target.probe();
    if (!result.ok) return { ...result, detail: masked(result.detail, this.#forms) };
    return result.warning === undefined ? result : { ...result, warning: masked(result.warning, this.#forms) };
  }

  close(): void {
    this.#target.close();
  }
}

function fault(error: unknown): ProbeResult {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ok: false, reason: 'local', detail: `fault in the probe: ${detail}`, latencyMs: 0 };
}
