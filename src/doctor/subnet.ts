/** Is an address in the subnet of another one? Pure. */
import { type Address, parseAddress } from '../net/ip.ts';

/** Whether `address` is in the subnet that an interface's address and prefix length make. */
export function isInPrefix(
  address: Address,
  { address: text, prefixLength }: { readonly address: string; readonly prefixLength: number },
): boolean {
  const base = parseAddress(text);
  if (base === null || base.family !== address.family) return false;
  return address.bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((base.bytes[index] ?? 0) & mask);
  });
}
