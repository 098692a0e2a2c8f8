/** Says each text at most once a minute, and how often it was held back: a log is bounded whatever the network does. */
import { monotonicMs } from './socket.ts';

const EVERY_MS = 60_000;
/** More different texts than this within a minute: the oldest is forgotten. */
const REMEMBER = 200;

export class LogLimiter {
  readonly #say: (text: string) => void;
  readonly #said = new Map<string, { readonly at: number; held: number }>();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  say(text: string): void {
    const now = monotonicMs();
    const last = this.#said.get(text);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.held++;
      return;
    }
    this.#said.delete(text);
    this.#said.set(text, { at: now, held: 0 });
    const [oldest] = this.#said.keys();
    if (this.#said.size > REMEMBER && oldest !== undefined) this.#said.delete(oldest);
    this.#say(last !== undefined && last.held > 0 ? `${text} (and ${last.held} times since it was last said)` : text);
  }
}
