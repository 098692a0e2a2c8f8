/**
 * A real server, as a program: node server.js NAME STATUS_FILE tcp=PORT udp=PORT http=PORT
 *   tcp   greets with "hello NAME", then sends every line back
 *   udp   answers every datagram with "NAME " and the datagram
 *   http  GET /healthz has the status that STATUS_FILE holds (200 without the file), every other path 200; the body is "NAME\n"
 * Prints "ready" when all listen. Ends on SIGTERM, connections included.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';

/** Idle HTTP connections stay open longer than any failover in the lab. */
const KEEP_ALIVE_MS = 120_000;

const [name = '', statusFile = '', ...listeners] = process.argv.slice(2);

function healthStatus(): number {
  try {
    return Number(readFileSync(statusFile, 'utf8').trim());
  } catch {
    return 200; // no file: healthy
  }
}

function listenTcp(port: number): Promise<void> {
  const server = createTcpServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // a client that went away is not our trouble
    socket.write(`hello ${name}\n`);
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => socket.write(`${line}\n`));
    lines.on('error', () => {}); // it repeats the socket's: a probe that ends its connection with a reset, for example
  });
  return new Promise((resolve) => server.listen(port, resolve));
}

/** One socket an address: only so an answer leaves with the address that was asked, the VIP on lo for example. */
async function listenUdp(port: number): Promise<void> {
  const local = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = local.filter(({ address }) => !address.startsWith('fe80:'));
  await Promise.all(usable.map(({ address, family }) => bindUdp(port, address, family === 'IPv6' ? 'udp6' : 'udp4')));
}

function bindUdp(port: number, address: string, type: 'udp4' | 'udp6'): Promise<void> {
  const socket = createSocket(type);
  socket.on('message', (message, from) => socket.send(`${name} ${message}`, from.port, from.address));
  return new Promise((resolve) => socket.bind(port, address, resolve));
}

function listenHttp(port: number): Promise<void> {
  const server = createServer((request, response) => {
    const status = request.url === '/healthz' ? healthStatus() : 200;
    const body = `${name}\n`;
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return new Promise((resolve) => server.listen(port, resolve));
}

const listen: Record<string, (port: number) => Promise<void>> = { tcp: listenTcp, udp: listenUdp, http: listenHttp };

process.on('SIGTERM', () => process.exit(0));
await Promise.all(
  listeners.map((listener) => {
    const [kind = '', port = ''] = listener.split('=');
    const start = listen[kind];
    if (start === undefined) throw new Error(`Unknown listener ${listener}: use tcp=PORT, udp=PORT or http=PORT`);
    return start(Number(port));
  }),
);
console.log('ready');
