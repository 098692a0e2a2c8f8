/** What virtual routers bring along: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

/** Line 5. */
const ADDRESS = '    virtual_addresses: [192.0.2.1/24]\n';

export const addresses: readonly BadConfig[] = [
  {
    what: 'the long form of an address',
    text: `${ROUTER}    virtual_addresses:
      - { adress: 192.0.2.1/24 }
      - { address: 192.0.2.2/24, interface: eth0, scope: links, label: "", broadcast: 1 }
      - { address: 224.0.0.1 }
      - [192.0.2.3]
      - true
`,
    problems: [
      '6:9: vrrp[0].virtual_addresses[0].address: missing: must be an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128',
      '6:11: vrrp[0].virtual_addresses[0].adress: unknown key `adress`; did you mean `address`?',
      '7:58: vrrp[0].virtual_addresses[1].scope: must be one of global, site, link, host; found "links"; did you mean "link"?',
      '7:72: vrrp[0].virtual_addresses[1].label: must be a label of 1 to 15 characters; found ""',
      '7:87: vrrp[0].virtual_addresses[1].broadcast: must be an IPv4 or IPv6 address; found 1',
      `8:20: vrrp[0].virtual_addresses[2].address: must be one host's address, not multicast; found "224.0.0.1"`,
      '9:9: vrrp[0].virtual_addresses[3]: must be an address such as 192.0.2.100/24, or a mapping with address, interface, scope, label, broadcast; found a list',
      '10:9: vrrp[0].virtual_addresses[4]: must be an address such as 192.0.2.100/24, or a mapping with address, interface, scope, label, broadcast; found true',
    ],
  },
  {
    what: 'what only IPv4 addresses have, and labels of other interfaces',
    text: `${ROUTER}    virtual_addresses:
      - { address: 192.0.2.1/24, label: "eth1:1", broadcast: "2001:db8::1" }
      - { address: 192.0.2.2/32, interface: eth1, label: "eth1:1" }
    extra_addresses: [{ address: "2001:db8::1", scope: link, label: eth0, broadcast: 192.0.2.255 }]
`,
    problems: [
      `6:41: vrrp[0].virtual_addresses[0].label: must be the interface's name, alone or with a colon and more, such as "eth0:1"; found "eth1:1"`,
      '6:62: vrrp[0].virtual_addresses[0].broadcast: must be an IPv4 address; found "2001:db8::1"',
      '8:56: vrrp[0].extra_addresses[0].scope: only goes with an IPv4 address: IPv6 has none',
      '8:69: vrrp[0].extra_addresses[0].label: only goes with an IPv4 address: IPv6 has none',
      '8:86: vrrp[0].extra_addresses[0].broadcast: only goes with an IPv4 address: IPv6 has none',
    ],
  },
  {
    what: 'addresses that another one has, and two scopes in one network',
    text: `${ROUTER}${ADDRESS}    extra_addresses:
      - 192.0.2.1/32
      - { address: 192.0.2.2/24, scope: link }
      - { address: 192.0.2.3/25, scope: link }
      - { address: 192.0.2.4/24, interface: eth1, scope: link }
  - { name: b, interface: eth1, virtual_router_id: 1, virtual_addresses: [192.0.2.2] }
`,
    problems: [
      '7:9: vrrp[0].extra_addresses[0]: 192.0.2.1 is already an address of "a"',
      '8:9: vrrp[0].extra_addresses[1]: must have the scope of 192.0.2.1, which is in the same network on the interface',
      '11:75: vrrp[1].virtual_addresses[0]: 192.0.2.2 is already an address of "a"',
    ],
  },
  {
    what: 'routes that the kernel would refuse',
    text: `${ROUTER}${ADDRESS}    virtual_routes:
      - { to: 198.51.100.1/24, via: 192.0.2.9 }
      - { to: 198.51.101.0/24 }
      - { to: 198.51.102.0/24, via: "2001:db8::1" }
      - { to: 198.51.103.0/24, via: 192.0.2.9, scope: link }
      - { to: "2001:db8:1::/48", via: fe80::1, scope: global }
      - { to: 198.51.104.0/24, type: blackhole, interface: eth0 }
      - { to: 198.51.104.0/24, type: prohibit }
`,
    problems: [
      '7:15: vrrp[0].virtual_routes[0].to: must be a network, with zeros behind its first 24 bits; found "198.51.100.1/24"',
      '8:9: vrrp[0].virtual_routes[1]: needs `via` or `interface`: packets have to leave somewhere',
      '9:37: vrrp[0].virtual_routes[2].via: must be IPv4 as the network; found "2001:db8::1"',
      '10:55: vrrp[0].virtual_routes[3].scope: must be global or site with `via`: a next hop is beyond the link; found "link"',
      '11:39: vrrp[0].virtual_routes[4].via: needs `interface`: fe80::1 is link-local and could be on any',
      '11:55: vrrp[0].virtual_routes[4].scope: only goes with IPv4: IPv6 routes have none',
      '12:60: vrrp[0].virtual_routes[5].interface: does not go with `type: blackhole`, which sends nothing',
      '13:9: vrrp[0].virtual_routes[6]: has the same destination, table and metric as virtual_routes[5]: give another metric',
    ],
  },
  {
    what: 'routes of no form at all',
    text: `${ROUTER}${ADDRESS}    virtual_routes:
      - { to: elsewhere, table: 0, metric: -1 }
      - { via: 192.0.2.9, table: mian, type: drop }
`,
    problems: [
      '7:15: vrrp[0].virtual_routes[0].to: must be a network such as 198.51.100.0/24, or default; found "elsewhere"',
      '7:33: vrrp[0].virtual_routes[0].table: must be a routing table: main, local, default or a number from 1 to 4294967295; found 0',
      '7:44: vrrp[0].virtual_routes[0].metric: must be a whole number from 0 to 4294967295; found -1',
      '8:9: vrrp[0].virtual_routes[1].to: missing: must be a network such as 198.51.100.0/24, or default',
      '8:34: vrrp[0].virtual_routes[1].table: must be a routing table: main, local, default or a number from 1 to 4294967295; found "mian"',
      '8:46: vrrp[0].virtual_routes[1].type: must be one of unicast, blackhole, unreachable, prohibit; found "drop"',
    ],
  },
  {
    what: 'rules',
    text: `${ROUTER}${ADDRESS}    virtual_rules:
      - { table: 100 }
      - { from: 192.0.2.0/24 }
      - { from: 192.0.2.0/24, to: "2001:db8::/32", table: 100 }
      - { fwmark: 7, action: prohibit, table: 100 }
      - { fwmark: 7, fwmask: 4, table: 100 }
      - { from: default, fwmask: 4, table: 100 }
      - { fwmark: 9, table: 100 }
      - { fwmark: 9, fwmask: 0xffffffff, table: 100 }
`,
    problems: [
      '7:9: vrrp[0].virtual_rules[0]: needs from, to, fwmark, incoming_interface or outgoing_interface (`from: 0.0.0.0/0` if all packets are meant)',
      '8:9: vrrp[0].virtual_rules[1]: needs `table`: where to look',
      '9:35: vrrp[0].virtual_rules[2].to: must be IPv4 as `from`; found "2001:db8::"',
      '10:47: vrrp[0].virtual_rules[3].table: does not go with `action: prohibit`, which looks nowhere',
      '11:19: vrrp[0].virtual_rules[4].fwmark: has bits that `fwmask` leaves out, so no packet would match; found 7',
      '12:34: vrrp[0].virtual_rules[5].fwmask: only goes with `fwmark`',
      '14:9: vrrp[0].virtual_rules[7]: is the same rule as virtual_rules[6]',
    ],
  },
  {
    what: 'virtual MACs',
    text: `${ROUTER}    virtual_mac: true
${ADDRESS}  - { name: b, interface: eth1, virtual_router_id: 1, virtual_mac: true, virtual_addresses: [192.0.2.2] }
  - { name: c, interface: eth2, virtual_router_id: 1, virtual_mac: { interface: eth2 }, virtual_addresses: [192.0.2.3] }
  - { name: d, interface: eth3, virtual_router_id: 1, priority: 255, virtual_mac: { interface: vrrp }, virtual_addresses: [192.0.2.4] }
`,
    problems: [
      '7:68: vrrp[1].virtual_mac: the interface vrrp4.1 is already that of "a": give another name, { interface: NAME }',
      '8:68: vrrp[2].virtual_mac: must be another interface than that of the virtual router, eth2',
      '9:83: vrrp[3].virtual_mac: does not go with `priority: 255`: the owner has the addresses on its own interface',
    ],
  },
  {
    what: 'virtual MACs of no form at all',
    text: `${ROUTER}    virtual_mac: { name: x }
${ADDRESS}  - { name: b, interface: eth1, virtual_router_id: 1, virtual_mac: yes please, virtual_addresses: [192.0.2.2] }
`,
    problems: [
      '5:18: vrrp[0].virtual_mac.interface: missing: must be an interface name of 1 to 15 characters',
      '5:20: vrrp[0].virtual_mac.name: unknown key `name`; the keys here are interface',
      '7:68: vrrp[1].virtual_mac: must be true, false or a mapping with interface; found "yes please"',
    ],
  },
  {
    what: 'accept: false where something has to be accepted',
    text: `${ROUTER}    accept: false
${ADDRESS}    extra_addresses: [192.0.2.9]
  - { name: b, interface: eth1, virtual_router_id: 1, priority: 255, accept: false, virtual_addresses: [192.0.2.2] }
virtual_servers:
  - { name: s, addresses: [192.0.2.8-192.0.2.9], port: 80 }
`,
    problems: [
      '5:13: vrrp[0].accept: must be true: the virtual server "s" has an address of this virtual router',
      '8:78: vrrp[1].accept: must be true with `priority: 255`: the owner takes what is for its own addresses',
    ],
  },
];
