/** Advertisements built once and sent again and again: nothing is allocated for one. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { advertOf } from './expected.ts';
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
    const message = encodeAdvert(advertOf(config, priority), envelope, form);
    this.#messages.set(key, message);
    return message;
  }

  /** Configuration or source address changed. */
  clear(): void {
    this.#messages.clear();
  }
}
