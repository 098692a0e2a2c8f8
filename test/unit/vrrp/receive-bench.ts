/** Messages of a neighbour and what virtual routers expect of them. */
import { internetChecksum } from '../../../src/net/checksum.ts';
import { authenticationOf } from '../../../src/vrrp/authentication.ts';
import {
  type Advert,
  type AdvertV2,
  type AdvertV3,
  type ChecksumForm,
  encodeAdvert,
} from '../../../src/vrrp/packet.ts';
import type { Expected, ReceivedMessage } from '../../../src/vrrp/receive.ts';
import { ip } from './builders.ts';

export const OWN = ip('10.0.0.11');
export const envelope = { source: ip('10.0.0.12'), destination: ip('224.0.0.18') };
const addresses = [ip('10.0.0.100')];
export const v3: AdvertV3 = { version: 3, vrid: 51, priority: 100, maxAdvertiseIntervalCs: 100, addresses };
export const v2: AdvertV2 = { ...v3, version: 2, authentication: authenticationOf('secret') };
export const expected3: Expected = {
  version: 3,
  authentication: authenticationOf(null),
  advertisementIntervalCs: 100,
  addresses,
  peers: [],
  leastTtl: 255,
};
/** With unicast peers, of whom the sender is one. */
export const unicast3: Expected = { ...expected3, peers: [ip('10.0.0.13'), ip('10.0.0.12')] };
export const expected2: Expected = { ...expected3, version: 2, authentication: authenticationOf('secret') };

/** As a peer sends it to this machine alone. */
export function toUs(
  advert: Advert,
  given: Partial<ReceivedMessage> = {},
  form: ChecksumForm = 'pseudo',
): ReceivedMessage {
  const alone = { ...envelope, destination: OWN };
  return { ...alone, data: encodeAdvert(advert, alone, form), ttl: 255, arrivedAt: null, ...given };
}

export function message(advert: Advert, given: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return { ...envelope, data: encodeAdvert(advert, envelope, 'rfc9568'), ttl: 255, arrivedAt: null, ...given };
}

/** With octets changed; the checksum is left as it was, or made good. */
export function altered(advert: Advert, changes: readonly [at: number, octet: number][], sum = true): ReceivedMessage {
  const { data } = message(advert);
  for (const [at, octet] of changes) data[at] = octet;
  if (!sum) return { ...message(advert), data };
  const view = new DataView(data.buffer);
  view.setUint16(6, 0);
  view.setUint16(6, internetChecksum(data));
  return { ...message(advert), data };
}
