/** Advertisements built once and sent again and again: nothing is allocated for one. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { parseAddress } from '../net/ip.ts';
import { type ChecksumForm, type Envelope, encodeAdvert } from './packet.ts';

export class PrebuiltAdverts {
  readonly #messages = new Map<string, Uint8Array>();

  /** The message; null while there is no address to send from. */
  advert(
    config: VirtualRouterConfig,
    priority: number,
    form: ChecksumForm,
    envelope: Envelope | null,
  ): Uint8Array | null {
    if (envelope === null) return null;
    const key = `${priority} ${form}`;
    const known = this.#messages.get(key);
    if (known !== undefined) return known;
    const { vrid, advertisementIntervalMs } = config;
    const maxAdvertiseIntervalCs = advertisementIntervalMs / 10;
    const message = encodeAdvert(
      { vrid, priority, maxAdvertiseIntervalCs, addresses: addressesOf(config) },
      envelope,
      form,
    );
    this.#messages.set(key, message);
    return message;
  }

  /** Configuration or source address changed. */
  clear(): void {
    this.#messages.clear();
  }
}

/** The virtual addresses in octets, in the order of the configuration. */
export function addressesOf(config: VirtualRouterConfig): readonly Uint8Array[] {
  return config.virtualAddresses.flatMap(({ address }) => parseAddress(address)?.bytes ?? []);
}
