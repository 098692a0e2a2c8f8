/** Servers on loopback that behave well or badly, for the tests of the probes. All are closed by `closeServers`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpCheckConfig } from '../../src/config/checks/http.ts';
import type { StepConfig } from '../../src/config/checks/steps.ts';
import type { TcpCheckConfig } from '../../src/config/checks/tcp.ts';
import type { UdpCheckConfig } from '../../src/config/checks/udp.ts';
import type { CheckCommon } from '../../src/config/types-checks.ts';
import { httpPart, type PlainHttp } from './http-check.ts';
import { PLAIN_CHECK } from './plain-check.ts';

export const LOOPBACK = '127.0.0.1';

const COMMON = {
  ...PLAIN_CHECK,
  address: LOOPBACK,
  intervalMs: 1000,
  fastIntervalMs: 1000,
  timeoutMs: 2000,
  rise: 1,
  fall: 1,
};

export function tcpCheck(port: number, check: Partial<TcpCheckConfig> = {}): TcpCheckConfig {
  return { ...COMMON, port, type: 'tcp', steps: [], ...check };
}

/** The steps of a tcp check that sends a text, or nothing, and perhaps waits for one. */
export function conversation({ send, expect }: { send?: string; expect?: string }): readonly StepConfig[] {
  const steps: StepConfig[] = [];
  if (send !== undefined) steps.push({ do: 'send', payload: { kind: 'text', text: send } });
  if (expect === undefined) return steps;
  return [
    ...steps,
    { do: 'expect', pattern: { kind: 'text', text: expect }, reject: null, answer: null, withinMs: null },
  ];
}

export function httpCheck(port: number, check: PlainHttp & Partial<CheckCommon> = {}): HttpCheckConfig {
  const given = Object.entries(check).filter(([key]) => key in PLAIN_CHECK);
  return { ...COMMON, port, ...Object.fromEntries(given), ...httpPart(check) };
}

export function udpCheck(port: number, check: Partial<UdpCheckConfig> = {}): UdpCheckConfig {
  const send = { kind: 'text', text: 'PING' } as const;
  const reply = { expect: null, replyRequired: (check.expect ?? null) !== null, replyLength: { min: 0, max: 65_535 } };
  return { ...COMMON, port, type: 'udp', send, ...reply, tries: 1, ...check };
}

const closers: (() => void)[] = [];

/** Ends every server and connection started by this file. */
export function closeServers(): void {
  for (const close of closers.splice(0)) close();
}

/** A TCP server. Resolves with its port. */
export async function tcpServer(onConnection: (socket: Socket) => void, address = LOOPBACK): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listen(server, address);
}

/** Lets any `net` server (http, https) listen, and closes it in the end. Resolves with its port. */
export async function serve(server: import('node:http').Server | import('node:https').Server): Promise<number> {
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server, LOOPBACK);
}

async function listen(server: import('node:net').Server, address: string): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('Cannot listen: no port');
  return bound.port;
}

/** A UDP server that calls back for each datagram, numbered from 1. Resolves with its port. */
export async function udpServer(
  onDatagram: (server: UdpSocket, from: RemoteInfo, count: number, datagram: Buffer) => void,
  address = LOOPBACK,
  port = 0,
): Promise<number> {
  const server = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let count = 0;
  server.on('message', (datagram, from) => onDatagram(server, from, ++count, datagram));
  server.on('error', () => {});
  closers.push(() => server.close());
  server.bind(port, address);
  await once(server, 'listening');
  return server.address().port;
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, LOOPBACK);
  server.close();
  await once(server, 'close');
  return port;
}

/** A port where no connection comes about: its listener is stuck and its queue full, so the kernel drops every SYN. */
export async function deafPort(): Promise<number> {
  const script = `const s = require('node:net').createServer().listen({port: 0, host: '${LOOPBACK}', backlog: 1}, () => {
    require('node:fs').writeSync(1, String(s.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000); process.exit(); });`;
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  if (child.stdout === null) throw new Error('Cannot read the port: no pipe');
  const [text] = await once(child.stdout, 'data');
  const port = Number(String(text));
  for (let i = 0; i < 4; i++) {
    const filler = connect(port, LOOPBACK).on('error', () => {});
    closers.push(() => filler.destroy());
  }
  return port;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate for `name` and 127.0.0.1, made by openssl; valid for `days`, below 0 = expired. */
export function selfSigned(name: string, days: number): Certificate {
  const dir = mkdtempSync(join(tmpdir(), 'lvsd-probe-'));
  try {
    const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
    const names = `subjectAltName=DNS:${name},IP:${LOOPBACK}`;
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
    run('req', '-new', ...key, '-out', 'request.pem', '-subj', `/CN=${name}`, '-addext', names);
    const sign = ['-signkey', 'key.pem', '-days', String(days), '-copy_extensions', 'copy', '-out', 'cert.pem'];
    run('x509', '-req', '-in', 'request.pem', ...sign);
    return { key: readFileSync(join(dir, 'key.pem'), 'utf8'), cert: readFileSync(join(dir, 'cert.pem'), 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
