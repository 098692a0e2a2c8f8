import assert from 'node:assert/strict';
import { acceptScript } from '../../../src/nft/accept.ts';

describe('nft/accept', () => {
  it('drops what is for the addresses, but for neighbour discovery and our own', () => {
    assert.equal(
      acceptScript(['192.0.2.100', 'fe80::100', '192.0.2.100']),
      `add table inet lvsd_vrrp
delete table inet lvsd_vrrp
table inet lvsd_vrrp {
  comment "addresses of lvsd with accept: false, which undoes changes made by others"
  set addresses4 { type ipv4_addr; elements = { 192.0.2.100 }; }
  set addresses6 { type ipv6_addr; elements = { fe80::100 }; }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip daddr @addresses4 drop
    ip6 daddr @addresses6 drop
  }
}
`,
    );
  });

  it('the order of the addresses does not matter, and a family may have none', () => {
    assert.equal(acceptScript(['192.0.2.2', '192.0.2.1']), acceptScript(['192.0.2.1', '192.0.2.2']));
    assert.match(acceptScript(['192.0.2.1']), /set addresses6 \{ type ipv6_addr; \}/);
  });

  it('no addresses, no table', () => {
    assert.equal(acceptScript([]), 'add table inet lvsd_vrrp\ndelete table inet lvsd_vrrp\n');
  });
});
