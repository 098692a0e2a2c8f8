/** gRPC probe: asks `grpc.health.v1.Health/Check`, on a connection of its own. */
import { constants, type IncomingHttpHeaders } from 'node:http2';
import type { GrpcCheckConfig } from '../config/checks/grpc.ts';
import {
  decodeHealthResponse,
  GRPC_HEALTH_PATH,
  GRPC_MESSAGE_LIMIT,
  grpcCode,
  grpcMessage,
  healthRequest,
} from '../health/grpc-health.ts';
import type { ProbeResult } from '../health/types.ts';
import { Exchange, failed, type Outcome, PASSED, type ProbeTarget } from './probe.ts';
import { Connector } from './probe-http-connection.ts';
import { hostAndPort } from './probe-http-request.ts';
import { Http2Connection } from './probe-http2-session.ts';

/** Probes one grpc check. */
export class GrpcTarget implements ProbeTarget {
  readonly #check: GrpcCheckConfig;
  readonly #connector: Connector;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #request: Uint8Array;
  #exchange: Exchange | null = null;

  constructor(check: GrpcCheckConfig) {
    this.#check = check;
    this.#connector = new Connector({ ...check, proxyProtocol: null }, 'h2');
    this.#request = healthRequest(check.service);
    const { address, port, tls, timeoutMs } = check;
    this.#headers = {
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: GRPC_HEALTH_PATH,
      [constants.HTTP2_HEADER_SCHEME]: tls === null ? 'http' : 'https',
      [constants.HTTP2_HEADER_AUTHORITY]: tls?.serverName ? `${tls.serverName}:${port}` : hostAndPort(address, port),
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'lvsd',
      'grpc-timeout': `${timeoutMs}m`,
    };
  }

  probe(): Promise<ProbeResult> {
    const { timeoutMs } = this.#check;
    let awaited = 'connection';
    let warning: string | null = null;
    const exchange = new Exchange(timeoutMs, () => failed('timeout', `no ${awaited} within ${timeoutMs} ms`));
    this.#exchange = exchange;
    const problem = this.#connector.prepare();
    if (problem !== null) {
      exchange.end(failed('local', problem));
      return exchange.result;
    }
    const end = (outcome: Outcome): void => {
      exchange.end(outcome === PASSED && warning !== null ? { ok: true, warning } : outcome);
    };
    const connection: Http2Connection = new Http2Connection(this.#connector, {
      awaits: (what) => {
        awaited = what;
      },
      warn: (said) => {
        warning = said;
      },
      failed: end,
      ready: () => this.#ask(connection, end),
    });
    exchange.whenOver(() => connection.destroy());
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
  }

  #ask(connection: Http2Connection, end: (outcome: Outcome) => void): void {
    const answer = new GrpcAnswer(this.#check.service);
    const heard = (outcome: Outcome | null): void => {
      if (outcome !== null) end(outcome);
    };
    connection.request(this.#headers, this.#request, {
      begun: (headers) => heard(answer.begin(headers)),
      took: (chunk) => heard(answer.take(chunk)),
      trailers: (headers) => answer.trailers(headers),
      ended: () => end(answer.end()),
      failed: end,
    });
  }
}

/** One answer: headers, message, trailers; or all headers at once, where there is no message ("trailers-only"). */
class GrpcAnswer {
  readonly #service: string;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #status: string | null = null;
  #message = '';

  constructor(service: string) {
    this.#service = service;
  }

  /** Null: go on. */
  begin(headers: IncomingHttpHeaders): Outcome | null {
    const status = Number(headers[':status']);
    if (status !== 200) return failed('status', `HTTP status ${status}, expected 200: no gRPC server answers here`);
    const type = headers['content-type'] ?? 'nothing';
    if (!/^application\/grpc(?:[+;]|$)/.test(type)) {
      return failed('protocol', `the answer is ${JSON.stringify(type.slice(0, 60))}, not application/grpc`);
    }
    this.trailers(headers);
    return null;
  }

  take(chunk: Uint8Array): Outcome | null {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= GRPC_MESSAGE_LIMIT) return null;
    return failed('answer', `the answer is longer than ${GRPC_MESSAGE_LIMIT} bytes: not one of the health service`);
  }

  trailers(headers: IncomingHttpHeaders): void {
    const [status, message] = [headers['grpc-status'], headers['grpc-message']];
    if (typeof status === 'string') this.#status = status;
    if (typeof message === 'string') this.#message = grpcMessage(message).slice(0, 200);
  }

  end(): Outcome {
    const code = this.#status === null ? null : grpcCode(this.#status);
    if (code === null) return failed('protocol', 'the answer ends without a grpc-status');
    if (code.number !== 0) return this.#refused(code);
    const status = decodeHealthResponse(Buffer.concat(this.#chunks));
    if (!status.ok) return failed('protocol', `cannot read the answer of the health service: ${status.error}`);
    switch (status.value) {
      case 'SERVING':
        return PASSED;
      case 'NOT_SERVING':
        return failed('told', `${this.#what()} says NOT_SERVING`);
      case 'UNKNOWN':
        return failed('answer', `${this.#what()} says UNKNOWN: its health was not set yet`);
      case 'SERVICE_UNKNOWN':
        return failed('answer', `${this.#what()} is not known to the health service (SERVICE_UNKNOWN)`);
    }
  }

  #refused({ number, name }: { readonly number: number; readonly name: string }): Outcome {
    const said = this.#message === '' ? '' : `: ${this.#message}`;
    if (name === 'NOT_FOUND') {
      return failed('answer', `${this.#what()} is not known to the health service (gRPC status 5 NOT_FOUND)${said}`);
    }
    if (name === 'UNIMPLEMENTED') {
      return failed('answer', `the server has no gRPC health service (gRPC status 12 UNIMPLEMENTED)${said}`);
    }
    return failed('status', `gRPC status ${number} ${name}${said}`);
  }

  #what(): string {
    return this.#service === '' ? 'the server' : `service ${this.#service}`;
  }
}
