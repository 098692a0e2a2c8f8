/**
 * One BFD session (RFC 5880 section 6), asynchronous mode, no echo, no authentication. Pure: time and chance come in with
 * each event, packets and news go out as effects; the deadlines are inside the session.
 *
 * Beyond the standard: a tick that comes much too late (the process or the machine stood still) grants the neighbour one
 * more detection time, since its packets may have been lost to our own standstill.
 */
import { assertNever } from '../util/assert-never.ts';
import { desiredMinTxMs, detectionTimeMs, jitteredMs, mayTransmit, transmitIntervalMs } from './intervals.ts';
import { type ControlPacket, DIAGNOSTIC, type SessionState } from './packet.ts';
import type { Effect, Event, Millis, Moment, Remote, Session, SessionParameters, Step } from './types.ts';

/** Whole milliseconds on the wire: microseconds divide by 1000. */
const US_PER_MS = 1000;
/** Packets that say AdminDown at the end of a session that was Up: as many as may get lost, and never a long farewell. */
const MOST_FAREWELLS = 3;
/** The first packets of many sessions are spread over this. */
const START_SPREAD_MS = 250;

/** Section 6.8.1: a session at its beginning. */
export function startSession(parameters: SessionParameters, { now, random }: Moment): Session {
  const txMs = desiredMinTxMs(parameters, false);
  const startAt = now + START_SPREAD_MS * random;
  return {
    state: 'down',
    diagnostic: DIAGNOSTIC.none,
    remote: null,
    desiredTxMs: txMs,
    requiredRxMs: parameters.minRxMs,
    txMs,
    rxMs: parameters.minRxMs,
    polling: false,
    sentAt: startAt - txMs,
    jitter: 1,
    expiresAt: null,
    farewells: 0,
  };
}

/** One transition. Effects are to be performed in their order. */
export function step(parameters: SessionParameters, session: Session, event: Event, moment: Moment): Step {
  switch (event.type) {
    case 'packet':
      // 6.8.6: an AdminDown session hears nothing.
      return session.state === 'admin-down' ? stay(session) : received(parameters, session, event.packet, moment);
    case 'tick':
      return ticked(parameters, session, moment);
    case 'path-down':
      return session.state === 'admin-down' ? stay(session) : lost(parameters, session, DIAGNOSTIC.pathDown, moment);
    case 'reconfigure':
      return session.state === 'admin-down' ? stay(session) : stay(withIntervals(parameters, session));
    case 'shutdown':
      return session.state === 'admin-down' ? stay(session) : farewell(parameters, session, moment);
    default:
      return assertNever(event);
  }
}

/** When the next periodic packet is due; null: none is. */
export function transmitAt(parameters: SessionParameters, session: Session): Millis | null {
  if (session.state === 'admin-down') return session.farewells > 0 ? periodAfter(session) : null;
  return mayTransmit(parameters, session) ? periodAfter(session) : null;
}

/** When the caller must next send `tick`; null: only a packet can change anything. */
export function deadline(parameters: SessionParameters, session: Session): Millis | null {
  const at = transmitAt(parameters, session);
  const { expiresAt } = session;
  if (at === null || expiresAt === null) return at ?? expiresAt;
  return Math.min(at, expiresAt);
}

/** Now the length of silence after which the session goes Down; null: the neighbour was not heard. */
export function detectionTime({ rxMs, remote }: Session): number | null {
  return remote === null ? null : detectionTimeMs(rxMs, remote);
}

function periodAfter(session: Session): Millis {
  return session.sentAt + transmitIntervalMs(session) * session.jitter;
}

/** Section 6.8.6, from "Set bfd.RemoteDiscr" on. */
function received(parameters: SessionParameters, session: Session, packet: ControlPacket, moment: Moment): Step {
  const remote: Remote = {
    discriminator: packet.myDiscriminator,
    state: packet.state,
    diagnostic: packet.diagnostic,
    detectMultiplier: packet.detectMultiplier,
    minTxMs: packet.desiredMinTxUs / US_PER_MS,
    minRxMs: packet.requiredMinRxUs / US_PER_MS,
    demand: packet.demand,
  };
  const heard = { ...(packet.final ? afterPoll(session) : session), remote };
  const change = transition(session.state, packet.state);
  const moved = change === null ? heard : withIntervals(parameters, { ...heard, ...change });
  const alive = { ...moved, expiresAt: moment.now + detectionTimeMs(moved.rxMs, remote) };
  if (change === null) return packet.poll ? { session: alive, effects: [final(parameters, alive)] } : stay(alive);
  const news: Effect = { do: 'changed', from: session.state, to: change.state, diagnostic: change.diagnostic };
  // The neighbour is told at once; what answers its poll says the same.
  if (packet.poll) return { session: alive, effects: [news, final(parameters, alive)] };
  const sent = transmit(parameters, alive, moment);
  return { session: sent.session, effects: [news, ...sent.effects] };
}

/** The state machine of section 6.2 and 6.8.6: the state that a received one leads to, or null. */
function transition(local: SessionState, remote: SessionState): Pick<Session, 'state' | 'diagnostic'> | null {
  const down = { state: 'down', diagnostic: DIAGNOSTIC.neighborSignaledDown } as const;
  const up = { state: 'up', diagnostic: DIAGNOSTIC.none } as const;
  if (remote === 'admin-down') return local === 'down' ? null : down;
  switch (local) {
    case 'down':
      if (remote === 'down') return { state: 'init', diagnostic: DIAGNOSTIC.none };
      return remote === 'init' ? up : null;
    case 'init':
      return remote === 'down' ? null : up;
    case 'up':
      return remote === 'down' ? down : null;
    case 'admin-down':
      return null;
    default:
      return assertNever(local);
  }
}

function ticked(parameters: SessionParameters, session: Session, moment: Moment): Step {
  if (session.state === 'admin-down') return saidFarewell(parameters, session, moment);
  const { expiresAt, remote } = session;
  if (expiresAt !== null && remote !== null && moment.now >= expiresAt) {
    const detectionMs = detectionTimeMs(session.rxMs, remote);
    // A whole packet interval too late: not the neighbour stood still, we did.
    if (moment.now - expiresAt > detectionMs / remote.detectMultiplier)
      return ticked(parameters, { ...session, expiresAt: moment.now + detectionMs }, moment);
    return lost(parameters, session, DIAGNOSTIC.timeExpired, moment);
  }
  const at = transmitAt(parameters, session);
  return at !== null && moment.now >= at ? transmit(parameters, session, moment) : stay(session);
}

/** Nothing more is known of the neighbour (sections 6.8.1 and 6.8.4). */
function lost(parameters: SessionParameters, session: Session, diagnostic: number, moment: Moment): Step {
  const forgotten: Session = { ...session, remote: null, expiresAt: null };
  if (session.state === 'down') return stay(forgotten);
  const down = withIntervals(parameters, { ...forgotten, state: 'down', diagnostic });
  const sent = transmit(parameters, down, moment);
  return {
    session: sent.session,
    effects: [{ do: 'changed', from: session.state, to: 'down', diagnostic }, ...sent.effects],
  };
}

/** Section 6.8.16. The neighbour may miss a packet, but not as many as make it give us up. */
function farewell(parameters: SessionParameters, session: Session, moment: Moment): Step {
  const { state: from, remote } = session;
  const farewells = from === 'up' ? Math.min(parameters.detectMultiplier, MOST_FAREWELLS) : 1;
  const state = 'admin-down';
  const diagnostic = DIAGNOSTIC.adminDown;
  const leaving: Session = {
    ...session,
    state,
    diagnostic,
    desiredTxMs: desiredMinTxMs(parameters, false),
    polling: false,
    expiresAt: null,
    farewells: remote === null ? 0 : farewells,
    sentAt: moment.now - transmitIntervalMs(session),
    jitter: 1,
  };
  const sent = saidFarewell(parameters, leaving, moment);
  return { session: sent.session, effects: [{ do: 'changed', from, to: state, diagnostic }, ...sent.effects] };
}

function saidFarewell(parameters: SessionParameters, session: Session, moment: Moment): Step {
  if (session.farewells === 0) return { session, effects: [{ do: 'close' }] };
  if (moment.now < periodAfter(session)) return stay(session);
  const farewells = session.farewells - 1;
  const sent: Session = { ...session, farewells, sentAt: moment.now, jitter: jitter(parameters, moment) };
  const send: Effect = { do: 'send', packet: packetOf(parameters, sent) };
  return { session: sent, effects: farewells === 0 ? [send, { do: 'close' }] : [send] };
}

/** The intervals that go with the state; section 6.8.3: what the neighbour may not yet count on starts a Poll Sequence. */
function withIntervals(parameters: SessionParameters, session: Session): Session {
  const isUp = session.state === 'up';
  const desiredTxMs = desiredMinTxMs(parameters, isUp);
  const requiredRxMs = parameters.minRxMs;
  if (!isUp) return { ...session, desiredTxMs, requiredRxMs, txMs: desiredTxMs, rxMs: requiredRxMs, polling: false };
  const changed = desiredTxMs !== session.desiredTxMs || requiredRxMs !== session.requiredRxMs;
  return {
    ...session,
    desiredTxMs,
    requiredRxMs,
    txMs: Math.min(session.txMs, desiredTxMs),
    rxMs: Math.max(session.rxMs, requiredRxMs),
    polling: session.polling || changed,
  };
}

/** The neighbour answered our poll: what we asked for counts. */
function afterPoll(session: Session): Session {
  if (!session.polling) return session;
  return { ...session, polling: false, txMs: session.desiredTxMs, rxMs: session.requiredRxMs };
}

/** A periodic packet, where one is allowed. */
function transmit(parameters: SessionParameters, session: Session, moment: Moment): Step {
  if (!mayTransmit(parameters, session)) return stay(session);
  const sent = { ...session, sentAt: moment.now, jitter: jitter(parameters, moment) };
  return { session: sent, effects: [{ do: 'send', packet: packetOf(parameters, session) }] };
}

/** Section 6.5: the answer to a poll, at once and apart from the periodic packets. */
function final(parameters: SessionParameters, session: Session): Effect {
  return { do: 'send', packet: { ...packetOf(parameters, session), poll: false, final: true } };
}

function packetOf(parameters: SessionParameters, session: Session): ControlPacket {
  return {
    diagnostic: session.diagnostic,
    state: session.state,
    poll: session.polling,
    final: false,
    controlPlaneIndependent: false,
    authentication: false,
    demand: false,
    detectMultiplier: parameters.detectMultiplier,
    myDiscriminator: parameters.localDiscriminator,
    yourDiscriminator: session.remote?.discriminator ?? 0,
    desiredMinTxUs: session.desiredTxMs * US_PER_MS,
    requiredMinRxUs: session.requiredRxMs * US_PER_MS,
    requiredMinEchoRxUs: 0,
  };
}

function jitter({ detectMultiplier }: SessionParameters, { random }: Moment): number {
  return jitteredMs(1, detectMultiplier, random);
}

function stay(session: Session): Step {
  return { session, effects: [] };
}
