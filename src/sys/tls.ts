/**
 * TLS on top of a connection: whom to trust, what to check, when a certificate expires.
 *
 * No session is kept: a resumed one would not look at the certificate again, and it may have expired.
 */
import { readFileSync, statSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { TlsConfig } from '../config/checks/tls.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';

/** Made once and shared: it holds nothing of a target, and making one for each connection costs more than the request. */
let systemTrust: SecureContext | undefined;

interface Trusted {
  readonly changed: string;
  readonly context: SecureContext;
}
/** By path: as many checks may share a file. As many entries as files are named in configurations. */
const byFile = new Map<string, Trusted>();

/**
 * Whom a check trusts: to be asked when its target is made. The error says which file could not be read and why, and is
 * a `local` failure: the server may be well.
 */
export function trustOf({ caFile }: Pick<TlsConfig, 'caFile'>): Result<SecureContext, string> {
  if (caFile === null) {
    systemTrust ??= createSecureContext();
    return ok(systemTrust);
  }
  try {
    const { mtimeMs, size, ino } = statSync(caFile);
    const changed = `${mtimeMs} ${size} ${ino}`;
    const known = byFile.get(caFile);
    if (known?.changed === changed) return ok(known.context);
    const pem = readFileSync(caFile, 'utf8');
    // Node takes a file without any certificate for one that trusts nobody: every server would be to blame.
    if (!pem.includes('-----BEGIN ')) return err(`cannot use the CA file ${caFile}: no PEM certificate in it`);
    const context = createSecureContext({ ca: pem });
    byFile.set(caFile, { changed, context });
    return ok(context);
  } catch (error) {
    return err(`cannot use the CA file ${caFile}: ${messageOf(error)}`);
  }
}

export interface TlsOverOptions {
  readonly tls: Pick<TlsConfig, 'serverName' | 'verify'>;
  /** Of the server: what the certificate must be for without a name. */
  readonly address: string;
  readonly trust: SecureContext;
  /** Protocols to offer, best first; none: no ALPN. */
  readonly alpn?: readonly string[];
}

/**
 * Begins a handshake over a connection, which may still be connecting. The result has `secureConnect` when the handshake
 * is done and the certificate found good, else `error`; destroying it destroys the connection too.
 */
export function tlsOver(socket: Socket, { tls, address, trust, alpn }: TlsOverOptions): TLSSocket {
  const name = tls.serverName ?? address;
  const over = connect({
    socket,
    // Never a name that is an address: RFC 6066 section 3.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext: trust,
    rejectUnauthorized: tls.verify,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  });
  over.once('close', () => socket.destroy());
  return over;
}

/** OpenSSL's messages name its source files; its reason, which Node keeps beside them, says the same. */
export function tidied(error: Error): Error {
  if ('reason' in error && typeof error.reason === 'string' && error.message.includes('SSL routines')) {
    error.message = error.reason;
  }
  return error;
}

const DAY_MS = 86_400_000;

/** What to tell of a certificate that expires within `days`, seen after `secureConnect`; undefined: nothing. */
export function certificateWarning(socket: TLSSocket, days: number, nowMs: number): string | undefined {
  if (days === 0) return undefined;
  const expires = socket.getPeerX509Certificate()?.validTo;
  const leftMs = Date.parse(expires ?? '') - nowMs;
  if (Number.isNaN(leftMs) || leftMs > days * DAY_MS) return undefined;
  if (leftMs <= 0) return `certificate expired on ${expires}`;
  const left = Math.floor(leftMs / DAY_MS);
  return `certificate expires in ${left} ${left === 1 ? 'day' : 'days'}, on ${expires}`;
}
