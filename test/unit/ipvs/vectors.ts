/** The recorded conversation with the kernel: test/vectors/ipvs-netlink.json. */
import { readFileSync } from 'node:fs';

/** One exchange, in hexadecimal; messages begin with nlmsghdr. */
export interface Vector {
  readonly name: string;
  readonly request: string;
  /** 'OK', 'DONE(0)', 'EEXIST(17)'; null: no verdict came. */
  readonly result: string | null;
  readonly replies: readonly string[];
}

const file: { readonly vectors: readonly Vector[] } = JSON.parse(
  readFileSync('test/vectors/ipvs-netlink.json', 'utf8'),
);

export const vectors = file.vectors;

/** The vector at that place; its number is its identity, names repeat. */
export function vector(index: number): Vector {
  const found = vectors[index];
  if (found === undefined) throw new RangeError(`no vector ${index}`);
  return found;
}

/** The family's messages among the replies of a vector, without nlmsghdr: what a decoder gets. */
export function payloads(index: number): Uint8Array[] {
  return vector(index)
    .replies.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))
    .filter((message) => message[4] === 0x1c)
    .map((message) => message.subarray(16));
}
