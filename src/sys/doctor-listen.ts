/** Listens for connection sync messages of the other director, beside the kernel's own daemon. */
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { SyncMessageFact } from '../doctor/facts.ts';
import type { SyncIntent } from '../doctor/intent.ts';
import { parseSyncMessage } from '../doctor/proc.ts';
import { err, ok, type Result } from '../util/result.ts';

const DEFAULT_GROUP = '224.0.0.81';
const DEFAULT_PORT = 8848;
/** Different senders that are worth knowing: there is one, normally. */
const MOST_SENDERS = 16;

/** Joins the group on the interface for that time. One message of each sender and sync id; ours are not among them. */
export function hearSyncMessages(
  sync: SyncIntent,
  listenMs: number,
): Promise<Result<readonly SyncMessageFact[], string>> {
  const group = sync.group ?? DEFAULT_GROUP;
  const family = group.includes(':') ? 6 : 4;
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
  const local = networkInterfaces()[sync.interface]?.find((item) => item.family === `IPv${family}`)?.address;
  if (local === undefined) return Promise.resolve(err(`${sync.interface} has no IPv${family} address`));
  return new Promise((resolve) => {
    const heard = new Map<string, SyncMessageFact>();
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', reuseAddr: true });
    const finish = (result: Result<readonly SyncMessageFact[], string>): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(ok([...heard.values()])), listenMs);
    socket.on('error', (error) => finish(err(error.message)));
    socket.on('message', (data, { address }) => {
      const [from = address] = address.split('%');
      const message = own.includes(from) || heard.size >= MOST_SENDERS ? null : parseSyncMessage(data, from);
      if (message !== null) heard.set(`${from} ${message.syncId} ${message.version}`, message);
    });
    const address = family === 4 ? group : `${group}%${sync.interface}`; // ff02:: is of one link
    socket.bind({ address, port: sync.port || DEFAULT_PORT }, () => {
      try {
        socket.addMembership(group, family === 4 ? local : `::%${sync.interface}`);
      } catch (error) {
        finish(err(error instanceof Error ? error.message : String(error)));
      }
    });
  });
}
