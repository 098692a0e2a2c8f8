/**
 * HTTP and HTTPS probe: a connection of its own, one request, status and optionally a text in the body. Redirects are not
 * followed. The only file that imports undici.
 *
 * undici keeps one `Client` a target (a `Pool` would take 18 KB, a new one each time 40 % more CPU) and parses the answer.
 * The connection is made here: undici's own connector leaves a socket behind that is still connecting when the client is
 * destroyed, and its timers are only good to 500 ms.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { HttpCheckConfig } from '../config/types.ts';
import {
  ANSWER_LIMIT,
  beginSearch,
  excerpt,
  type Needle,
  needle,
  type Search,
  search,
  statusMatches,
  statusText,
} from '../health/expect.ts';
import type { ProbeResult } from '../health/types.ts';
import { Exchange, failed, failureOf, type Outcome, PASSED, type ProbeTarget } from './probe.ts';

/** Made once and shared: it holds nothing of a target, and making one for each connection costs more than the request. */
let systemTrust: SecureContext | undefined;

export interface HttpTargetOptions {
  /** PEM certificates to trust instead of Node's own list (which `NODE_EXTRA_CA_CERTS` adds to). */
  readonly ca?: string;
}

/** Probes one HTTP or HTTPS check. */
export class HttpTarget implements ProbeTarget {
  readonly #check: HttpCheckConfig;
  readonly #host: string;
  readonly #needle: Needle | null;
  readonly #ca: string | undefined;
  #trust: SecureContext | undefined;
  #client: Client | null = null;
  #socket: Socket | null = null;
  #exchange: Exchange | null = null;
  /** What the probe under way waits for, for the text of a timeout. */
  #awaited = '';

  constructor(check: HttpCheckConfig, options: HttpTargetOptions = {}) {
    this.#check = check;
    this.#host = check.host ?? hostAndPort(check.address, check.port);
    this.#needle = check.body === null ? null : needle(check.body);
    this.#ca = options.ca;
  }

  probe(): Promise<ProbeResult> {
    const { timeoutMs } = this.#check;
    const exchange = new Exchange(timeoutMs, () => failed('timeout', `no ${this.#awaited} within ${timeoutMs} ms`));
    this.#exchange = exchange;
    this.#awaited = 'connection';
    exchange.whenOver((outcome) => this.#letGo(outcome));
    try {
      this.#client ??= this.#newClient();
      const { method, path } = this.#check;
      const headers = { host: this.#host, 'user-agent': 'lvsd', accept: '*/*' };
      this.#client.dispatch({ method, path, headers, reset: true }, this.#handler(exchange));
    } catch (error) {
      exchange.end(failureOf(error, 'protocol'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
    this.#dropClient();
  }

  #newClient(): Client {
    return new Client(`${this.#check.type}://${hostAndPort(this.#check.address, this.#check.port)}`, {
      connect: (_options, callback) => this.#connect(callback),
      pipelining: 1,
      // The exchange has the deadline; undici's timers would only be two more.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  #connect(callback: buildConnector.Callback): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#socket !== null) {
      // undici connects anew when a connection ends before it was used. One probe is one connection.
      exchange?.end(failed('closed', 'connection closed before the request'));
      callback(new Error('one connection a probe'), null);
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
    const https = this.#check.type === 'https';
    const socket = https ? this.#connectTls() : this.#connectTcp();
    this.#socket = socket;
    socket.once(https ? 'secureConnect' : 'connect', () => {
      this.#awaited = 'answer';
      answer(socket);
    });
    let ended = false;
    socket.once('end', () => {
      ended = true;
    });
    socket.on('error', (error) => {
      // undici destroys the socket with its own errors, so all of them come here first.
      exchange.end(failureOfAnswer(error, ended, https ? 'tls' : 'protocol'));
      answer(null);
    });
    socket.on('close', () => answer(null));
  }

  #connectTcp(): Socket {
    return connectTcp({ host: this.#check.address, port: this.#check.port, noDelay: true });
  }

  #connectTls(): Socket {
    const name = nameOf(this.#host);
    const socket = connectTls({
      host: this.#check.address,
      port: this.#check.port,
      // Never a name that is an address: RFC 6066 section 3.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      secureContext: this.#secureContext(),
      rejectUnauthorized: this.#check.verify,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      ALPNProtocols: ['http/1.1'],
    });
    socket.setNoDelay(true);
    socket.once('connect', () => {
      this.#awaited = 'TLS handshake';
    });
    return socket;
  }

  /** No session is kept: a resumed one would not look at the certificate again, and it may have expired. */
  #secureContext(): SecureContext {
    if (this.#ca !== undefined) {
      this.#trust ??= createSecureContext({ ca: this.#ca });
      return this.#trust;
    }
    systemTrust ??= createSecureContext();
    return systemTrust;
  }

  #handler(exchange: Exchange): Dispatcher.DispatchHandler {
    const body = new Body(this.#needle);
    return {
      onRequestStart: () => {},
      onResponseStart: (_controller, status) => {
        // 1xx: the answer proper is still to come (RFC 9110 section 15.2).
        if (exchange.over || status < 200) return;
        this.#awaited = 'end of the answer';
        const wanted = this.#check.status;
        if (statusMatches(wanted, status)) return;
        exchange.end(failed('status', `HTTP status ${status}, expected ${statusText(wanted)}`));
      },
      onResponseData: (_controller, chunk) => {
        if (exchange.over) return;
        const outcome = body.take(chunk);
        if (outcome !== null) exchange.end(outcome);
      },
      onResponseEnd: () => exchange.end(body.atEnd()),
      onResponseError: (_controller, error) => exchange.end(failureOfAnswer(error, false, 'protocol')),
    };
  }

  /** Nothing of this probe may live on: the connection is never used again, however it ended. */
  #letGo(outcome: Outcome): void {
    this.#exchange = null;
    this.#socket?.destroy();
    this.#socket = null;
    // A client that never heard of its connection's end would wait for it for ever.
    if (!outcome.ok && (outcome.reason === 'timeout' || outcome.reason === 'local')) this.#dropClient();
  }

  #dropClient(): void {
    const client = this.#client;
    this.#client = null;
    client?.destroy(null, () => {});
  }
}

/** undici's codes for a connection that ended where the answer did not. Its parser has an error without a code for it. */
const CUT_SHORT = new Set(['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** The body so far. At most `ANSWER_LIMIT` bytes are read, whether a text is looked for or not. */
class Body {
  readonly #needle: Needle | null;
  #search: Search | null;
  #length = 0;
  #head: Uint8Array = new Uint8Array(0);

  constructor(needle: Needle | null) {
    this.#needle = needle;
    this.#search = needle === null ? null : beginSearch(needle);
  }

  /** The outcome, once it is certain. */
  take(chunk: Uint8Array): Outcome | null {
    if (this.#length === 0) this.#head = chunk;
    this.#length += chunk.length;
    if (this.#needle !== null && this.#search !== null) {
      this.#search = search(this.#needle, this.#search, chunk);
      if (this.#search.state === 'found') return PASSED;
    }
    return this.#length >= ANSWER_LIMIT ? this.#cut() : null;
  }

  atEnd(): Outcome {
    if (this.#search === null || this.#search.state === 'found') return PASSED;
    return failed('answer', `expected text not in the body of ${this.#length} bytes: ${excerpt(this.#head)}`);
  }

  #cut(): Outcome {
    if (this.#search === null) return PASSED;
    return failed('answer', `expected text not in the first ${ANSWER_LIMIT} bytes of the body: ${excerpt(this.#head)}`);
  }
}

/** What an error of the socket, of undici or of its parser means; `otherwise` if it is none of those: TLS, perhaps. */
function failureOfAnswer(error: Error, ended: boolean, otherwise: 'tls' | 'protocol'): Outcome {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const parser = error.name === 'HTTPParserError';
  if (CUT_SHORT.has(code) || (parser && ended)) {
    return failed('closed', `connection closed before the end of the answer: ${error.message}`);
  }
  return failureOf(error, parser || code.startsWith('UND_ERR_') ? 'protocol' : otherwise);
}

function hostAndPort(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The name a certificate must carry: the host without its port and brackets. */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '');
}
