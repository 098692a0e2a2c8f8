/** Messages that no virtual router may take, as near to good ones as can be. */
import { longestPrefix } from '../../src/net/ip.ts';
import { authenticationOf } from '../../src/vrrp/authentication.ts';
import { type Advert, type Envelope, encodeAdvert } from '../../src/vrrp/packet.ts';
import type { ReceivedMessage } from '../../src/vrrp/receive.ts';
import type { Random } from './random.ts';
import { GROUP, type Station } from './station.ts';

type Forge = (good: ReceivedMessage, advert: Advert, random: Random, to: Station) => ReceivedMessage;

/** Garbage for `to`, mostly in the name of another station of its link and with the highest priority. */
export function garbageFor(to: Station, stations: readonly Station[], random: Random): ReceivedMessage {
  const { family, vrid, version, password, advertisementIntervalMs } = to.config;
  const other = stations.find((station) => station !== to) ?? to;
  const envelope: Envelope = { source: other.address, destination: GROUP[family] };
  const address = new Uint8Array(longestPrefix(family) / 8).fill(9);
  const priority = random.pick([0, 255, 254, 100]);
  const common = { vrid, priority, addresses: [address] };
  const advert: Advert =
    version === 2
      ? {
          ...common,
          version,
          maxAdvertiseIntervalCs: advertisementIntervalMs / 10,
          authentication: authenticationOf(password),
        }
      : { ...common, version, maxAdvertiseIntervalCs: random.pick([1, 100, 4095]) };
  const data = encodeAdvert(advert, envelope, 'pseudo');
  const forges = advert.version === 2 ? [...FORGES, ...FORGES_V2] : FORGES;
  return random.pick(forges)({ ...envelope, data, ttl: 255, arrivedAt: null }, advert, random, to);
}

const FORGES: readonly Forge[] = [
  function randomBytes(good, _advert, random) {
    return { ...good, data: random.bytes(random.between(0, 40)) };
  },
  function randomBytesBehindGoodHeader(good, _advert, random) {
    return { ...good, data: Uint8Array.from([...good.data.subarray(0, 6), ...random.bytes(random.between(0, 6))]) };
  },
  function oneBitFlipped(good, _advert, random) {
    const data = good.data.slice();
    const at = random.between(0, data.length - 1);
    data[at] = (data[at] ?? 0) ^ (1 << random.between(0, 7));
    return { ...good, data };
  },
  function cutOff(good, _advert, random) {
    return { ...good, data: good.data.subarray(0, random.between(0, good.data.length - 1)) };
  },
  function tooLong(good) {
    return { ...good, data: Uint8Array.from([...good.data, 0]) };
  },
  function fromAfar(good) {
    return { ...good, ttl: 254 };
  },
  function anotherVirtualRouter(good, advert) {
    return { ...good, data: encodeAdvert({ ...advert, vrid: advert.vrid + 1 }, good, 'pseudo') };
  },
  function intervalZero(good, advert) {
    return { ...good, data: encodeAdvert({ ...advert, maxAdvertiseIntervalCs: 0 }, good, 'pseudo') };
  },
  function fromOneself(good, advert, _random, to) {
    const envelope = { source: to.address, destination: good.destination };
    return { ...good, ...envelope, data: encodeAdvert(advert, envelope, 'pseudo') };
  },
  function anotherVersion(good, { vrid, priority, addresses, version }) {
    const common = { vrid, priority, addresses, maxAdvertiseIntervalCs: 100 };
    const other: Advert =
      version === 2 ? { ...common, version: 3 } : { ...common, version: 2, authentication: authenticationOf(null) };
    return { ...good, data: encodeAdvert(other, good, 'pseudo') };
  },
  function noAddresses(good, advert) {
    return { ...good, data: encodeAdvert({ ...advert, addresses: [] }, good, 'pseudo') };
  },
];

const FORGES_V2: readonly Forge[] = [
  function anotherPassword(good, advert) {
    return {
      ...good,
      data: encodeAdvert({ ...advert, version: 2, authentication: authenticationOf('wrong') }, good, 'pseudo'),
    };
  },
  function anotherAuthenticationType(good, advert, random, { config }) {
    const known = config.password === null ? [1, 2, 3, 255] : [0, 2, 3, 255];
    const authentication = { type: random.pick(known), data: authenticationOf(config.password).data };
    return { ...good, data: encodeAdvert({ ...advert, version: 2, authentication }, good, 'pseudo') };
  },
  function behindAnAuthenticationHeader(good) {
    return { ...good, behindHeader: true };
  },
  function anotherInterval(good, advert) {
    const maxAdvertiseIntervalCs = advert.maxAdvertiseIntervalCs + 100;
    return { ...good, data: encodeAdvert({ ...advert, maxAdvertiseIntervalCs }, good, 'pseudo') };
  },
  function otherAddresses(good, advert) {
    const priority = advert.priority === 255 ? 254 : advert.priority;
    return { ...good, data: encodeAdvert({ ...advert, priority }, good, 'pseudo') };
  },
];
