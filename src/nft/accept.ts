/**
 * `accept: false` as an nftables table: what is addressed to a virtual router that does not accept is dropped, but for
 * neighbour discovery (RFC 9568 section 6.4.3). The rules are there whether or not the addresses are: where they are not,
 * nothing is delivered to them anyway, so that no rule has to be made at a take-over. Pure.
 */

/** Our table, for all families. Nothing outside of it is ever touched. */
export const ACCEPT_TABLE = 'inet lvsd_vrrp';

/** One transaction that makes the table drop what is for these addresses, whatever it did before. None: no table. */
export function acceptScript(addresses: readonly string[]): string {
  const removal = [`add table ${ACCEPT_TABLE}`, `delete table ${ACCEPT_TABLE}`];
  const unique = [...new Set(addresses)].sort();
  if (unique.length === 0) return lines(removal);
  const isIpv6 = (address: string) => address.includes(':');
  return lines([
    ...removal,
    `table ${ACCEPT_TABLE} {`,
    '  comment "addresses of lvsd with accept: false, which undoes changes made by others"',
    setOf(
      'addresses4',
      'ipv4_addr',
      unique.filter((address) => !isIpv6(address)),
    ),
    setOf('addresses6', 'ipv6_addr', unique.filter(isIpv6)),
    '  chain input {',
    // Before the rules of the machine, which might accept; ARP is not seen here.
    '    type filter hook input priority filter - 10; policy accept;',
    '    iif lo accept',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    '    ip daddr @addresses4 drop',
    '    ip6 daddr @addresses6 drop',
    '  }',
    '}',
  ]);
}

function setOf(name: string, type: string, elements: readonly string[]): string {
  const listed = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
  return `  set ${name} { type ${type};${listed} }`;
}

function lines(of: readonly string[]): string {
  return `${of.join('\n')}\n`;
}
