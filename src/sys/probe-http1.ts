/**
 * HTTP/1.1: a connection of its own for each request. The only file that imports undici.
 *
 * undici keeps one `Client` a target (a `Pool` would take 18 KB, a new one each time 40 % more CPU) and parses the answer.
 * The connection is made here: undici's own connector leaves a socket behind that is still connecting when the client is
 * destroyed, and its timers are only good to 500 ms.
 */
import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { HttpCheckConfig } from '../config/checks/http.ts';
import { failed, failureOf, type Outcome } from './probe.ts';
import { Connector } from './probe-http-connection.ts';
import { type Asked, type Asker, hostAndPort, interimCounter, type Request } from './probe-http-request.ts';

export class Http1Asker implements Asker {
  readonly #origin: string;
  readonly #otherwise: 'tls' | 'protocol';
  readonly #connector: Connector;
  #client: Client | null = null;
  #asked: Asked | null = null;
  /** Of the connection of the request under way. */
  #release: (() => void) | null = null;
  /** The server has ended it. */
  #ended = false;

  constructor(check: HttpCheckConfig) {
    this.#origin = `${check.type}://${hostAndPort(check.address, check.port)}`;
    this.#otherwise = check.tls === null ? 'protocol' : 'tls';
    this.#connector = new Connector(check, 'http/1.1');
  }

  prepare(): string | null {
    return this.#connector.prepare();
  }

  ask({ method, path, host, headers, body }: Request, asked: Asked): void {
    this.#asked = asked;
    try {
      this.#client ??= this.#newClient();
      this.#client.dispatch({ method, path, headers: { host, ...headers }, body, reset: true }, this.#handler(asked));
    } catch (error) {
      this.#finish(asked, failureOf(error, 'protocol'));
    }
  }

  letGo(outcome: Outcome): void {
    if (this.#asked !== null) this.#asked.over = true;
    this.#asked = null;
    this.#drop();
    // A client that never heard of its connection's end would wait for it for ever.
    if (!outcome.ok && (outcome.reason === 'timeout' || outcome.reason === 'local')) this.close();
  }

  close(): void {
    const client = this.#client;
    this.#client = null;
    client?.destroy(null, () => {});
  }

  #newClient(): Client {
    return new Client(this.#origin, {
      connect: (_options, callback) => this.#connect(callback),
      pipelining: 1,
      // The probe has its deadline; undici's timers would only be two more.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  #connect(callback: buildConnector.Callback): void {
    const asked = this.#asked;
    if (asked === null || this.#release !== null) {
      // undici connects anew when a connection ends before it was used. One request is one connection.
      if (asked !== null) this.#finish(asked, failed('closed', 'connection closed before the request'));
      callback(new Error('one connection a request'), null);
      return;
    }
    let pending = true;
    const answer = (socket: Socket | null): void => {
      if (!pending) return;
      pending = false;
      // The outcome is settled by now; a plain error makes undici drop the request, whatever it thinks of errors' codes.
      if (socket === null) callback(new Error('not connected'), null);
      else callback(null, socket);
    };
    this.#ended = false;
    this.#release = this.#connector.open({
      awaits: asked.awaits,
      ready: (socket, warning) => {
        if (warning !== undefined) asked.warn(warning);
        socket.once('end', () => {
          this.#ended = true;
        });
        answer(socket);
      },
      failed: (error) => {
        // undici destroys the socket with its own errors, so all of them come here first.
        this.#finish(asked, this.#failureOf(error, this.#otherwise));
        answer(null);
      },
      exceeded: (outcome) => {
        this.#finish(asked, outcome);
        answer(null);
      },
      closed: () => {
        if (pending) this.#finish(asked, failed('closed', 'connection closed before the request'));
        answer(null);
      },
    });
  }

  #handler(asked: Asked): Dispatcher.DispatchHandler {
    const { answer } = asked;
    const interim = interimCounter();
    const heard = (outcome: Outcome | null): void => {
      if (outcome !== null) this.#finish(asked, outcome);
    };
    return {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, headers) => {
        // 1xx: the answer proper is still to come (RFC 9110 section 15.2).
        if (asked.over) return;
        if (status < 200) {
          heard(interim());
          return;
        }
        asked.awaits('end of the answer');
        const outcome = answer.begin(status, (name) => lastOf(headers[name]));
        // Without a body, whatever Content-Length says (RFC 9110 section 8.6), of which undici would make an error.
        heard(outcome ?? (status === 204 || status === 304 ? answer.end() : null));
      },
      onResponseData: (_controller, chunk) => {
        if (!asked.over) heard(answer.take(chunk));
      },
      onResponseEnd: () => {
        if (!asked.over) heard(answer.end());
      },
      onResponseError: (_controller, error) => heard(this.#failureOf(error, 'protocol')),
    };
  }

  /** The connection is never used again, however the request ended. */
  #finish(asked: Asked, outcome: Outcome): void {
    if (asked.over) return;
    asked.over = true;
    this.#drop();
    asked.done(outcome);
  }

  /** What an error of the socket, of undici or of its parser means; `otherwise` if it is none of those: TLS, perhaps. */
  #failureOf(error: Error, otherwise: 'tls' | 'protocol'): Outcome {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    // The parser's errors have no code of undici's.
    const isAnswer = error.name === 'HTTPParserError' || code.startsWith('UND_ERR_');
    if (isAnswer && this.#ended) {
      return failed('closed', `connection closed before the end of the answer: ${error.message}`);
    }
    return failureOf(error, isAnswer ? 'protocol' : otherwise);
  }

  #drop(): void {
    this.#release?.();
    this.#release = null;
  }
}

function lastOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.at(-1) : value;
}
