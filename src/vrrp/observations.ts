/** What a virtual router has seen and done, for status and for the form of its checksum. Owns no clock. */
import { formatAddress } from '../net/ip.ts';
import type { AdvertCounters, PeerReport, RouterReport } from './messages.ts';
import type { ChecksumForm, DecodedAdvert } from './packet.ts';
import type { Refusal } from './receive.ts';
import { RefusalCounters } from './refusals.ts';
import type { Millis } from './timers.ts';

interface Peer {
  readonly source: Uint8Array;
  readonly priority: number;
  readonly intervalMs: number;
  readonly heardAt: Millis;
  readonly checksum: ChecksumForm | null;
}

export class Observations {
  #peer: Peer | null = null;
  #sent = 0;
  #received = 0;
  #priorityZeroSent = 0;
  #priorityZeroReceived = 0;
  #addressListErrors = 0;
  #transitionsToMaster = 0;
  #lastMs = 0;
  #maxMs = 0;
  readonly #refused = new RefusalCounters();

  /** The form of the checksum that the peer was last heard to use; null for version 2. */
  get peerForm(): ChecksumForm | null {
    return this.#peer?.checksum ?? null;
  }

  /** Who was heard last; null: nobody. */
  get peerAddress(): string | null {
    return this.#peer === null ? null : formatAddress(this.#peer.source);
  }

  heard(advert: DecodedAdvert, source: Uint8Array, heardAt: Millis): void {
    const { priority, checksumForm: checksum } = advert;
    this.#received++;
    if (priority === 0) this.#priorityZeroReceived++;
    this.#peer = { source, priority, intervalMs: advert.maxAdvertiseIntervalCs * 10, heardAt, checksum };
  }

  sent(priority: number): void {
    this.#sent++;
    if (priority === 0) this.#priorityZeroSent++;
  }

  /** Another list of addresses than ours. True: for the first time. */
  otherAddresses(): boolean {
    return this.#addressListErrors++ === 0;
  }

  /** True: it should be told to somebody. */
  refused(refusal: Refusal, now: Millis): boolean {
    if (refusal === 'address-list-errors') this.#addressListErrors++;
    return this.#refused.count(refusal, now, 0);
  }

  becameMaster(): void {
    this.#transitionsToMaster++;
  }

  /** Acted so much behind its deadline. */
  late(byMs: number): void {
    this.#lastMs = byMs;
    this.#maxMs = Math.max(this.#maxMs, byMs);
  }

  report(now: Millis): Pick<RouterReport, 'peer' | 'adverts' | 'transitionsToMaster' | 'lateness'> {
    const adverts: AdvertCounters = {
      sent: this.#sent,
      received: this.#received,
      priorityZeroSent: this.#priorityZeroSent,
      priorityZeroReceived: this.#priorityZeroReceived,
      addressListErrors: this.#addressListErrors,
      refused: this.#refused.report(),
    };
    return {
      peer: this.#peer === null ? null : reportOf(this.#peer, now),
      adverts,
      transitionsToMaster: this.#transitionsToMaster,
      lateness: { lastMs: this.#lastMs, maxMs: this.#maxMs },
    };
  }
}

function reportOf(peer: Peer, now: Millis): PeerReport {
  const { source, priority, intervalMs: advertisementIntervalMs, heardAt, checksum } = peer;
  return {
    address: formatAddress(source),
    priority,
    advertisementIntervalMs,
    heardMsAgo: Math.round(now - heardAt),
    checksum,
  };
}
