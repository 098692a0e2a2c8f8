/**
 * VRRP messages over UDP, for networks that drop protocol 112 or multicast and for running without privileges.
 *
 * Differences from the standard, because node:dgram cannot do better: the TTL of what is received is not known, and a
 * multicast socket hears every interface that some socket of the machine joined, so on IPv4 the sender's address is the
 * only scope. UDP carries a checksum of its own with the real addresses; the one inside the message is summed with
 * addresses of zero.
 */
import { createSocket, type Socket } from 'node:dgram';
import { formatAddress, parseAddress } from '../net/ip.ts';
import type { TransportHandlers, TransportPlace, VrrpTransport } from './vrrp-transport.ts';

const GROUP: Readonly<Record<4 | 6, string>> = { 4: '224.0.0.18', 6: 'ff02::12' };

/** Opens the transport; errors of binding arrive through `failed`. */
export function openUdpTransport(place: TransportPlace, port: number, handlers: TransportHandlers): VrrpTransport {
  const v4 = place.family === 4;
  const zero = new Uint8Array(v4 ? 4 : 16);
  const envelope = { source: zero, destination: zero };
  const scope = v4 ? '' : `%${place.interfaceName}`;
  const socket = createSocket({ type: v4 ? 'udp4' : 'udp6', reuseAddr: true });
  let bound = false;
  let closed = false;
  socket.on('error', (error) =>
    handlers.broken(`Cannot use UDP port ${port} on ${place.interfaceName}: ${error.message}`),
  );
  socket.on('message', (data, remote) => {
    const [text = '', zone] = remote.address.split('%');
    const source = parseAddress(text)?.bytes;
    if (source === undefined || (zone !== undefined && zone !== place.interfaceName)) return;
    handlers.message({ data, source, destination: zero, envelope, ttl: null, arrivedAt: null });
  });
  socket.bind(port, () => {
    bound = true;
    if (!closed) joinGroup(socket, place, scope, handlers);
  });
  return {
    envelope,
    send(message, peers) {
      if (!bound || closed) return;
      const receivers = peers.length > 0 ? peers : [GROUP[place.family]];
      for (const receiver of receivers) {
        const linkLocal = !v4 && receiver.startsWith('f');
        socket.send(message, port, linkLocal ? `${receiver}${scope}` : receiver, (error) => {
          if (error !== null) handlers.failed(`Cannot send to ${receiver}: ${error.message}`);
        });
      }
    },
    // One turn of the event loop reads what is waiting.
    drain: (done) => setImmediate(() => !closed && done()),
    close() {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}

function joinGroup(socket: Socket, place: TransportPlace, scope: string, handlers: TransportHandlers): void {
  try {
    const local = place.family === 4 ? formatAddress(place.source) : `::${scope}`;
    socket.addMembership(GROUP[place.family], local);
    socket.setMulticastInterface(local);
    socket.setMulticastTTL(255);
    socket.setMulticastLoopback(false);
    socket.setTTL(255);
  } catch (error) {
    handlers.broken(`Cannot join ${GROUP[place.family]} on ${place.interfaceName}: ${String(error)}`);
  }
}
