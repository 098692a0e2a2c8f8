/** Single rtnetlink requests with the kernel's answer in words. */
import { AttrWriter } from '../net/nlattr.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type DumpOutcome, NETLINK_ROUTE, type NetlinkMessage, NetlinkSocket } from './netlink.ts';
import { errnoName } from './socket.ts';

/** Writes one message; the sequence number is given. */
export type WriteRequest = (w: AttrWriter, seq: number) => void;

export class RtnlRequests {
  readonly #socket = new NetlinkSocket(NETLINK_ROUTE);
  readonly #writer = new AttrWriter(512);

  /** Notifications of what we changed carry it. */
  get portId(): number {
    return this.#socket.portId;
  }

  /**
   * A change. True: the kernel made it; false: it answered with one of `fine`, so that there was nothing to change. The
   * error is what the kernel said.
   */
  change(write: WriteRequest, fine: readonly number[]): Result<boolean, string> {
    const reply = this.#socket.request(this.#written(write));
    if (reply === 'no-reply') return err('the kernel did not answer');
    if (reply.errno === 0) return ok(true);
    if (fine.includes(reply.errno)) return ok(false);
    const name = errnoName(reply.errno);
    return err(reply.text === null ? name : `${name} (${reply.text})`);
  }

  /** The first answer to a question, or null. */
  get(write: WriteRequest): NetlinkMessage | null {
    const reply = this.#socket.request(this.#written(write));
    return reply === 'no-reply' ? null : (reply.replies[0] ?? null);
  }

  dump(write: WriteRequest, each: (object: NetlinkMessage) => void): DumpOutcome {
    return this.#socket.dump(this.#written(write), each);
  }

  close(): void {
    this.#socket.close();
  }

  #written(write: WriteRequest): Uint8Array {
    this.#writer.reset();
    write(this.#writer, this.#socket.nextSeq());
    return this.#writer.finish();
  }
}
