/** Which own address a BFD session speaks from. Pure. */
import type { BfdSessionConfig } from '../config/types-bfd.ts';
import { compareBytes, formatAddress, isLinkLocal, parseAddress } from '../net/ip.ts';
import type { InterfaceAddress } from '../net/rtnetlink.ts';
import { err, ok, type Result } from '../util/result.ts';

/**
 * `addresses` are those of the interface, in the kernel's order; `virtual`, in text, are the addresses of virtual routers,
 * which come and go. The error says in words what is missing.
 */
export function sourceFor(
  { interface: name, family, neighbor, sourceAddress }: BfdSessionConfig,
  addresses: readonly InterfaceAddress[],
  virtual: ReadonlySet<string>,
): Result<Uint8Array, string> {
  const target = parseAddress(neighbor)?.bytes ?? new Uint8Array(0);
  const own = addresses.filter(({ address, tentative }) => address.length === target.length && !tentative);
  if (sourceAddress !== null) {
    const there = own.find(({ address }) => formatAddress(address) === sourceAddress);
    return there === undefined
      ? err(`interface ${name} does not have the address ${sourceAddress}`)
      : ok(there.address);
  }
  const usable = own.filter(
    ({ address }) =>
      !virtual.has(formatAddress(address)) &&
      compareBytes(address, target) !== 0 &&
      (family === 4 || isLinkLocal(address) === isLinkLocal(target)),
  );
  const near = usable.filter((entry) => covers(entry, target));
  const best = near.find(({ secondary }) => !secondary) ?? near[0] ?? usable[0];
  if (best !== undefined) return ok(best.address);
  const kind = family === 4 ? 'IPv4' : isLinkLocal(target) ? 'link-local IPv6' : 'global IPv6';
  return err(`interface ${name} has no ${kind} address of its own to send from`);
}

function covers({ address, prefixLength }: InterfaceAddress, target: Uint8Array): boolean {
  return address.every((octet, i) => {
    const bits = Math.min(Math.max(prefixLength - i * 8, 0), 8);
    const mask = 0xff & (0xff00 >> bits);
    return (octet & mask) === ((target[i] ?? 0) & mask);
  });
}
