/** HTTP/2: all requests of a probe on one connection. */
import type { HttpCheckConfig } from '../config/checks/http.ts';
import type { Outcome } from './probe.ts';
import { Connector } from './probe-http-connection.ts';
import type { Asked, Asker, Request } from './probe-http-request.ts';
import { Http2Connection } from './probe-http2-session.ts';

export class Http2Asker implements Asker {
  readonly #scheme: 'http' | 'https';
  readonly #connector: Connector;
  #connection: Http2Connection | null = null;
  #asked: Asked | null = null;

  constructor(check: HttpCheckConfig) {
    this.#scheme = check.type;
    this.#connector = new Connector(check, 'h2');
  }

  prepare(): string | null {
    return this.#connector.prepare();
  }

  ask(request: Request, asked: Asked): void {
    this.#asked = asked;
    if (this.#connection !== null) {
      this.#request(this.#connection, request, asked);
      return;
    }
    const connection: Http2Connection = new Http2Connection(this.#connector, {
      awaits: asked.awaits,
      warn: asked.warn,
      failed: (outcome) => {
        if (this.#asked !== null) finish(this.#asked, outcome);
      },
      ready: () => this.#request(connection, request, asked),
    });
    this.#connection = connection;
  }

  letGo(_outcome: Outcome): void {
    if (this.#asked !== null) this.#asked.over = true;
    this.#asked = null;
    this.close();
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  #request(connection: Http2Connection, request: Request, asked: Asked): void {
    const { answer } = asked;
    let cancel = (): void => {};
    const heard = (outcome: Outcome | null): void => {
      if (outcome === null || asked.over) return;
      // What is left of this answer must not come beside the next.
      cancel();
      finish(asked, outcome);
    };
    asked.awaits('answer');
    const headers = {
      ':method': request.method,
      ':path': request.path,
      ':scheme': this.#scheme,
      ':authority': request.host,
      ...request.headers,
      ...(request.body === null ? {} : { 'content-length': Buffer.byteLength(request.body) }),
    };
    cancel = connection.request(headers, request.body, {
      begun: (got) => {
        if (asked.over) return;
        asked.awaits('end of the answer');
        heard(answer.begin(Number(got[':status']), (name) => lastOf(got[name])));
      },
      took: (chunk) => {
        if (!asked.over) heard(answer.take(chunk));
      },
      trailers: () => {},
      ended: () => {
        if (!asked.over) heard(answer.end());
      },
      failed: heard,
    });
  }
}

function finish(asked: Asked, outcome: Outcome): void {
  if (asked.over) return;
  asked.over = true;
  asked.done(outcome);
}

function lastOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.at(-1) : value;
}
