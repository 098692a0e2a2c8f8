/** HTTP/2 for probes: one session on one connection, for the HTTP and the gRPC probe. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { failed, failureOf, type Outcome } from './probe.ts';
import type { Connector } from './probe-http-connection.ts';
import { interimCounter } from './probe-http-request.ts';

export interface Http2Events {
  readonly awaits: (what: string) => void;
  readonly warn: (warning: string) => void;
  /** The connection or the session failed; possibly more than once. */
  readonly failed: (outcome: Outcome) => void;
  /** Requests may be made. */
  readonly ready: () => void;
}

export interface StreamEvents {
  /** The answer proper has begun. */
  readonly begun: (headers: IncomingHttpHeaders) => void;
  readonly took: (chunk: Uint8Array) => void;
  readonly trailers: (headers: IncomingHttpHeaders) => void;
  /** The answer is complete. */
  readonly ended: () => void;
  readonly failed: (outcome: Outcome) => void;
}

/** Node's code for the alert of a server that speaks none of the protocols offered (RFC 7301 section 3.2). */
const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';
const NO_HTTP2 = failed('protocol', 'the server does not offer HTTP/2: ALPN did not agree on h2');

/** One connection and its session; never used for more than one probe. */
export class Http2Connection {
  readonly #release: () => void;
  #session: ClientHttp2Session | null = null;
  #destroyed = false;

  constructor(connector: Connector, wanted: Http2Events) {
    let isReady = false;
    // Its end is heard of later, when another probe may be under way.
    const events: Http2Events = {
      ...wanted,
      failed: (outcome) => {
        if (!this.#destroyed) wanted.failed(outcome);
      },
    };
    this.#release = connector.open({
      awaits: events.awaits,
      ready: (socket, warning) => {
        if (this.#destroyed) return;
        if (warning !== undefined) events.warn(warning);
        if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
          events.failed(NO_HTTP2);
          return;
        }
        isReady = true;
        this.#session = this.#open(socket, events);
        events.ready();
      },
      failed: (error) => {
        if ('code' in error && error.code === NO_PROTOCOL) events.failed(NO_HTTP2);
        else events.failed(failureOf(error, connector.secure && !isReady ? 'tls' : 'protocol'));
      },
      exceeded: events.failed,
      closed: () => {
        // Of a session, its streams tell what was cut.
        if (!isReady) events.failed(failed('closed', 'connection closed before the request'));
      },
    });
  }

  /** Only once it is ready. What is returned tells the server to send no more of the answer. */
  request(headers: OutgoingHttpHeaders, body: Uint8Array | string | null, events: StreamEvents): () => void {
    const session = this.#session;
    if (session === null || session.destroyed || session.closed) {
      events.failed(failed('closed', 'connection closed before the request'));
      return () => {};
    }
    try {
      const stream = session.request(headers, { endStream: body === null });
      outlive(session, stream);
      if (body !== null) stream.end(body);
      follow(stream, events);
      return () => stream.close(constants.NGHTTP2_CANCEL);
    } catch (error) {
      events.failed(failureOf(error, 'protocol'));
      return () => {};
    }
  }

  /**
   * Says nothing more from now on. What it holds is let go of behind the events that are being told: Node aborts the process
   * when a session is destroyed while nghttp2 still has bytes of the same piece to read (an assertion in either of them).
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    setImmediate(() => {
      this.#session?.destroy();
      this.#release();
    });
  }

  #open(socket: Socket, events: Http2Events): ClientHttp2Session {
    const origin = socket instanceof TLSSocket ? 'https://lvsd.invalid' : 'http://lvsd.invalid';
    const session = connect(origin, { createConnection: () => socket, settings: { enablePush: false } });
    session.on('error', (error) => events.failed(failureOfHttp2(error)));
    session.on('goaway', (code) => {
      if (code !== 0) events.failed(failed('reset', `the server ended the connection with HTTP/2 error ${code}`));
    });
    session.on('close', () => events.failed(failed('closed', 'connection closed before the end of the answer')));
    return session;
  }
}

/** Their streams' counterparts are not garbage yet: they are kept by this. */
const kept = new FinalizationRegistry<object>(() => {});

/**
 * Node's own part of a session must not be garbage before that of its stream: what a header block that was never finished has
 * left behind belongs to both, and Node aborts the process (`current_nghttp2_memory_ == 0`). Any server can bring that about.
 */
function outlive(session: ClientHttp2Session, stream: ClientHttp2Stream): void {
  const hold = (): void => {
    const [ofSession, ofStream] = [handleOf(session), handleOf(stream)];
    if (ofSession !== null && ofStream !== null) kept.register(ofStream, ofSession);
  };
  if (stream.pending) stream.once('ready', hold);
  else hold();
}

/** Node keeps it under a symbol. */
function handleOf(owner: object): object | null {
  for (const key of Object.getOwnPropertySymbols(owner)) {
    if (key.description !== 'kHandle') continue;
    const handle: unknown = Reflect.get(owner, key);
    return typeof handle === 'object' ? handle : null;
  }
  return null;
}

function follow(stream: ClientHttp2Stream, events: StreamEvents): void {
  let ended = false;
  const interim = interimCounter();
  stream.on('headers', () => {
    const outcome = interim();
    if (outcome !== null) events.failed(outcome);
  });
  stream.on('response', (headers) => events.begun(headers));
  stream.on('data', (chunk: Uint8Array) => events.took(chunk));
  stream.on('trailers', (headers) => events.trailers(headers));
  stream.on('end', () => {
    ended = true;
  });
  stream.on('error', (error) => events.failed(failureOfHttp2(error)));
  stream.on('close', () => {
    if (ended && stream.rstCode === 0) events.ended();
    else events.failed(failed('closed', 'connection closed before the end of the answer'));
  });
}

function failureOfHttp2(error: Error): Outcome {
  const code = 'code' in error ? error.code : '';
  if (code === 'ERR_HTTP2_STREAM_ERROR' || code === 'ERR_HTTP2_SESSION_ERROR') return failed('reset', error.message);
  if (code === 'ERR_HTTP2_STREAM_CANCEL') return failed('closed', 'connection closed before the end of the answer');
  return failureOf(error, 'protocol');
}
