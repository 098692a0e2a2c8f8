/** The connection of an HTTP or gRPC probe: dialled, introduced by a PROXY header, secured by TLS. */
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { HttpCheckConfig } from '../config/checks/http.ts';
import { proxyHeaderV1, proxyHeaderV2 } from '../health/proxy-header.ts';
import type { Result } from '../util/result.ts';
import { type DialTo, dialTcp } from './dial.ts';
import type { Outcome } from './probe.ts';
import { limitReading } from './read-limit.ts';
import { certificateWarning, tidied, tlsOver, trustOf } from './tls.ts';

export type ConnectTo = DialTo & Pick<HttpCheckConfig, 'tls' | 'proxyProtocol'>;

export interface ConnectionEvents {
  /** What is waited for from now on, for the text of a timeout. */
  readonly awaits: (what: string) => void;
  /** It may be used. `warning`: its certificate expires soon. */
  readonly ready: (socket: Socket, warning: string | undefined) => void;
  /** It failed, before or after it was ready. */
  readonly failed: (error: Error) => void;
  /** The server sends without end. */
  readonly exceeded: (outcome: Outcome) => void;
  /** It is closed, by whomever. */
  readonly closed: () => void;
}

/** Opens connections to one place. */
export class Connector {
  readonly #to: ConnectTo;
  readonly #alpn: readonly string[];
  #trust: Result<SecureContext | null, string> = { ok: true, value: null };

  /** `alpn`: the one protocol that will be spoken. */
  constructor(to: ConnectTo, alpn: string) {
    this.#to = to;
    this.#alpn = [alpn];
  }

  /** For each probe: reads a CA file that is new or has changed. Why nothing can be opened: this machine's fault. */
  prepare(): string | null {
    if (this.#to.tls !== null) this.#trust = trustOf(this.#to.tls);
    return this.#trust.ok ? null : this.#trust.error;
  }

  /** Whether TLS is spoken. */
  get secure(): boolean {
    return this.#to.tls !== null;
  }

  /** What is returned lets go of everything, at any time. */
  open(events: ConnectionEvents): () => void {
    const { tls } = this.#to;
    const trust = this.#trust.ok ? this.#trust.value : null;
    const socket = dialTcp(this.#to);
    const endLimit = limitReading(socket, events.exceeded);
    let secured: TLSSocket | null = null;
    events.awaits('connection');
    socket.on('error', events.failed);
    socket.on('close', () => {
      // Once it is secured, TLS tells of the end, after what it has to say about it.
      if (secured === null) events.closed();
    });
    socket.once('connect', () => {
      this.#introduce(socket);
      if (tls === null || trust === null) {
        events.awaits('answer');
        events.ready(socket, undefined);
        return;
      }
      events.awaits('TLS handshake');
      const over = tlsOver(socket, { tls, address: this.#to.address, trust, alpn: this.#alpn });
      over.on('error', (error) => events.failed(tidied(error)));
      over.on('close', events.closed);
      over.once('secureConnect', () => {
        events.awaits('answer');
        events.ready(over, certificateWarning(over, tls.expiryWarningDays, Date.now()));
      });
      secured = over;
    });
    return () => {
      endLimit();
      secured?.destroy();
      socket.destroy();
    };
  }

  #introduce(socket: Socket): void {
    const { proxyProtocol, address, port } = this.#to;
    if (proxyProtocol === null) return;
    const from = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    socket.write(proxyProtocol === 'v1' ? proxyHeaderV1(from, { address, port }) : proxyHeaderV2());
  }
}
