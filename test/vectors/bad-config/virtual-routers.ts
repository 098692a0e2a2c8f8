/** Virtual routers: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

const NINETY_ADDRESSES = Array.from({ length: 90 }, (_, index) => `2001:db8::1:${index}`).join(', ');

export const virtualRouters: readonly BadConfig[] = [
  {
    what: 'what is required',
    text: `vrrp:
  - {}
`,
    problems: [
      '2:5: vrrp[0].name: missing: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
      '2:5: vrrp[0].interface: missing: must be an interface name of 1 to 15 characters',
      '2:5: vrrp[0].virtual_router_id: missing: must be a whole number from 1 to 255',
      '2:5: vrrp[0].virtual_addresses: missing: must be a list',
    ],
  },
  {
    what: 'ranges',
    text: `${ROUTER}    priority: 0
    advertisement_interval: 15ms
    preempt: 1
    announcements: { count: 0, repeat_delay: 2h }
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '5:15: vrrp[0].priority: must be a whole number from 1 to 255; found 0',
      '6:29: vrrp[0].advertisement_interval: must be a duration from 10ms to 255s in steps of 10ms; found "15ms"',
      '7:14: vrrp[0].preempt: must be true, false or a mapping with delay; found 1',
      '8:29: vrrp[0].announcements.count: must be a whole number from 1 to 100; found 0',
      '8:46: vrrp[0].announcements.repeat_delay: must be a duration from 0s to 1h; found "2h"',
    ],
  },
  {
    what: 'VRID 256',
    text: `vrrp:
  - { name: a, interface: eth0, virtual_router_id: 256, virtual_addresses: [192.0.2.1] }
`,
    problems: ['2:52: vrrp[0].virtual_router_id: must be a whole number from 1 to 255; found 256'],
  },
  {
    what: 'advertisement interval above 12 bits',
    text: `${ROUTER}    advertisement_interval: 41s
    virtual_addresses: [192.0.2.1/24]
`,
    problems: ['5:29: vrrp[0].advertisement_interval: must be at most 40.95s; found 41s'],
  },
  {
    what: 'interface names',
    text: `vrrp:
  - { name: a, interface: sixteen-letters-, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }
  - { name: b, interface: "eth0:1", virtual_router_id: 1, virtual_addresses: [192.0.2.2] }
  - { name: c, interface: .., virtual_router_id: 1, virtual_addresses: [192.0.2.3] }
`,
    problems: [
      '2:27: vrrp[0].interface: must be an interface name of 1 to 15 characters; found "sixteen-letters-"',
      '3:27: vrrp[1].interface: must be an interface name of 1 to 15 characters; found "eth0:1"',
      '4:27: vrrp[2].interface: must be an interface name of 1 to 15 characters; found ".."',
    ],
  },
  {
    what: 'no addresses',
    text: `${ROUTER}    virtual_addresses: []
`,
    problems: ['5:24: vrrp[0].virtual_addresses: must hold at least one address'],
  },
  {
    what: 'addresses that are none',
    text: `${ROUTER}    virtual_addresses: [192.0.2, 192.0.2.1/33, 192.0.2.1/0, "fe80::1%eth0", 5, 224.0.0.18, 0.0.0.0, 127.0.0.1, 255.255.255.255, "::ffff:192.0.2.1"]
`,
    problems: [
      '5:25: vrrp[0].virtual_addresses[0]: must be an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128; found "192.0.2"',
      '5:34: vrrp[0].virtual_addresses[1]: must be an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128; found "192.0.2.1/33"',
      '5:48: vrrp[0].virtual_addresses[2]: must be an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128; found "192.0.2.1/0"',
      '5:61: vrrp[0].virtual_addresses[3]: must be an IPv4 or IPv6 address, optionally with /1 to /32 or /1 to /128; found "fe80::1%eth0"',
      '5:77: vrrp[0].virtual_addresses[4]: must be an address such as 192.0.2.100/24, or a mapping with address, interface, scope, label, broadcast; found 5',
      '5:80: vrrp[0].virtual_addresses[5]: must be one host\'s address, not multicast; found "224.0.0.18"',
      '5:92: vrrp[0].virtual_addresses[6]: must be one host\'s address, not the unspecified one; found "0.0.0.0"',
      '5:101: vrrp[0].virtual_addresses[7]: must be an address that other hosts can reach, not loopback; found "127.0.0.1"',
      '5:112: vrrp[0].virtual_addresses[8]: must be one host\'s address, not broadcast; found "255.255.255.255"',
      '5:129: vrrp[0].virtual_addresses[9]: must be written as a plain IPv4 address; found "::ffff:192.0.2.1"',
    ],
  },
  {
    what: 'mixed families and an address twice',
    text: `${ROUTER}    virtual_addresses: [192.0.2.1, "2001:db8::1", 192.0.2.1/24]
`,
    problems: [
      '5:36: vrrp[0].virtual_addresses[1]: must be IPv4 as the first address; a virtual router has one family; found "2001:db8::1"',
      '5:51: vrrp[0].virtual_addresses[2]: 192.0.2.1 is already an address of "a"',
    ],
  },
  {
    what: 'IPv6 without link-local first',
    text: `${ROUTER}    virtual_addresses: ["2001:db8::1", "fe80::1"]
`,
    problems: [
      '5:25: vrrp[0].virtual_addresses[0]: must be link-local (fe80::/10) as the first IPv6 address (RFC 9568); found "2001:db8::1"',
    ],
  },
  {
    what: 'more addresses than an advertisement takes',
    text: `${ROUTER}    virtual_addresses: [fe80::1, ${NINETY_ADDRESSES}]
`,
    problems: [
      '5:24: vrrp[0].virtual_addresses: must hold at most 90 IPv6 addresses, what one advertisement takes; found 91',
    ],
  },
  {
    what: 'names, ids and addresses in use',
    text: `${ROUTER}    virtual_addresses: [192.0.2.1/24]
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1]
`,
    problems: [
      '6:11: vrrp[1].name: "a" is already the name of vrrp[0]',
      '8:24: vrrp[1].virtual_router_id: 1 is already used for IPv4 on eth0 by "a"',
      '9:25: vrrp[1].virtual_addresses[0]: 192.0.2.1 is already an address of "a"',
    ],
  },
  {
    what: 'keys of UDP without it, of unicast without it',
    text: `${ROUTER}    udp_port: 8112
    ttl: { least: 254 }
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '5:15: vrrp[0].udp_port: only goes with `transport: udp`',
      '6:10: vrrp[0].ttl: only goes with `peers`: multicast has a TTL of 255 and takes no other',
    ],
  },
  {
    what: 'peers',
    text: `${ROUTER}    source_address: 192.0.2.3
    peers: [192.0.2.2, 192.0.2.2, "2001:db8::2", 192.0.2.1, 192.0.2.3]
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '6:24: vrrp[0].peers[1]: 192.0.2.2 is given twice',
      '6:35: vrrp[0].peers[2]: must be IPv4 as the virtual addresses; found "2001:db8::2"',
      "6:50: vrrp[0].peers[3]: must be another director's own address; 192.0.2.1 is a virtual address of this virtual router",
      "6:61: vrrp[0].peers[4]: must be another director's address; 192.0.2.3 is this one's `source_address`",
    ],
  },
  {
    what: 'source addresses of another family',
    text: `${ROUTER}    source_address: "2001:db8::2"
    virtual_addresses: [192.0.2.1/24]
`,
    problems: ['5:21: vrrp[0].source_address: must be IPv4 as the virtual addresses; found "2001:db8::2"'],
  },
  {
    what: 'a source address that is there while MASTER only',
    text: `${ROUTER}    source_address: 192.0.2.1
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      "5:21: vrrp[0].source_address: must be this director's own address; 192.0.2.1 is a virtual address, there only while MASTER",
    ],
  },
  {
    what: 'source addresses of multicast over IPv6',
    text: `${ROUTER}    source_address: "2001:db8::2"
    virtual_addresses: [fe80::1]
`,
    problems: [
      '5:21: vrrp[0].source_address: must be link-local (fe80::/10) for multicast (RFC 9568); found "2001:db8::2"',
    ],
  },
  {
    what: 'interfaces to announce on',
    text: `${ROUTER}    announcements: { interfaces: [eth1, eth0, eth1] }
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      "5:41: vrrp[0].announcements.interfaces[1]: eth0 is the virtual router's own interface: announced there anyway",
      '5:47: vrrp[0].announcements.interfaces[2]: eth1 is given twice',
    ],
  },
  {
    what: 'words',
    text: `${ROUTER}    transport: upd
    checksum: rfc5798
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '5:16: vrrp[0].transport: must be one of ip, udp; found "upd"; did you mean "udp"?',
      '6:15: vrrp[0].checksum: must be one of auto, rfc9568, pseudo; found "rfc5798"',
    ],
  },
  {
    what: 'VRRP versions',
    text: `${ROUTER}    version: 1
    virtual_addresses: [192.0.2.1/24]
  - { name: b, interface: eth1, virtual_router_id: 1, version: "2", virtual_addresses: [192.0.2.2] }
`,
    problems: [
      '5:14: vrrp[0].version: must be a whole number from 2 to 3; found 1',
      '7:64: vrrp[1].version: must be a whole number from 2 to 3; found "2"',
    ],
  },
  {
    what: 'VRRPv2 with IPv6',
    text: `${ROUTER}    version: 2
    virtual_addresses: [fe80::1, "2001:db8::1"]
`,
    problems: ['5:14: vrrp[0].version: must be 3 for IPv6 addresses: VRRPv2 has IPv4 only; found 2'],
  },
  {
    what: 'VRRPv2 and what only version 3 has',
    text: `${ROUTER}    version: 2
    advertisement_interval: 1500ms
    checksum: rfc9568
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '6:29: vrrp[0].advertisement_interval: must be whole seconds from 1s to 255s with `version: 2`; found 1.5s',
      '7:15: vrrp[0].checksum: only goes with `version: 3`: VRRPv2 has one form of the checksum',
    ],
  },
  {
    what: 'VRRPv2 and more than its octet holds',
    text: `${ROUTER}    version: 2
    advertisement_interval: 256s
    virtual_addresses: [192.0.2.1/24]
`,
    problems: [
      '6:29: vrrp[0].advertisement_interval: must be a duration from 10ms to 255s in steps of 10ms; found "256s"',
    ],
  },
  {
    what: 'a password without VRRPv2',
    text: `${ROUTER}    password: secret12
    virtual_addresses: [192.0.2.1/24]
`,
    problems: ['5:15: vrrp[0].password: only goes with `version: 2`: VRRPv3 has no authentication'],
  },
  {
    what: 'passwords that VRRPv2 cannot carry, and that no log should',
    text: `vrrp:
  - { name: a, interface: eth0, virtual_router_id: 1, version: 2, virtual_addresses: [192.0.2.1], password: "" }
  - { name: b, interface: eth0, virtual_router_id: 2, version: 2, virtual_addresses: [192.0.2.2], password: ninechars }
  - { name: c, interface: eth0, virtual_router_id: 3, version: 2, virtual_addresses: [192.0.2.3], password: 12345678 }
  - { name: d, interface: eth0, virtual_router_id: 4, version: 2, virtual_addresses: [192.0.2.4], password: "gehëim" }
  - { name: e, interface: eth0, virtual_router_id: 5, version: 2, virtual_addresses: [192.0.2.5], password: null }
`,
    problems: [
      '2:109: vrrp[0].password: must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; found none',
      '3:109: vrrp[1].password: must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; found 9 (keepalived takes the first 8)',
      '4:109: vrrp[2].password: must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; found a number (put text in quotes)',
      '5:109: vrrp[3].password: must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; found others',
      '6:109: vrrp[4].password: must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; found nothing (put text in quotes)',
    ],
  },
];
