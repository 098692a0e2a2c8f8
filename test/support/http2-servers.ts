/** HTTP/2 servers on loopback, for the tests of the probes. All are closed by `closeHttp2Servers`. */
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Certificate, LOOPBACK } from './probe-servers.ts';

const closers: (() => void)[] = [];

export function closeHttp2Servers(): void {
  for (const close of closers.splice(0)) close();
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('sessionError', () => {});
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('Cannot listen: no port');
  return bound.port;
}

type Answer = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** With a certificate: over TLS, and HTTP/2 only. */
export function http2Server(answer: Answer, certificate?: Certificate): Promise<number> {
  const server = certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer);
  server.on('session', (session) => session.on('error', () => {}));
  return listen(server);
}

/** A TLS server that knows nothing of ALPN, and says nothing. */
export function silentTlsServer(certificate: Certificate): Promise<number> {
  return listen(createTlsServer({ ...certificate }, (socket) => socket.on('error', () => {})));
}

/** Answers are made frame by frame. */
export function streamServer(
  onStream: (stream: ServerHttp2Stream, path: string) => void,
  certificate?: Certificate,
): Promise<number> {
  const server = certificate === undefined ? createServer() : createSecureServer(certificate);
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, String(headers[':path']));
  });
  return listen(server);
}
