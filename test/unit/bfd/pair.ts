/** Two BFD speakers on one link in virtual time: seeded loss, delay, cuts of one or both ways, restarts. */
import assert from 'node:assert/strict';
import { encodeControl } from '../../../src/bfd/packet.ts';
import { receiveControl } from '../../../src/bfd/receive.ts';
import { deadline, startSession, step } from '../../../src/bfd/session.ts';
import type { Effect, Event, Session, SessionParameters } from '../../../src/bfd/types.ts';
import { Random } from '../../sim/random.ts';

/** More turns than any schedule here needs: a machine that spins is found, not waited for. */
const MOST_TURNS = 200_000;

export interface Change {
  readonly at: number;
  readonly who: 0 | 1;
  readonly to: Session['state'];
  readonly diagnostic: number;
}

interface Flying {
  readonly at: number;
  readonly to: 0 | 1;
  readonly bytes: Uint8Array;
}

interface Speaker {
  parameters: SessionParameters;
  session: Session;
}

const address = (who: 0 | 1): Uint8Array => Uint8Array.of(192, 0, 2, who + 1);
const otherOf = (who: 0 | 1): 0 | 1 => (who === 0 ? 1 : 0);

export class Pair {
  now = 0;
  readonly changes: Change[] = [];
  /** Times of what each sent, answers to polls aside. */
  readonly sent: readonly [number[], number[]] = [[], []];
  /** By sender: what part of its packets is lost; 1: its way is cut. */
  readonly loss: [number, number] = [0, 0];
  readonly #random: Random;
  readonly #speakers: readonly [Speaker, Speaker];
  #flying: Flying[] = [];
  #turns = 0;

  constructor(seed: number, parameters: readonly [SessionParameters, SessionParameters]) {
    this.#random = new Random(seed);
    const start = (own: SessionParameters): Speaker => ({
      parameters: own,
      session: startSession(own, this.#moment()),
    });
    this.#speakers = [start(parameters[0]), start(parameters[1])];
  }

  session(who: 0 | 1): Session {
    return this.#speakers[who].session;
  }

  get states(): readonly [Session['state'], Session['state']] {
    return [this.session(0).state, this.session(1).state];
  }

  /** Forgets everything, as a process that died and is started again. */
  restart(who: 0 | 1, localDiscriminator: number): void {
    const speaker = this.#speakers[who];
    speaker.parameters = { ...speaker.parameters, localDiscriminator };
    speaker.session = startSession(speaker.parameters, this.#moment());
  }

  reconfigure(who: 0 | 1, changes: Partial<SessionParameters>): void {
    const speaker = this.#speakers[who];
    speaker.parameters = { ...speaker.parameters, ...changes };
    this.feed(who, { type: 'reconfigure' });
  }

  feed(who: 0 | 1, event: Event): void {
    const speaker = this.#speakers[who];
    const { session, effects } = step(speaker.parameters, speaker.session, event, this.#moment());
    speaker.session = session;
    for (const effect of effects) this.#perform(who, effect);
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      assert.ok(this.#turns++ < MOST_TURNS, 'the pair spins');
      const arrival = this.#flying.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
      const dues = ([0, 1] as const).map((who) => this.#dueOf(who));
      const next = Math.min(arrival, ...dues);
      if (next > until) break;
      assert.ok(next >= this.now, `a deadline in the past: ${next} at ${this.now}`);
      this.now = next;
      const landed = this.#flying.filter(({ at }) => at <= next);
      this.#flying = this.#flying.filter(({ at }) => at > next);
      for (const { to, bytes } of landed) this.#land(to, bytes);
      for (const who of [0, 1] as const) if (this.#dueOf(who) <= next) this.feed(who, { type: 'tick' });
    }
    this.now = until;
  }

  #dueOf(who: 0 | 1): number {
    const { parameters, session } = this.#speakers[who];
    return deadline(parameters, session) ?? Number.POSITIVE_INFINITY;
  }

  #moment(): { now: number; random: number } {
    return { now: this.now, random: this.#random.next() };
  }

  #land(to: 0 | 1, payload: Uint8Array): void {
    const { localDiscriminator } = this.#speakers[to].parameters;
    const from = address(otherOf(to));
    const received = receiveControl({ payload, source: from, ttl: 255 }, { neighbor: from, localDiscriminator });
    if (received.ok) this.feed(to, { type: 'packet', packet: received.value });
    else assert.equal(received.error, 'unknown-session');
  }

  #perform(who: 0 | 1, effect: Effect): void {
    if (effect.do === 'changed') {
      this.changes.push({ at: this.now, who, to: effect.to, diagnostic: effect.diagnostic });
    } else if (effect.do === 'send') {
      assert.ok(!(effect.packet.poll && effect.packet.final), 'section 6.5: never Poll and Final');
      if (!effect.packet.final) this.sent[who].push(this.now);
      if (this.#random.next() < this.loss[who]) return;
      // Fifo is not promised: up to 20 ms, each its own.
      this.#flying.push({
        at: this.now + 20 * this.#random.next(),
        to: otherOf(who),
        bytes: encodeControl(effect.packet),
      });
    }
  }
}
