/** What comes during one expect of a conversation, and what it amounts to. */
import type { PatternConfig } from '../config/checks/payload.ts';
import { ANSWER_LIMIT, excerpt } from '../health/expect.ts';
import { type Matcher, patternText } from '../health/pattern.ts';
import { failed, type Outcome } from './probe.ts';

const NOTHING = new Uint8Array(0);

/** A pattern, and how far the search for it is. */
export interface Sought {
  readonly config: PatternConfig;
  readonly matcher: Matcher;
}

/** What came, up to `end` of the last piece. */
export interface Heard {
  readonly heard: 'wanted' | 'question';
  readonly end: number;
}

/** What comes during one expect, and what it amounts to. */
export class Hearing {
  readonly #wanted: Sought;
  readonly #reject: Sought | null;
  readonly #question: Matcher | null;
  #head: Uint8Array = NOTHING;

  /** `question`: what is to be answered if it comes first. */
  constructor(wanted: Sought, reject: Sought | null, question: Matcher | null) {
    this.#wanted = wanted;
    this.#reject = reject;
    this.#question = question;
  }

  /** What it is for certain, or null: go on. */
  take(chunk: Uint8Array): Outcome | Heard | null {
    if (this.#head.length === 0) this.#head = chunk;
    const { matcher } = this.#wanted;
    const end = matcher.take(chunk);
    // Only what comes before the end of what is wanted can be wrong, or a question.
    const before = matcher.state === 'found' ? chunk.subarray(0, end) : chunk;
    const reject = this.#reject;
    if (reject !== null) {
      reject.matcher.take(before);
      if (reject.matcher.state === 'found')
        return failed('answer', `rejected by ${patternText(reject.config)}: ${this.#said()}`);
    }
    if (this.#question !== null) {
      const asked = this.#question.take(before);
      if (this.#question.state === 'found') return { heard: 'question', end: asked };
    }
    if (matcher.state === 'found') return { heard: 'wanted', end };
    if (matcher.state === 'looking') return null;
    if (matcher.state === 'mismatch')
      return failed('answer', `expected ${patternText(this.#wanted.config)}, got ${this.#said()}`);
    return failed('answer', `expected text not in the first ${ANSWER_LIMIT} bytes: ${this.#said()}`);
  }

  /** Null: the end was what was missing. */
  atEnd(): Outcome | null {
    const { matcher } = this.#wanted;
    if (matcher.end() === 'found') return null;
    if (matcher.seen === 0) return failed('closed', 'connection closed before any answer');
    return failed('answer', `connection closed after ${matcher.seen} bytes without the text: ${this.#said()}`);
  }

  atDeadline(timeoutMs: number): Outcome {
    const { seen } = this.#wanted.matcher;
    if (seen === 0) return failed('timeout', `connected, but no answer within ${timeoutMs} ms`);
    return failed('timeout', `expected text not received within ${timeoutMs} ms, got ${seen} bytes: ${this.#said()}`);
  }

  #said(): string {
    return excerpt(this.#head);
  }
}
