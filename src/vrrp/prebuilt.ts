/** Advertisements built once and sent again and again: nothing is allocated for one. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { advertOf } from './expected.ts';
import { type ChecksumForm, type Envelope, encodeAdvert } from './packet.ts';

export class PrebuiltAdverts {
  /** By envelope, then by priority and form of the checksum. Envelopes come anew with every socket: those of old ones go. */
  #messages = new WeakMap<Envelope, Map<number, Uint8Array>>();

  advert(config: VirtualRouterConfig, priority: number, form: ChecksumForm, envelope: Envelope): Uint8Array {
    const key = form === 'pseudo' ? priority : -1 - priority;
    const known = this.#messages.get(envelope)?.get(key);
    if (known !== undefined) return known;
    const message = encodeAdvert(advertOf(config, priority), envelope, form);
    const messages = this.#messages.get(envelope) ?? new Map<number, Uint8Array>();
    this.#messages.set(envelope, messages.set(key, message));
    return message;
  }

  /** Configuration, source address or peers changed. */
  clear(): void {
    this.#messages = new WeakMap();
  }
}
