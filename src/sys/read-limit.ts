/**
 * How much of what a server sends is read. Answers have limits of their own, but not everything is part of an answer:
 * interim responses, chunk extensions, HTTP/2 frames for other things, TLS records without data. A server that sends those
 * without end would have a processor for itself until the deadline of its probe.
 */
import type { Socket } from 'node:net';
import { failed, type Outcome } from './probe.ts';

/** Far more than the answers to all requests of a check, 20 of at most 80 KiB. */
const MOST_BYTES = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 50;

/** Watches a connection from now on, on which nothing was read yet; what is returned ends that. `exceeded` is called once. */
export function limitReading(socket: Socket, exceeded: (outcome: Outcome) => void): () => void {
  const looking = setInterval(() => {
    if (socket.bytesRead <= MOST_BYTES) return;
    clearInterval(looking);
    exceeded(failed('answer', `the server sent ${socket.bytesRead} bytes, and the answer is not at its end`));
  }, LOOK_EVERY_MS);
  return () => clearInterval(looking);
}
