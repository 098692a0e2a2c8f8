/**
 * One BFD session at work: feeds the state machine, performs its effects in order, counts. It owns no clock, no socket and
 * no timer: those come in through `SpeakerPorts`.
 */
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import { parseAddress } from '../net/ip.ts';
import { assertNever } from '../util/assert-never.ts';
import { transmitIntervalMs } from './intervals.ts';
import { DIAGNOSTIC, diagnosticText, encodeControl, type SessionState } from './packet.ts';
import { type ReceivedDatagram, type Refusal, receiveControl } from './receive.ts';
import type { BfdReport, BfdState } from './report.ts';
import { deadline, detectionTime, startSession, step } from './session.ts';
import type { Effect, Event, Millis, Moment, Session, SessionParameters } from './types.ts';

/** What one session needs from the machine. */
export interface SpeakerPorts {
  now(): Millis;
  /** From 0 up to 1. */
  random(): number;
  /** Arms the one timer; null disarms it. When it is due, call `tick`. */
  wakeAt(at: Millis | null): void;
  /** Whether the packet went out. */
  send(packet: Uint8Array): boolean;
  changed(change: StateChange): void;
  /** After `shutdown`: nothing more will be sent. */
  closed(): void;
}

export interface StateChange {
  readonly from: SessionState;
  readonly to: SessionState;
  /** A neighbour that was there fell silent: the only news that says it may be dead. */
  readonly silent: boolean;
  /** Why, in words. */
  readonly reason: string;
}

/** The part of a report that the session knows itself. */
export type SpeakerReport = Omit<BfdReport, 'sinceMs' | 'sourceAddress'>;

export class BfdSpeaker {
  #config: BfdSessionConfig;
  readonly #discriminator: number;
  readonly #neighbor: Uint8Array;
  readonly #ports: SpeakerPorts;
  #parameters: SessionParameters;
  #session: Session;
  #flaps = 0;
  #sent = 0;
  #received = 0;
  readonly #refused: Partial<Record<Refusal, number>> = {};

  /** `discriminator`: 1 to 2^32 - 1, unique on this machine and hard to guess. */
  constructor(config: BfdSessionConfig, discriminator: number, ports: SpeakerPorts) {
    this.#config = config;
    this.#discriminator = discriminator;
    this.#neighbor = parseAddress(config.neighbor)?.bytes ?? new Uint8Array(0);
    this.#ports = ports;
    this.#parameters = parametersOf(config, discriminator);
    this.#session = startSession(this.#parameters, this.#moment());
  }

  get config(): BfdSessionConfig {
    return this.#config;
  }

  get state(): SessionState {
    return this.#session.state;
  }

  /** The longest time between two of the neighbour's packets; null: it is not heard. */
  get neighborIntervalMs(): number | null {
    const { rxMs, remote } = this.#session;
    return remote === null ? null : Math.max(rxMs, remote.minTxMs);
  }

  /** Why it is not Up, in words. */
  get reason(): string {
    const { diagnostic, remote } = this.#session;
    if (diagnostic === DIAGNOSTIC.none)
      return remote === null ? 'the neighbour was not heard yet' : 'the neighbour does not answer to us yet';
    if (diagnostic === DIAGNOSTIC.neighborSignaledDown && remote?.state === 'admin-down')
      return 'the neighbour took it down on purpose';
    return diagnosticText(diagnostic);
  }

  /** From here on `tick` and datagrams are expected. */
  start(): void {
    this.#arm();
  }

  /** A datagram from the session's socket. */
  receive(datagram: ReceivedDatagram, arrivedAt: Millis): void {
    const expected = { neighbor: this.#neighbor, localDiscriminator: this.#discriminator };
    const received = receiveControl(datagram, expected);
    if (!received.ok) {
      this.#refused[received.error] = (this.#refused[received.error] ?? 0) + 1;
      return;
    }
    this.#received++;
    this.#feed({ type: 'packet', packet: received.value }, arrivedAt);
  }

  /** The timer is due. Early calls are harmless. */
  tick(): void {
    this.#feed({ type: 'tick' });
  }

  /** We cannot speak; when we can again, it starts by itself. */
  pathDown(): void {
    this.#feed({ type: 'path-down' });
  }

  /** Other intervals for the same neighbour. */
  reconfigure(config: BfdSessionConfig): void {
    this.#config = config;
    this.#parameters = parametersOf(config, this.#discriminator);
    this.#feed({ type: 'reconfigure' });
  }

  /** Says goodbye, then calls `closed`. */
  shutdown(): void {
    this.#feed({ type: 'shutdown' });
  }

  report(): SpeakerReport {
    const { name, interface: interfaceName, neighbor } = this.#config;
    const { state, remote } = this.#session;
    return {
      name,
      interface: interfaceName,
      neighbor,
      state: stateName(state),
      reason: state === 'up' ? null : this.reason,
      remote:
        remote === null ? null : { state: stateName(remote.state), diagnostic: diagnosticText(remote.diagnostic) },
      transmitIntervalMs: transmitIntervalMs(this.#session),
      detectionTimeMs: detectionTime(this.#session),
      flaps: this.#flaps,
      sent: this.#sent,
      received: this.#received,
      refused: { ...this.#refused },
    };
  }

  #feed(event: Event, at: Millis = this.#ports.now()): void {
    const { session, effects } = step(this.#parameters, this.#session, event, { ...this.#moment(), now: at });
    this.#session = session;
    this.#arm();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'send':
        if (this.#ports.send(encodeControl(effect.packet))) this.#sent++;
        return;
      case 'changed': {
        const { from, to, diagnostic } = effect;
        if (from === 'up') this.#flaps++;
        const silent = from === 'up' && diagnostic === DIAGNOSTIC.timeExpired;
        this.#ports.changed({ from, to, silent, reason: to === 'up' ? 'the neighbour answers' : this.reason });
        return;
      }
      case 'close':
        this.#ports.closed();
        return;
      default:
        assertNever(effect);
    }
  }

  #arm(): void {
    this.#ports.wakeAt(deadline(this.#parameters, this.#session));
  }

  #moment(): Moment {
    return { now: this.#ports.now(), random: this.#ports.random() };
  }
}

function parametersOf(config: BfdSessionConfig, localDiscriminator: number): SessionParameters {
  const { minTxMs, minRxMs, multiplier, passive } = config;
  return { localDiscriminator, minTxMs, minRxMs, detectMultiplier: multiplier, passive };
}

const STATE_NAME: Readonly<Record<SessionState, BfdState>> = {
  'admin-down': 'ADMIN-DOWN',
  down: 'DOWN',
  init: 'INIT',
  up: 'UP',
};

function stateName(state: SessionState): BfdState {
  return STATE_NAME[state];
}
