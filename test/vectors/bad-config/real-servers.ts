/** Real servers: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

export const realServers: readonly BadConfig[] = [
  {
    what: 'what is required, and an unknown key',
    text: `${SERVER}    real_servers:
      - weigth: 1
`,
    problems: [
      '6:9: virtual_servers[0].real_servers[0].address: missing: must be an IPv4 or IPv6 address',
      '6:9: virtual_servers[0].real_servers[0].weigth: unknown key `weigth`; did you mean `weight`?',
    ],
  },
  {
    what: 'addresses the kernel refuses',
    text: `${SERVER}    real_servers:
      - address: 224.0.0.1
      - address: 255.255.255.255
      - address: 0.0.0.0
      - address: fe80::1
`,
    problems: [
      '6:18: virtual_servers[0].real_servers[0].address: must be one host\'s address, not multicast; found "224.0.0.1"',
      '7:18: virtual_servers[0].real_servers[1].address: must be one host\'s address, not broadcast; found "255.255.255.255"',
      '8:18: virtual_servers[0].real_servers[2].address: must be one host\'s address, not the unspecified one; found "0.0.0.0"',
      '9:18: virtual_servers[0].real_servers[3].address: must be reachable beyond one link, not link-local; found "fe80::1"',
    ],
  },
  {
    what: 'weights and thresholds',
    text: `${SERVER}    real_servers:
      - { address: 10.0.0.1, weight: 65536 }
      - { address: 10.0.0.2, upper_threshold: 2147483648 }
      - { address: 10.0.0.3, lower_threshold: -1 }
`,
    problems: [
      '6:38: virtual_servers[0].real_servers[0].weight: must be a whole number from 0 to 65535; found 65536',
      '7:47: virtual_servers[0].real_servers[1].upper_threshold: must be a whole number from 0 to 2147483647; found 2147483648',
      '8:47: virtual_servers[0].real_servers[2].lower_threshold: must be a whole number from 0 to 2147483647; found -1',
    ],
  },
  {
    what: 'lower above upper threshold',
    text: `${SERVER}    real_servers:
      - { address: 10.0.0.1, upper_threshold: 5, lower_threshold: 6 }
      - { address: 10.0.0.2, lower_threshold: 6 }
`,
    problems: [
      '6:67: virtual_servers[0].real_servers[0].lower_threshold: must not be above `upper_threshold`, which is 5; found 6',
      '7:47: virtual_servers[0].real_servers[1].lower_threshold: must not be above `upper_threshold`, which is 0 (no limit); found 6',
    ],
  },
  {
    what: 'another port without NAT',
    text: `${SERVER}    real_servers:
      - { address: 10.0.0.1, port: 8080 }
      - { address: 10.0.0.2, port: 8080, forwarding: tunnel }
`,
    problems: [
      '6:36: virtual_servers[0].real_servers[0].port: must be 80 or left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 8080',
      '7:36: virtual_servers[0].real_servers[1].port: must be 80 or left out: only `forwarding: nat` or `fullnat` can change the port, not tunnel; found 8080',
    ],
  },
  {
    what: 'a port behind a fwmark without NAT',
    text: `virtual_servers:
  - name: a
    fwmark: 1
    checks: []
    real_servers:
      - { address: 10.0.0.1, port: 80 }
`,
    problems: [
      '6:36: virtual_servers[0].real_servers[0].port: must be left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 80',
    ],
  },
  {
    what: 'the same real server twice',
    text: `${SERVER}    real_servers:
      - address: 10.0.0.1
      - address: 10.0.0.1
        port: 80
`,
    problems: ['7:18: virtual_servers[0].real_servers[1].address: "10.0.0.1" with port 80 is already real_servers[0]'],
  },
  {
    what: 'the other family without tunnel',
    text: `${SERVER}    real_servers:
      - address: 2001:db8::1
`,
    problems: [
      '6:18: virtual_servers[0].real_servers[0].address: must be IPv4 as the virtual server, unless `forwarding: tunnel`; found "2001:db8::1"',
    ],
  },
  {
    what: 'mixed families beside connection_sync',
    text: `${SERVER}    forwarding: tunnel
    real_servers:
      - address: 2001:db8::1
vrrp:
  - { name: a, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }
connection_sync: { follow: a, interface: eth1 }
`,
    problems: [
      '7:18: virtual_servers[0].real_servers[0].address: must be IPv4 as the virtual server, because of `connection_sync`; found "2001:db8::1"',
    ],
  },
  {
    what: 'a sorry server that is also real',
    text: `${SERVER}    real_servers:
      - address: 10.0.0.1
    sorry_server: { address: 10.0.0.1 }
`,
    problems: ['7:30: virtual_servers[0].sorry_server.address: "10.0.0.1" is also one of the real servers'],
  },
  {
    what: 'a sorry server on another port',
    text: `${SERVER}    sorry_server: { address: 10.0.0.1, port: 8080, weigth: 1 }
  - name: b
    address: 192.0.2.2
    port: 80
    sorry_server: { address: 10.0.0.1, port: 8080 }
`,
    problems: [
      '5:52: virtual_servers[0].sorry_server.weigth: unknown key `weigth`; did you mean `weight`?',
      '9:46: virtual_servers[1].sorry_server.port: must be 80 or left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 8080',
    ],
  },
  {
    what: 'no address after the key',
    text: `${SERVER}    real_servers:
      - weight: 1
        address:
`,
    problems: ['7:9: virtual_servers[0].real_servers[0].address: must be an IPv4 or IPv6 address; found nothing'],
  },
];
