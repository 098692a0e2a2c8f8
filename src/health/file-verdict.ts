/** What the content of a file check means. Pure. */
import type { FileMeaning } from '../config/checks/file.ts';
import { agentVerdict } from './agent.ts';
import { numberIn } from './number-file.ts';
import type { Advice } from './types.ts';

/** `told`: the file says that the server is out of service. `answer`: it holds something else than it should. */
export type FileVerdict =
  | { readonly ok: true; readonly advice: Advice; readonly warning: string | null }
  | { readonly ok: false; readonly reason: 'told' | 'answer'; readonly detail: string };

const MOST_WEIGHT = 65_535;
/** As of an agent. */
const MOST_PERCENT = 1000;

/** Judges the text of a file that is there. `detail` follows "the file ...". */
export function fileVerdict(text: string, as: FileMeaning): FileVerdict {
  if (text.trim() === '') return { ok: false, reason: 'answer', detail: 'is empty' };
  if (as === 'words') return ofWords(text);
  const number = numberIn(text);
  if (!number.ok) return { ok: false, reason: 'answer', detail: `holds ${number.error}, which is no whole number` };
  const { value } = number;
  const isDown = as === 'fault' ? value !== 0 : value < 0;
  if (isDown) return { ok: false, reason: 'told', detail: `says ${value}` };
  return { ok: true, advice: adviceOf(value, as), warning: null };
}

function ofWords(text: string): FileVerdict {
  const verdict = agentVerdict(text.trimStart());
  if (!verdict.ok) {
    const { reason, detail } = verdict;
    return { ok: false, reason, detail: reason === 'told' ? `says ${detail}` : `holds no known words: ${detail}` };
  }
  const { advice, unknown } = verdict;
  return { ok: true, advice, warning: unknown === '' ? null : `holds words that are not known: ${unknown}` };
}

function adviceOf(value: number, as: 'fault' | 'weight' | 'percent'): Advice {
  switch (as) {
    case 'fault':
      return {};
    case 'weight':
      return { weight: Math.min(value, MOST_WEIGHT) };
    case 'percent':
      return { weightPercent: Math.min(value, MOST_PERCENT) };
  }
}
