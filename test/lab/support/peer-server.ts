/**
 * A server that says who asks, as a program: node peer-server.js NAME PORT...
 * Answers every line (TCP) and every datagram (UDP), IPv4 and IPv6, with "NAME ADDRESS": its name and the address the
 * question came from. Prints "ready" when all ports listen. Ends on SIGTERM, connections included.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [name = '', ...ports] = process.argv.slice(2);

const said = (address: string | undefined): string => `${name} ${(address ?? '?').replace('::ffff:', '')}\n`;

function listenTcp(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // a client that went away is not our trouble
    const lines = createInterface({ input: socket });
    lines.on('line', () => socket.write(said(socket.remoteAddress)));
    lines.on('error', () => {}); // it repeats the socket's
  });
  return new Promise((resolve) => server.listen(port, '::', resolve));
}

function listenUdp(port: number): Promise<void> {
  const socket = createSocket('udp6');
  socket.on('message', (_, from) => socket.send(said(from.address), from.port, from.address));
  return new Promise((resolve) => socket.bind(port, resolve));
}

process.on('SIGTERM', () => process.exit(0));
await Promise.all(ports.flatMap((port) => [listenTcp(Number(port)), listenUdp(Number(port))]));
console.log('ready');
