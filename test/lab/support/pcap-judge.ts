/** Judges packets by what tshark says of their fields: RFC 9568 section 5, RFC 3768 section 5, RFC 4861 section 7.1.2, RFC 5881. */
import { compareBytes, parseAddress } from '../../../src/net/ip.ts';

/** What `tshark -T fields` is asked for, in this order; several values of one field are joined with a semicolon. */
export const FIELDS = [
  'frame.number',
  'frame.time_epoch',
  'frame.protocols',
  'eth.src',
  'eth.dst',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.len',
  'ip.checksum.status',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'ipv6.plen',
  'vrrp.typever',
  'vrrp.virt_rtr_id',
  'vrrp.prio',
  'vrrp.addr_count',
  'vrrp.ipv6_addr',
  'vrrp.adver_int',
  'vrrp.short_adver_int',
  'vrrp.checksum.status',
  'icmpv6.type',
  'icmpv6.checksum.status',
  'arp.hw.type',
  'arp.proto.type',
  'arp.hw.size',
  'arp.proto.size',
  'arp.src.hw_mac',
  'arp.isgratuitous',
  'bfd.version',
  'bfd.message_length',
  'bfd.detect_time_multiplier',
  '_ws.malformed',
  '_ws.expert.severity',
  '_ws.expert.message',
] as const;

type Field = (typeof FIELDS)[number];
type Fields = ReadonlyMap<Field, string>;

export interface Verdict {
  /** In words, one a fault; none: all is good. */
  readonly faults: readonly string[];
  /** IP and MAC addresses of all that advertised with a priority above 0. */
  readonly senders: ReadonlySet<string>;
}

interface Advert {
  readonly number: string;
  readonly atMs: number;
  /** Virtual router: "51 IPv4". */
  readonly router: string;
  readonly source: string;
  readonly priority: number;
  readonly intervalMs: number;
}

const GOOD = '1';
/** Expert severities as numbers: this one is "warning" (wireshark's epan/proto.h, PI_WARN). */
const WARNING = 0x600000;
/** A take-over is an address that has another MAC now; and our own bursts of announcements are no storm. */
const EXPECTED = /^Duplicate IP address configured|^ARP packet storm/;
/** The first octet: the version in the upper half, type 1 (advertisement) in the lower. */
const VERSIONS: Readonly<Record<string, 2 | 3>> = { [0x21]: 2, [0x31]: 3 };
const VIRTUAL_MAC = /^00:00:5e:00:0([12]):(..)$/;
/** A loser may have sent once before it read the better advertisement, and a busy machine once more. */
const TOLERATED = 2;

/** Judges the output of tshark; the TTL of `anyTtlFrom` is not looked at. */
export function judge(text: string, anyTtlFrom: readonly string[] = []): Verdict {
  const packets = text
    .split('\n')
    .filter((line) => line !== '')
    .map(parse)
    .filter((packet) => !isError(packet));
  const adverts = packets.filter((packet) => has(packet, 'vrrp.typever')).map(advertOf);
  const faults = packets.flatMap((packet) =>
    faultsOf(packet, anyTtlFrom).map(
      (fault) => `packet ${get(packet, 'frame.number')}, ${describePacket(packet)}: ${fault}`,
    ),
  );
  const active = packets.filter((packet) => Number(get(packet, 'vrrp.prio')) > 0);
  const senders = new Set(active.flatMap((packet) => [sourceOf(packet), get(packet, 'eth.src')]));
  return { faults: [...faults, ...rivals(adverts)], senders };
}

function parse(line: string): Fields {
  const values = line.split('\t');
  return new Map(FIELDS.map((field, i) => [field, values[i] ?? '']));
}

/** ICMPv6 types below 128 are errors (RFC 4443 section 2.1): tshark dissects the packet that they quote too. */
function isError(packet: Fields): boolean {
  return has(packet, 'icmpv6.type') && Number(get(packet, 'icmpv6.type')) < 128;
}

function get(packet: Fields, field: Field): string {
  return packet.get(field) ?? '';
}

function has(packet: Fields, field: Field): boolean {
  return get(packet, field) !== '';
}

function sourceOf(packet: Fields): string {
  return get(packet, 'ip.src') || get(packet, 'ipv6.src');
}

function describePacket(packet: Fields): string {
  const protocol = get(packet, 'frame.protocols').split(':').at(-1);
  return `${protocol} of ${sourceOf(packet) || get(packet, 'arp.src.hw_mac')} (${get(packet, 'eth.src')})`;
}

function faultsOf(packet: Fields, anyTtlFrom: readonly string[]): string[] {
  const anyTtl = anyTtlFrom.includes(sourceOf(packet));
  const special = has(packet, 'vrrp.typever')
    ? vrrpFaults(packet, anyTtl)
    : has(packet, 'bfd.version')
      ? bfdFaults(packet)
      : has(packet, 'arp.hw.type')
        ? arpFaults(packet)
        : neighbourFaults(packet);
  return [...generalFaults(packet, anyTtl), ...special];
}

/** Each row: whether it is right, and what is said if not. */
function said(rows: readonly (readonly [right: boolean, fault: string])[]): string[] {
  return rows.flatMap(([right, fault]) => (right ? [] : [fault]));
}

function generalFaults(packet: Fields, anyTtl: boolean): string[] {
  const severities = get(packet, '_ws.expert.severity').split(';').map(Number);
  const messages = get(packet, '_ws.expert.message').split(';');
  const warnings = messages.filter(
    (message, i) => (severities[i] ?? 0) >= WARNING && !EXPECTED.test(message) && !(anyTtl && /TTL/.test(message)),
  );
  return said([
    [!has(packet, '_ws.malformed'), 'malformed'],
    [!has(packet, 'ip.src') || get(packet, 'ip.checksum.status') === GOOD, 'bad checksum of the IP header'],
    [warnings.length === 0, `tshark warns: ${warnings.join('; ')}`],
  ]);
}

function vrrpFaults(packet: Fields, anyTtl: boolean): string[] {
  const ttl = get(packet, 'ip.ttl') || get(packet, 'ipv6.hlim');
  const version = VERSIONS[get(packet, 'vrrp.typever')] ?? 0;
  const count = Number(get(packet, 'vrrp.addr_count'));
  const isIPv6 = has(packet, 'ipv6.src');
  const length = isIPv6 ? 8 + 16 * count : (version === 2 ? 16 : 8) + 4 * count;
  const actual = isIPv6 ? Number(get(packet, 'ipv6.plen')) : Number(get(packet, 'ip.len')) - 20;
  const [multicast, multicastMac] = isIPv6 ? ['ff02::12', '33:33:00:00:00:12'] : ['224.0.0.18', '01:00:5e:00:00:12'];
  const destination = get(packet, 'ip.dst') || get(packet, 'ipv6.dst');
  const isUnicast = destination !== multicast;
  const [, kind, last = ''] = VIRTUAL_MAC.exec(get(packet, 'eth.src')) ?? [];
  const virtualMac = kind === (isIPv6 ? '2' : '1') && Number.parseInt(last, 16) === vridOf(packet);
  return said([
    [version === 3 || (version === 2 && !isIPv6), `first octet ${get(packet, 'vrrp.typever')}`],
    [get(packet, 'vrrp.checksum.status') === GOOD, 'bad checksum'],
    [ttl === '255' || anyTtl, `TTL ${ttl}`],
    [count >= 1, 'no address'],
    [actual === length, `${actual} octets with ${count} addresses, not ${length}`],
    [isUnicast || get(packet, 'eth.dst') === multicastMac, `${destination} sent to ${get(packet, 'eth.dst')}`],
    [!isUnicast || !/^(22[4-9]|23|ff)/.test(destination), `sent to ${destination}`],
    [kind === undefined || virtualMac, `virtual MAC ${get(packet, 'eth.src')} for VRID ${vridOf(packet)}`],
    [!isIPv6 || isUnicast || sourceOf(packet).startsWith('fe80:'), 'source is not link-local'],
    [!isIPv6 || get(packet, 'vrrp.ipv6_addr').startsWith('fe80:'), 'the first address is not link-local'],
    [intervalOf(packet) > 0, 'interval 0'],
  ]);
}

function bfdFaults(packet: Fields): string[] {
  const ttl = get(packet, 'ip.ttl') || get(packet, 'ipv6.hlim');
  return said([
    [get(packet, 'bfd.version') === '1', `BFD version ${get(packet, 'bfd.version')}`],
    [get(packet, 'bfd.message_length') === '24', `BFD length ${get(packet, 'bfd.message_length')}`],
    [get(packet, 'bfd.detect_time_multiplier') !== '0', 'BFD multiplier 0'],
    [ttl === '255', `TTL ${ttl}`],
  ]);
}

function arpFaults(packet: Fields): string[] {
  const types = (['arp.hw.type', 'arp.proto.type', 'arp.hw.size', 'arp.proto.size'] as const).map((field) =>
    get(packet, field),
  );
  const sender = get(packet, 'arp.src.hw_mac');
  return said([
    [types.join(' ') === '1 0x0800 6 4', `types and sizes ${types.join(' ')}`],
    [sender === get(packet, 'eth.src'), `says ${sender}, comes from ${get(packet, 'eth.src')}`],
  ]);
}

/** Neighbour discovery is types 133 to 137; what else ICMPv6 has (multicast listeners) is the kernel's. */
function neighbourFaults(packet: Fields): string[] {
  const type = Number(get(packet, 'icmpv6.type'));
  if (type < 133 || type > 137) return [];
  return said([
    [get(packet, 'icmpv6.checksum.status') === GOOD, 'bad checksum'],
    [get(packet, 'ipv6.hlim') === '255', `hop limit ${get(packet, 'ipv6.hlim')}`],
  ]);
}

function vridOf(packet: Fields): number {
  return Number(get(packet, 'vrrp.virt_rtr_id'));
}

/** Version 2 has seconds, version 3 centiseconds. */
function intervalOf(packet: Fields): number {
  return has(packet, 'vrrp.adver_int')
    ? Number(get(packet, 'vrrp.adver_int')) * 1000
    : Number(get(packet, 'vrrp.short_adver_int')) * 10;
}

function advertOf(packet: Fields): Advert {
  return {
    number: get(packet, 'frame.number'),
    atMs: Number(get(packet, 'frame.time_epoch')) * 1000,
    router: `${vridOf(packet)} ${has(packet, 'ipv6.src') ? 'IPv6' : 'IPv4'}`,
    source: sourceOf(packet),
    priority: Number(get(packet, 'vrrp.prio')),
    intervalMs: intervalOf(packet),
  };
}

/** Who goes on although a better one advertises too (within two of its intervals). */
function rivals(adverts: readonly Advert[]): string[] {
  const faults: string[] = [];
  const last = new Map<string, Map<string, Advert>>();
  const timesBeside = new Map<string, number>();
  for (const advert of adverts) {
    const { router, source, priority } = advert;
    const known = last.get(router) ?? new Map<string, Advert>();
    last.set(router, known.set(source, advert));
    const better = [...known.values()].find((other) => isBetter(other, advert));
    const key = `${router} ${source}`;
    const times = better === undefined || priority === 0 ? 0 : (timesBeside.get(key) ?? 0) + 1;
    timesBeside.set(key, times);
    if (better === undefined || times !== TOLERATED + 1) continue;
    faults.push(
      `packet ${advert.number}: ${source} goes on with priority ${priority} for VRID ${router}, ${better.source} has ${better.priority}`,
    );
  }
  return faults;
}

/** Whether the router of the other advertisement is still there, and has to win: RFC 9568 section 6.4.3. */
function isBetter(other: Advert, advert: Advert): boolean {
  if (other.source === advert.source || advert.atMs - other.atMs > 2 * other.intervalMs) return false;
  if (other.priority !== advert.priority) return other.priority > advert.priority;
  const [theirs, own] = [parseAddress(other.source), parseAddress(advert.source)];
  return theirs !== null && own !== null && compareBytes(theirs.bytes, own.bytes) > 0;
}
