/** Passive probe: answers what was reported last. */
import type { PassiveCheckConfig } from '../config/checks/passive.ts';
import type { ProbeResult } from '../health/types.ts';
import { type PassiveBoard, passiveBoard } from './passive-board.ts';
import type { ProbeTarget } from './probe.ts';

/** Probes one passive check, at no cost. */
export class PassiveTarget implements ProbeTarget {
  readonly #check: PassiveCheckConfig;
  readonly #board: PassiveBoard;

  constructor(check: PassiveCheckConfig, board: PassiveBoard = passiveBoard) {
    this.#check = check;
    this.#board = board;
  }

  async probe(): Promise<ProbeResult> {
    const { name, initial } = this.#check;
    const report = this.#board.reportOn(name);
    if ((report?.state ?? initial) === 'up') return { ok: true, latencyMs: 0 };
    const reason =
      report === null ? 'nothing was reported yet' : `reported down${report.reason === '' ? '' : `: ${report.reason}`}`;
    return { ok: false, reason: 'told', detail: reason, latencyMs: 0 };
  }

  close(): void {}
}
