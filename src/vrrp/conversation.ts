/** What a virtual router says on the wire and what it hears there: builds advertisements, counts, tells of misfits. Pure. */
import type { VirtualRouterConfig } from '../config/types.ts';
import { formatAddress } from '../net/ip.ts';
import { expectedOf } from './expected.ts';
import type { InstancePorts } from './instance-ports.ts';
import type { RouterReport } from './messages.ts';
import { Observations } from './observations.ts';
import { OtherActives } from './other-actives.ts';
import type { DecodedAdvert, Envelope } from './packet.ts';
import { PrebuiltAdverts } from './prebuilt.ts';
import { checksumToSend, type Expected, hasSameAddresses, type ReceivedMessage, type Refusal } from './receive.ts';
import { explainRefusal } from './refusals.ts';
import type { Millis } from './timers.ts';

export class Conversation {
  #config: VirtualRouterConfig;
  #expected: Expected;
  readonly #ports: InstancePorts;
  readonly #seen = new Observations();
  readonly #others = new OtherActives();
  readonly #prebuilt = new PrebuiltAdverts();
  /** One that had our addresses. */
  #familiar: DecodedAdvert | null = null;

  constructor(config: VirtualRouterConfig, ports: InstancePorts) {
    this.#config = config;
    this.#expected = expectedOf(config);
    this.#ports = ports;
  }

  /** What receive.ts is to check advertisements against. */
  get expected(): Expected {
    return this.#expected;
  }

  /** Who was heard last; null: nobody. */
  get peerAddress(): string | null {
    return this.#seen.peerAddress;
  }

  reconfigure(config: VirtualRouterConfig): void {
    this.#config = config;
    this.#expected = expectedOf(config);
    this.#familiar = null;
    this.#prebuilt.clear();
  }

  /** Another address to send from. */
  moved(): void {
    this.#prebuilt.clear();
  }

  advertise(priority: number): void {
    const envelopes = this.#ports.envelopes();
    if (envelopes.length === 0) return;
    for (const envelope of envelopes) this.#ports.send(this.#advert(priority, envelope), envelope);
    this.#seen.sent(priority);
  }

  /** Builds an advertisement, so that it only needs to be sent later. */
  prepare(priority: number): void {
    for (const envelope of this.#ports.envelopes()) this.#advert(priority, envelope);
  }

  /** An accepted advertisement; `ours` is our priority. */
  heard(advert: DecodedAdvert, source: Uint8Array, ours: number, at: Millis): void {
    const { name, family, checksum } = this.#config;
    const form = advert.checksumForm;
    if (form !== null && form !== this.#seen.peerForm && family === 4 && form !== checksumToSend(checksum, null)) {
      this.#ports.log('info', `${name}: ${formatAddress(source)} sends the ${form} form of the checksum`);
    }
    this.#seen.heard(advert, source, at);
    if (!this.#isAsExpected(advert) && this.#seen.otherAddresses()) {
      const theirs = advert.addresses.map((address) => formatAddress(address)).join(', ');
      this.#ports.log('warn', `${name}: ${formatAddress(source)} advertises other addresses: ${theirs}`);
    }
    this.#noteOther(advert, source, ours, at);
  }

  /** A message that named this virtual router and was refused. */
  refused(refusal: Refusal, message: ReceivedMessage): void {
    if (!this.#seen.refused(refusal, this.#ports.now())) return;
    const why = explainRefusal(refusal, message, this.#expected);
    if (why !== null) this.#ports.log('warn', `${this.#config.name}: ${why}`);
  }

  /** Which machine another active router is; `mac` in text form. */
  identifyOther(source: Uint8Array, mac: string): void {
    this.#others.identified(source, mac);
  }

  becameActive(now: Millis): void {
    this.#seen.becameMaster();
    this.#others.becameActive(now);
  }

  /** Not Active any more. */
  yielded(): void {
    this.#others.yielded();
  }

  /** Acted so much behind its deadline. */
  late(byMs: number): void {
    this.#seen.late(byMs);
  }

  /** Neighbours may have learnt the other one's link-layer address in the meantime. */
  checkHealed(now: Millis): void {
    const news = this.#others.healed(now);
    if (news === null) return;
    this.#ports.announce('healed');
    this.#ports.event('healed', news);
  }

  report(now: Millis): Pick<RouterReport, 'peer' | 'adverts' | 'transitionsToMaster' | 'lateness' | 'otherActives'> {
    return { ...this.#seen.report(now), otherActives: this.#others.report(now) };
  }

  /** Whether it has our addresses; asked of the same one again and again. */
  #isAsExpected(advert: DecodedAdvert): boolean {
    if (advert === this.#familiar) return true;
    const isSame = hasSameAddresses(advert, this.#expected.addresses);
    this.#familiar = isSame ? advert : null;
    return isSame;
  }

  #advert(priority: number, envelope: Envelope): Uint8Array {
    const form = checksumToSend(this.#config.checksum, this.#seen.peerForm);
    return this.#prebuilt.advert(this.#config, priority, form, envelope);
  }

  /** Another router speaks while we are Active. */
  #noteOther({ priority, maxAdvertiseIntervalCs }: DecodedAdvert, source: Uint8Array, ours: number, at: Millis): void {
    if (priority === 0) return;
    const own = { priority: ours, intervalMs: this.#config.advertisementIntervalMs };
    const news = this.#others.heard({ source, priority, intervalMs: maxAdvertiseIntervalCs * 10 }, own, at);
    if (news !== null) this.#ports.event('two-actives', news);
  }
}
