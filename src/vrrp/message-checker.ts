/**
 * The checks of receive.ts for many virtual routers. An Active Router says the same thing again and again: a message that is
 * octet for octet the last good one of its virtual router needs no second look, and nothing is allocated for it. Pure.
 */
import { compareBytes } from '../net/ip.ts';
import type { Result } from '../util/result.ts';
import type { DecodedAdvert } from './packet.ts';
import { checkMessage, type Expected, type ReceivedMessage, type Refusal, vridOf } from './receive.ts';

/** A good message, and what it was good for. */
interface Known {
  readonly message: ReceivedMessage;
  readonly router: Expected;
  readonly ownAddress: Uint8Array;
  readonly checked: Result<DecodedAdvert, Refusal>;
}

export class MessageChecker {
  /** By virtual router identifier. */
  readonly #known = new Map<number, Known>();

  /** As `checkMessage`. `router` and `ownAddress` must be other objects when they change. */
  check(message: ReceivedMessage, router: Expected | null, ownAddress: Uint8Array): Result<DecodedAdvert, Refusal> {
    const vrid = vridOf(message);
    const known = this.#known.get(vrid);
    const isSame = known !== undefined && known.router === router && known.ownAddress === ownAddress;
    if (isSame && isSameMessage(known.message, message)) return known.checked;
    const checked = checkMessage(message, router, ownAddress);
    if (checked.ok && router !== null) this.#known.set(vrid, { message: copyOf(message), router, ownAddress, checked });
    return checked;
  }
}

function isSameMessage(a: ReceivedMessage, b: ReceivedMessage): boolean {
  return (
    compareBytes(a.data, b.data) === 0 &&
    compareBytes(a.source, b.source) === 0 &&
    compareBytes(a.destination, b.destination) === 0 &&
    a.ttl === b.ttl &&
    a.envelope === b.envelope &&
    a.behindHeader === b.behindHeader
  );
}

/** What the transport gave may be used again. */
function copyOf(message: ReceivedMessage): ReceivedMessage {
  const { data, source, destination } = message;
  return { ...message, data: data.slice(), source: source.slice(), destination: destination.slice() };
}
