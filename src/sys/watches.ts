/**
 * Idle connections to real servers: when one ends, something happened there, and the checks that go to the same place probe
 * at once. A killed process's connections are ended by its kernel, so that is a matter of milliseconds. The end of a
 * connection alone decides nothing: servers also end idle ones for reasons of their own.
 */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { CheckConfig } from '../config/types-checks.ts';
import { type DialTo, dialTcp, type SocketOption } from './dial.ts';
import { connectedToItself } from './probe-tcp.ts';

const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;

/**
 * A process that dies closes what it opened last first: its connections end while its port is still open, and a probe would get
 * through. With thousands of connections that lasts a tenth of a second.
 */
const TELL_AGAIN_MS = 30;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** A connection that lasted so long was wanted: the next attempt comes soon again. */
const WANTED_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5000;
/** Connections under way at once: a thousand of them beside the probes would be a storm of our own making. */
const MOST_CONNECTING = 64;
/** A greeting is less; whoever talks on without being asked is not to be watched in this way. */
const MOST_BYTES = 65_536;
const LONGEST_KEEPALIVE_S = 10;

export interface WatchesStats {
  /** Places watched; connections are at most as many. */
  readonly places: number;
  /** At most 64. */
  readonly connecting: number;
  readonly connected: number;
  /** Connections that ended after they had come about. */
  readonly ended: number;
}

/** One place, and everything that is probed there. */
interface Place {
  readonly to: DialTo;
  readonly options: readonly SocketOption[];
  keys: readonly string[];
  state: 'waiting' | 'queued' | 'connecting' | 'connected' | 'closed';
  socket: Socket | null;
  timer: NodeJS.Timeout | undefined;
  /** To tell again. */
  again: NodeJS.Timeout | undefined;
  /** The connection before ended: that none comes about now is news too. */
  isLost: boolean;
  /** A probe failed, or no connection came about, since a probe passed. */
  isAway: boolean;
  waitMs: number;
  /** Of the last attempt; null: it did not come to a connection. */
  connectedAt: number | null;
  bytes: number;
}

export class Watches {
  readonly #onEnd: (keys: readonly string[]) => void;
  readonly #places = new Map<string, Place>();
  readonly #byKey = new Map<string, Place>();
  /** In order; those that were closed meanwhile are passed over. */
  readonly #queue = new Set<Place>();
  #closed = false;
  #connecting = 0;
  #connected = 0;
  #ended = 0;

  /**
   * `onEnd` gets the keys of the checks that go where a connection ended: at once, 30 ms later, and when the next one does not
   * come about. Never called from within `set` or `close`.
   */
  constructor(onEnd: (keys: readonly string[]) => void) {
    this.#onEnd = onEnd;
  }

  /** What a probe of the check found: a place that was away and is back is worth an attempt at once. */
  probed(key: string, passed: boolean): void {
    const place = this.#byKey.get(key);
    if (place === undefined) return;
    if (!passed) place.isAway = true;
    if (!passed || !place.isAway) return;
    place.isAway = false;
    place.waitMs = FIRST_WAIT_MS;
    if (place.state !== 'waiting') return;
    clearTimeout(place.timer);
    this.#enqueue(place);
  }

  /** The checks from now on; those without `watch` are passed over. What is connected already stays so. */
  set(checks: ReadonlyMap<string, CheckConfig>): void {
    if (this.#closed) return;
    const wanted = placesOf(checks);
    for (const [id, place] of this.#places) {
      if (wanted.has(id)) continue;
      this.#places.delete(id);
      this.#close(place);
    }
    this.#byKey.clear();
    for (const [id, { check, keys }] of wanted) {
      const place = this.#places.get(id) ?? this.#add(id, check);
      place.keys = keys;
      for (const key of keys) this.#byKey.set(key, place);
    }
    this.#connectNext();
  }

  /** Idempotent. */
  close(): void {
    this.set(new Map());
    this.#closed = true;
  }

  stats(): WatchesStats {
    return { places: this.#places.size, connecting: this.#connecting, connected: this.#connected, ended: this.#ended };
  }

  #add(id: string, check: CheckConfig): Place {
    const place: Place = {
      to: dialToOf(check),
      options: keepAliveFor(check),
      keys: [],
      state: 'queued',
      socket: null,
      timer: undefined,
      again: undefined,
      isLost: false,
      isAway: false,
      waitMs: FIRST_WAIT_MS,
      connectedAt: null,
      bytes: 0,
    };
    this.#places.set(id, place);
    this.#queue.add(place);
    return place;
  }

  #enqueue(place: Place): void {
    place.state = 'queued';
    this.#queue.add(place);
    this.#connectNext();
  }

  #connectNext(): void {
    for (const place of this.#queue) {
      if (this.#connecting >= MOST_CONNECTING) return;
      this.#queue.delete(place);
      this.#connect(place);
    }
  }

  #connect(place: Place): void {
    const socket = dialTcp(place.to, place.options);
    place.state = 'connecting';
    place.connectedAt = null;
    place.socket = socket;
    place.bytes = 0;
    this.#connecting++;
    place.timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    // Each of these is followed by 'close', which is where a connection ends.
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk) => {
      place.bytes += chunk.length;
      if (place.bytes > MOST_BYTES) socket.destroy();
    });
    socket.once('connect', () => {
      if (connectedToItself(socket, place.to.port)) {
        // It would hold the very port that the server wants when it comes back to this machine.
        socket.destroy();
        return;
      }
      clearTimeout(place.timer);
      this.#leave(place);
      place.state = 'connected';
      place.connectedAt = performance.now();
      this.#connected++;
      this.#connectNext();
    });
    socket.once('close', () => {
      // Of a place that is not wanted any more, `#close` has taken care.
      if (place.state !== 'closed') this.#over(place);
    });
  }

  /** A connection ended, or did not come about. */
  #over(place: Place): void {
    const wasConnected = place.connectedAt !== null;
    const lastedMs = performance.now() - (place.connectedAt ?? 0);
    const isTalker = place.bytes > MOST_BYTES;
    this.#leave(place);
    place.socket = null;
    if (isTalker) place.waitMs = LONGEST_WAIT_MS;
    else if (wasConnected && lastedMs >= WANTED_MS) place.waitMs = FIRST_WAIT_MS;
    place.state = 'waiting';
    place.timer = setTimeout(() => this.#enqueue(place), place.waitMs);
    place.waitMs = Math.min(place.waitMs * 2, LONGEST_WAIT_MS);
    this.#connectNext();
    if (!wasConnected) place.isAway = true;
    const isNews = wasConnected ? !isTalker : place.isLost;
    place.isLost = wasConnected && isNews;
    if (place.isLost) {
      this.#ended++;
      clearTimeout(place.again);
      place.again = setTimeout(() => this.#onEnd(place.keys), TELL_AGAIN_MS);
    }
    if (isNews) this.#onEnd(place.keys);
  }

  #close(place: Place): void {
    this.#leave(place);
    clearTimeout(place.again);
    place.state = 'closed';
    place.socket?.destroy();
  }

  /** Undoes what the state of a place holds. */
  #leave(place: Place): void {
    clearTimeout(place.timer);
    this.#queue.delete(place);
    if (place.state === 'connecting') this.#connecting--;
    if (place.state === 'connected') this.#connected--;
  }
}

function placesOf(checks: ReadonlyMap<string, CheckConfig>): Map<string, { check: CheckConfig; keys: string[] }> {
  const places = new Map<string, { check: CheckConfig; keys: string[] }>();
  for (const [key, check] of checks) {
    if (!check.watch) continue;
    const id = JSON.stringify(dialToOf(check));
    const place = places.get(id);
    if (place === undefined) places.set(id, { check, keys: [key] });
    else place.keys.push(key);
  }
  return places;
}

function dialToOf({ address, port, sourceAddress, interface: device, mark }: CheckConfig): DialTo {
  return { address, port, sourceAddress, interface: device, mark };
}

/**
 * The kernel asks the other side's about twice as often as the check probes, and ends the connection when there was no answer
 * for the check's timeout: a machine that went without a word ends no connections itself.
 */
function keepAliveFor({ intervalMs, timeoutMs }: CheckConfig): readonly SocketOption[] {
  const everyS = Math.min(Math.max(Math.round(intervalMs / 2000), 1), LONGEST_KEEPALIVE_S);
  return [
    { level: SOL_SOCKET, name: SO_KEEPALIVE, value: 1 },
    { level: IPPROTO_TCP, name: TCP_KEEPIDLE, value: everyS },
    { level: IPPROTO_TCP, name: TCP_KEEPINTVL, value: 1 },
    { level: IPPROTO_TCP, name: TCP_USER_TIMEOUT, value: timeoutMs },
  ];
}
