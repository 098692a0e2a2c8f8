/**
 * The persistence mask of an IPv4 service. The kernel takes any 32 bits; nearly always they are a prefix, so settings
 * carry its length, and the bits besides only when the mask has holes. Pure.
 */
import type { ServiceSettings } from './types.ts';

type Granularity = Pick<ServiceSettings, 'prefixLength' | 'holedMask'>;

/** The settings for a mask of 32 bits, the first octet highest. */
export function granularityOf(mask: number): Granularity {
  const prefixLength = Math.clz32(~mask);
  const isPrefix = prefixLength === 32 || mask << prefixLength === 0;
  return isPrefix ? { prefixLength } : { prefixLength, holedMask: mask >>> 0 };
}

/** The 4 bytes of the mask, in network order. */
export function ipv4MaskBytes({ prefixLength, holedMask }: Granularity): Uint8Array {
  const mask = holedMask ?? (prefixLength === 0 ? 0 : 0xffffffff << (32 - prefixLength));
  return Uint8Array.of(mask >>> 24, mask >>> 16, mask >>> 8, mask);
}

/** `255.255.255.0` */
export function ipv4MaskText(granularity: Granularity): string {
  return ipv4MaskBytes(granularity).join('.');
}
