/** What an agent says of its server: the words of HAProxy's agent-check (its configuration manual, "agent-check"). Pure. */
import type { Advice } from './types.ts';

/** `told`: it says that the server is out of service. `answer`: it says nothing that is understood. */
export type AgentVerdict =
  | {
      readonly ok: true;
      readonly advice: Advice;
      /** Words beside it that are not known; empty: none. */
      readonly unknown: string;
    }
  | { readonly ok: false; readonly reason: 'told' | 'answer'; readonly detail: string };

/** Of what somebody else wrote, in a reason. */
const TEXT_LENGTH = 150;
const MOST_PERCENT = 1000;
const INT_MAX = 2_147_483_647;

/** The first one here counts. They outdo all the rest. */
const OUT_OF_SERVICE = ['maint', 'stopped', 'fail', 'down'];
const UP: Advice = {};

/**
 * Judges one answer. Its words stand in any order, separated by blanks, tabs or commas; what follows a `#` is a reason for
 * people. Every answer stands for itself: what it does not say, such as `drain` again, no longer holds.
 */
export function agentVerdict(answer: string): AgentVerdict {
  const line = answer.split(/[\r\n]/, 1)[0] ?? '';
  const hash = line.indexOf('#');
  const words = (hash < 0 ? line : line.slice(0, hash)).split(/[\s,]+/).filter((word) => word !== '');
  const comment = hash < 0 ? '' : shown(line.slice(hash + 1).trim());
  const out = OUT_OF_SERVICE.find((word) => words.some((said) => said.toLowerCase() === word));
  if (out !== undefined) return { ok: false, reason: 'told', detail: comment === '' ? out : `${out}: ${comment}` };
  let advice = UP;
  const unknown: string[] = [];
  for (const word of words) {
    const said = adviceOf(word.toLowerCase());
    if (said === null) unknown.push(word);
    else advice = { ...advice, ...said };
  }
  if (unknown.length < words.length) return { ok: true, advice, unknown: shown(unknown.join(' ')) };
  return { ok: false, reason: 'answer', detail: unknown.length === 0 ? 'nothing' : shown(line.trim()) };
}

/** What one word, in lower case, says of a server in service; null: nothing that is known. */
function adviceOf(word: string): Advice | null {
  if (word === 'up' || word === 'ready') return UP;
  if (word === 'drain') return { drain: true };
  const percent = numberIn(/^(\d+)%$/.exec(word)?.[1], MOST_PERCENT);
  if (percent !== null) return { weightPercent: percent };
  const connections = numberIn(/^maxconn:(\d+)$/.exec(word)?.[1], INT_MAX);
  return connections === null ? null : { maxConnections: connections };
}

function numberIn(digits: string | undefined, most: number): number | null {
  if (digits === undefined || Number(digits) > most) return null;
  return Number(digits);
}

/** It ends in logs and on terminals: nothing there may be commanded from afar. */
function shown(text: string): string {
  return text.slice(0, TEXT_LENGTH).replace(/\p{Cc}/gu, '?');
}
