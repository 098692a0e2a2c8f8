/** Judging the answer to one request, as it comes in. Of its body, at most `ANSWER_LIMIT` bytes are read. */
import { createHash } from 'node:crypto';
import type { DigestConfig, HttpAnswerConfig } from '../config/checks/http-request.ts';
import type { PatternConfig } from '../config/checks/payload.ts';
import { ANSWER_LIMIT, excerpt, statusMatches, statusText } from '../health/expect.ts';
import { weightAdvice } from '../health/http-advice.ts';
import { jsonProblem, parseJson } from '../health/json-path.ts';
import { compile, Matcher, type Pattern, patternText } from '../health/pattern.ts';
import type { Advice } from '../health/types.ts';
import { failed, type Outcome, PASSED } from './probe.ts';

/** What is asked of an answer, made ready once for all probes of a check. */
export interface AnswerRules {
  readonly config: HttpAnswerConfig;
  readonly wanted: readonly Pattern[];
  readonly unwanted: readonly Pattern[];
  /** The body counts as a whole. */
  readonly whole: boolean;
  readonly weightHeader: string | null;
}

/** Prepares the rules. */
export function answerRules(config: HttpAnswerConfig, weightHeader: string | null): AnswerRules {
  return {
    config,
    wanted: config.wanted.map((one) => compile(one)),
    unwanted: config.unwanted.map((one) => compile(one)),
    whole: config.json.length > 0 || config.digest !== null,
    weightHeader,
  };
}

/** One answer. Each of its methods but the last gives the outcome once it is certain, or null to go on. */
export class Answer {
  readonly #rules: AnswerRules;
  readonly #wanted: readonly Matcher[];
  readonly #unwanted: readonly Matcher[];
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #head: Uint8Array = new Uint8Array(0);
  #advice: Advice | null = null;
  #warning: string | null = null;

  constructor(rules: AnswerRules) {
    this.#rules = rules;
    this.#wanted = rules.wanted.map((one) => new Matcher(one));
    this.#unwanted = rules.unwanted.map((one) => new Matcher(one));
  }

  /** The status of the answer proper, and its headers by name in lower case. */
  begin(status: number, header: (name: string) => string | undefined): Outcome | null {
    const { status: ranges } = this.#rules.config;
    if (!statusMatches(ranges, status)) {
      return failed('status', `HTTP status ${status}, expected ${statusText(ranges)}`);
    }
    const name = this.#rules.weightHeader;
    if (name !== null) {
      const weight = header(name);
      // A server that said something once and does not any more takes it back.
      this.#advice = weight === undefined ? {} : weightAdvice(weight);
      if (this.#advice === null) {
        this.#warning = `header ${name} is neither a weight nor a percentage: ${JSON.stringify(weight?.slice(0, 60))}`;
      }
    }
    return null;
  }

  take(chunk: Uint8Array): Outcome | null {
    if (this.#length === 0) this.#head = chunk;
    this.#length += chunk.length;
    for (const matcher of this.#wanted) matcher.take(chunk);
    for (const matcher of this.#unwanted) matcher.take(chunk);
    if (this.#unwanted.some(({ state }) => state === 'found')) return this.#judge();
    if (this.#rules.whole) {
      this.#chunks.push(chunk);
      if (this.#length <= ANSWER_LIMIT) return null;
      const what = this.#rules.config.digest === null ? 'read as JSON' : 'compared by its digest';
      return failed('answer', `the body is longer than ${ANSWER_LIMIT} bytes: too long to be ${what}`);
    }
    const settled = this.#wanted.length > 0 && this.#unwanted.length === 0 && this.#wanted.every(isFound);
    return settled || this.#length >= ANSWER_LIMIT ? this.#judge() : null;
  }

  end(): Outcome {
    for (const matcher of this.#wanted) matcher.end();
    for (const matcher of this.#unwanted) matcher.end();
    return this.#judge();
  }

  #judge(): Outcome {
    const problem = this.#patternProblem() ?? (this.#rules.whole ? this.#wholeProblem() : null);
    if (problem !== null) return failed('answer', problem);
    if (this.#advice === null && this.#warning === null) return PASSED;
    return {
      ok: true,
      ...(this.#advice === null ? {} : { advice: this.#advice }),
      ...(this.#warning === null ? {} : { warning: this.#warning }),
    };
  }

  #patternProblem(): string | null {
    const { wanted, unwanted } = this.#rules.config;
    const missing = wanted.find((_, index) => this.#wanted[index]?.state !== 'found');
    if (missing !== undefined) return `${patternText(missing)} not in ${this.#bodyText()}`;
    const there = unwanted.find((_, index) => this.#unwanted[index]?.state === 'found');
    return there === undefined ? null : this.#unwantedText(there);
  }

  #unwantedText(pattern: PatternConfig): string {
    return `${patternText(pattern)} in ${this.#bodyText()}`;
  }

  #bodyText(): string {
    const looked =
      this.#length >= ANSWER_LIMIT
        ? `the first ${ANSWER_LIMIT} bytes of the body`
        : `the body of ${this.#length} bytes`;
    return `${looked}: ${excerpt(this.#head)}`;
  }

  #wholeProblem(): string | null {
    const { digest, json } = this.#rules.config;
    const body = Buffer.concat(this.#chunks);
    const wrong = digest === null ? null : digestProblem(digest, body);
    if (wrong !== null || json.length === 0) return wrong;
    const document = parseJson(body);
    if (!document.ok) return `the body is not JSON: ${document.error}: ${excerpt(body)}`;
    for (const condition of json) {
      const problem = jsonProblem(condition, document.value);
      if (problem !== null) return problem;
    }
    return null;
  }
}

function isFound({ state }: Matcher): boolean {
  return state === 'found';
}

/** Says what was found too: it is what to write down if the new body is right. */
function digestProblem({ algorithm, hex }: DigestConfig, body: Uint8Array): string | null {
  const found = createHash(algorithm).update(body).digest('hex');
  if (found === hex) return null;
  return `the digest of the body of ${body.length} bytes is ${algorithm}:${found}, expected ${algorithm}:${hex}`;
}
