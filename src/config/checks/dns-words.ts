/** Names of DNS record types and response codes, as IANA's registry has them. Pure. */

export const RECORD_TYPES: ReadonlyMap<string, number> = new Map([
  ['A', 1],
  ['NS', 2],
  ['CNAME', 5],
  ['SOA', 6],
  ['PTR', 12],
  ['MX', 15],
  ['TXT', 16],
  ['AAAA', 28],
  ['SRV', 33],
  ['NAPTR', 35],
  ['DNAME', 39],
  ['DS', 43],
  ['RRSIG', 46],
  ['DNSKEY', 48],
  ['SVCB', 64],
  ['HTTPS', 65],
  ['ANY', 255],
  ['CAA', 257],
]);

/** What asks for records of any type (RFC 8482). */
export const ANY_TYPE = 255;

export const RESPONSE_CODES: ReadonlyMap<string, number> = new Map([
  ['NOERROR', 0],
  ['FORMERR', 1],
  ['SERVFAIL', 2],
  ['NXDOMAIN', 3],
  ['NOTIMP', 4],
  ['REFUSED', 5],
  ['YXDOMAIN', 6],
  ['YXRRSET', 7],
  ['NXRRSET', 8],
  ['NOTAUTH', 9],
  ['NOTZONE', 10],
  ['BADVERS', 16],
]);

/** `TYPE999` for one without a name (RFC 3597). */
export function recordTypeName(type: number): string {
  return nameIn(RECORD_TYPES, type) ?? `TYPE${type}`;
}

/** `rcode 11` for one without a name. */
export function responseCodeName(code: number): string {
  return nameIn(RESPONSE_CODES, code) ?? `rcode ${code}`;
}

function nameIn(words: ReadonlyMap<string, number>, value: number): string | undefined {
  for (const [name, number] of words) if (number === value) return name;
  return undefined;
}
