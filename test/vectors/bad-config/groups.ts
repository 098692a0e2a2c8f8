/** Groups of services: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

export const groups: readonly BadConfig[] = [
  {
    what: 'one and several at once',
    text: `${SERVER}    addresses: [192.0.2.2]
    ports: [81]
`,
    problems: [
      '3:14: virtual_servers[0].address: does not go with `addresses`: give one or the other',
      '4:11: virtual_servers[0].port: does not go with `ports`: give one or the other',
    ],
  },
  {
    what: 'one mark and several',
    text: `virtual_servers:
  - { name: a, fwmark: 1, fwmarks: [2], addresses: [192.0.2.1], ports: [80], checks: [] }
`,
    problems: [
      '2:24: virtual_servers[0].fwmark: does not go with `fwmarks`: give one or the other',
      '2:52: virtual_servers[0].addresses: does not go with `fwmark`: the mark alone says what is balanced',
      '2:72: virtual_servers[0].ports: does not go with `fwmark`: the mark alone says what is balanced',
    ],
  },
  {
    what: 'lists of nothing',
    text: `virtual_servers:
  - { name: a, addresses: [], ports: [] }
  - { name: b, fwmarks: [] }
`,
    problems: [
      '2:27: virtual_servers[0].addresses: must hold at least one item',
      '2:38: virtual_servers[0].ports: must hold at least one item',
      '3:25: virtual_servers[1].fwmarks: must hold at least one item',
    ],
  },
  {
    what: 'ranges that are none',
    text: `virtual_servers:
  - name: a
    addresses: [192.0.2.9-192.0.2.1, 192.0.2.1-2001:db8::1, 192.0.2.1-9, 192.0.2.0/24, 223.255.255.255-224.0.0.1, 5]
    ports: [80-90, "90-80", "0-5", "1-65536", 0, 65536, http]
`,
    problems: [
      '3:17: virtual_servers[0].addresses[0]: must be an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first; found "192.0.2.9-192.0.2.1"',
      '3:38: virtual_servers[0].addresses[1]: must be an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first; found "192.0.2.1-2001:db8::1"',
      '3:61: virtual_servers[0].addresses[2]: must be an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first; found "192.0.2.1-9"',
      '3:74: virtual_servers[0].addresses[3]: must be an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first; found "192.0.2.0/24"',
      '3:88: virtual_servers[0].addresses[4]: must be one host\'s address, not multicast; found "223.255.255.255-224.0.0.1"',
      '3:115: virtual_servers[0].addresses[5]: must be an IPv4 or IPv6 address, or two with a hyphen between them, the lower one first; found 5',
      '4:20: virtual_servers[0].ports[1]: must be a port from 1 to 65535, or a range such as "8000-8010"; found "90-80"',
      '4:29: virtual_servers[0].ports[2]: must be a port from 1 to 65535, or a range such as "8000-8010"; found "0-5"',
      '4:36: virtual_servers[0].ports[3]: must be a port from 1 to 65535, or a range such as "8000-8010"; found "1-65536"',
      '4:47: virtual_servers[0].ports[4]: must be a port from 1 to 65535, or a range such as "8000-8010"; found 0',
      '4:50: virtual_servers[0].ports[5]: must be a port from 1 to 65535, or a range such as "8000-8010"; found 65536',
      '4:57: virtual_servers[0].ports[6]: must be a port from 1 to 65535, or a range such as "8000-8010"; found "http"',
    ],
  },
  {
    what: 'two families',
    text: `virtual_servers:
  - name: a
    addresses: [192.0.2.1, 2001:db8::1]
    port: 80
`,
    problems: [
      '3:28: virtual_servers[0].addresses[1]: must be IPv4 as the first address: a virtual server has one family (give the other one its own); found "2001:db8::1"',
    ],
  },
  {
    what: 'more services than the table should bear',
    text: `virtual_servers:
  - { name: a, addresses: [192.0.0.0-192.0.15.255], ports: [80, 81], checks: [] }
  - { name: b, addresses: ["2001:db8::-2001:db8:ffff::"], port: 80 }
  - { name: c, address: 192.0.2.1, ports: ["1-65535"], checks: [] }
`,
    problems: [
      '2:27: virtual_servers[0].addresses: must not make more than 4096 services, addresses times ports; found 8192: mark the packets and give `fwmark` for more',
      '3:27: virtual_servers[1].addresses: must not make more than 4096 services, addresses times ports; found 79226953588444722964369244161: mark the packets and give `fwmark` for more',
      '4:43: virtual_servers[2].ports: must not make more than 4096 services, addresses times ports; found 65535: mark the packets and give `fwmark` for more',
    ],
  },
  {
    what: 'a service twice in one group',
    text: `virtual_servers:
  - { name: a, addresses: [192.0.2.1-192.0.2.5, 192.0.2.3-192.0.2.9], port: 80 }
  - { name: b, address: 192.0.2.20, ports: [80, "79-81"], checks: [] }
  - { name: c, fwmarks: [1, 2, 1], checks: [] }
`,
    problems: [
      '2:27: virtual_servers[0].addresses: tcp 192.0.2.3:80 is given twice',
      '3:44: virtual_servers[1].ports: tcp 192.0.2.20:80 is given twice',
      '4:25: virtual_servers[2].fwmarks: IPv4 fwmark 1 is given twice',
    ],
  },
  {
    what: 'a service of another virtual server',
    text: `${SERVER}  - name: b
    addresses: [192.0.2.0-192.0.2.3]
    ports: [443, 80]
    checks: []
  - { name: c, addresses: [192.0.2.2-192.0.2.9], port: 443 }
  - { name: d, fwmark: 7, checks: [] }
  - { name: e, fwmarks: [6, 7], checks: [] }
`,
    problems: [
      '6:16: virtual_servers[1].addresses: tcp 192.0.2.1:80 is already the virtual server "a"',
      '9:27: virtual_servers[2].addresses: tcp 192.0.2.2:443 is already the virtual server "b"',
      '11:25: virtual_servers[4].fwmarks: IPv4 fwmark 7 is already the virtual server "d"',
    ],
  },
  {
    what: 'addresses without ports, ports without addresses',
    text: `virtual_servers:
  - { name: a, addresses: [192.0.2.1] }
  - { name: b, ports: [80] }
  - { name: c, addresses: [192.0.2.1], port: 80, family: ipv4 }
`,
    problems: [
      '2:5: virtual_servers[0].port: missing: must be a whole number from 0 to 65535',
      '3:5: virtual_servers[1]: missing: `address` (or `fwmark` alone)',
      '4:58: virtual_servers[2].family: only goes with `fwmark`: an address has its own family',
    ],
  },
  {
    what: 'several ports and no check, or one that names none',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
    ports: [80, 443]
    real_servers:
      - { address: 10.0.0.1 }
  - name: b
    address: 192.0.2.2
    ports: [80, 443]
    forwarding: nat
    checks: [{ type: tcp }, { type: tcp, port: 80 }]
    real_servers:
      - { address: 10.0.0.1 }
      - { address: 10.0.0.2, port: 8080 }
`,
    problems: [
      '2:5: virtual_servers[0].checks: missing: which of the ports to connect to is not said; give `checks` with a `port`, or `checks: []` to never probe',
      '11:14: virtual_servers[1].checks[0].port: missing: the real server has several ports; must be a whole number from 1 to 65535',
    ],
  },
  {
    what: 'a real server that is two in one of the services',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
    ports: [80, 443]
    forwarding: nat
    checks: []
    real_servers:
      - { address: 10.0.0.1 }
      - { address: 10.0.0.1, port: 443 }
      - { address: 10.0.0.1, port: 8080 }
      - { address: 10.0.0.2, port: 80 }
      - { address: 10.0.0.2 }
      - { address: 10.0.0.3 }
    sorry_server: { address: 10.0.0.3, port: 80 }
  - name: b
    address: 192.0.2.2
    ports: [80, 443]
    forwarding: nat
    checks: []
    real_servers: [{ address: 10.0.0.4, port: 443 }]
    sorry_server: { address: 10.0.0.4 }
`,
    problems: [
      '9:20: virtual_servers[0].real_servers[1].address: "10.0.0.1" with port 443 is already real_servers[0]',
      '12:20: virtual_servers[0].real_servers[4].address: "10.0.0.2" with these ports is already real_servers[3]',
      '14:30: virtual_servers[0].sorry_server.address: "10.0.0.3" is also one of the real servers',
      '21:30: virtual_servers[1].sorry_server.address: "10.0.0.4" is also one of the real servers',
    ],
  },
  {
    what: 'a port without NAT where there are several',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
    ports: [80, 443]
    checks: []
    real_servers:
      - { address: 10.0.0.1, port: 80 }
`,
    problems: [
      '7:36: virtual_servers[0].real_servers[0].port: must be left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 80',
    ],
  },
];
