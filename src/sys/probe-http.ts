/** HTTP and HTTPS probe: one request or several, one after the other, before one deadline. Redirects are not followed. */
import type { HttpCheckConfig } from '../config/checks/http.ts';
import type { Advice, ProbeResult } from '../health/types.ts';
import { Exchange, failed, type Outcome, PASSED, type ProbeTarget } from './probe.ts';
import { Answer, type AnswerRules, answerRules } from './probe-http-answer.ts';
import { type Asker, type Request, requestOf } from './probe-http-request.ts';
import { Http1Asker } from './probe-http1.ts';
import { Http2Asker } from './probe-http2.ts';

interface Prepared {
  readonly request: Request;
  readonly rules: AnswerRules;
}

/** Probes one HTTP or HTTPS check. */
export class HttpTarget implements ProbeTarget {
  readonly #timeoutMs: number;
  readonly #requests: readonly Prepared[];
  readonly #asker: Asker;
  #exchange: Exchange | null = null;
  /** What the probe under way waits for, for the text of a timeout. */
  #awaited = '';

  constructor(check: HttpCheckConfig) {
    this.#timeoutMs = check.timeoutMs;
    this.#requests = check.requests.map((one) => ({
      request: requestOf(one, check),
      rules: answerRules(one.answer, check.weightHeader),
    }));
    this.#asker = check.version === '2' ? new Http2Asker(check) : new Http1Asker(check);
  }

  probe(): Promise<ProbeResult> {
    const timeoutMs = this.#timeoutMs;
    const exchange = new Exchange(timeoutMs, () => failed('timeout', `no ${this.#awaited} within ${timeoutMs} ms`));
    this.#exchange = exchange;
    this.#awaited = 'connection';
    exchange.whenOver((outcome) => {
      this.#exchange = null;
      this.#asker.letGo(outcome);
    });
    const problem = this.#asker.prepare();
    if (problem === null) this.#ask(exchange, 0, PASSED);
    else exchange.end(failed('local', problem));
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
    this.#asker.close();
  }

  /** `soFar`: of the requests before this one, all of which passed. */
  #ask(exchange: Exchange, index: number, soFar: Outcome): void {
    const prepared = this.#requests[index];
    if (prepared === undefined) {
      exchange.end(soFar);
      return;
    }
    const { request, rules } = prepared;
    const which = this.#requests.length === 1 ? '' : ` (${request.method} ${request.path})`;
    let said = soFar;
    this.#asker.ask(request, {
      answer: new Answer(rules),
      over: false,
      awaits: (what) => {
        this.#awaited = `${what}${which}`;
      },
      warn: (warning) => {
        said = joined(said, { ok: true, warning });
      },
      done: (outcome) => {
        if (!outcome.ok) exchange.end(which === '' ? outcome : failed(outcome.reason, `${outcome.detail}${which}`));
        else if (!exchange.over) this.#ask(exchange, index + 1, joined(said, outcome));
      },
    });
  }
}

/** The last word of the advice counts; of warnings, the first. */
function joined(before: Outcome, after: Outcome): Outcome {
  if (after === PASSED) return before;
  if (before === PASSED || !before.ok || !after.ok) return after;
  const advice = lastWord(before.advice, after.advice);
  return {
    ok: true,
    ...(advice === undefined ? {} : { advice }),
    ...((before.warning ?? after.warning) ? { warning: before.warning ?? after.warning ?? '' } : {}),
  };
}

/** Either kind takes the place of the other; silence takes the place of nothing. */
function lastWord(before: Advice | undefined, after: Advice | undefined): Advice | undefined {
  const isSilent = after === undefined || Object.keys(after).length === 0;
  return isSilent ? (before ?? after) : after;
}
