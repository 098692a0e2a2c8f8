/** Tunnels and full NAT: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER, UDP_SERVER } from './bad-config.ts';

export const forwarding: readonly BadConfig[] = [
  {
    what: 'a tunnel of unknown type',
    text: `${SERVER}    forwarding: tunnel
    tunnel: { type: vxlan, port: 0, checksum: half, key: 7 }
`,
    problems: [
      '6:21: virtual_servers[0].tunnel.type: must be one of ipip, gue, gre; found "vxlan"',
      '6:34: virtual_servers[0].tunnel.port: must be a whole number from 1 to 65535; found 0',
      '6:47: virtual_servers[0].tunnel.checksum: must be one of none, full, remote; found "half"',
      '6:53: virtual_servers[0].tunnel.key: unknown key `key`; the keys here are type, port, checksum',
    ],
  },
  {
    what: 'a tunnel without a type',
    text: `${SERVER}    forwarding: tunnel
    tunnel: { port: 6080 }
`,
    problems: ['6:13: virtual_servers[0].tunnel.type: missing: must be one of ipip, gue, gre'],
  },
  {
    what: 'GUE without a port',
    text: `${SERVER}    forwarding: tunnel
    tunnel: { type: gue }
    real_servers: [{ address: 10.0.0.1 }]
`,
    problems: [
      '6:13: virtual_servers[0].tunnel.port: missing: `type: gue` needs the UDP port that the real servers listen on, such as 6080',
    ],
  },
  {
    what: 'IPIP with what it does not have',
    text: `${SERVER}    forwarding: tunnel
    tunnel: { type: ipip, port: 6080, checksum: none }
    real_servers: [{ address: 10.0.0.1 }]
`,
    problems: [
      '6:33: virtual_servers[0].tunnel.port: only goes with `type: gue`: ipip has no port; found 6080',
      '6:49: virtual_servers[0].tunnel.checksum: does not go with `type: ipip`, which has no checksum of its own',
    ],
  },
  {
    what: 'GRE with what only GUE has',
    text: `${SERVER}    forwarding: tunnel
    real_servers:
      - { address: 10.0.0.1, tunnel: { type: gre, port: 1, checksum: remote } }
`,
    problems: [
      '7:57: virtual_servers[0].real_servers[0].tunnel.port: only goes with `type: gue`: gre has no port; found 1',
      '7:70: virtual_servers[0].real_servers[0].tunnel.checksum: must be none or full with `type: gre`; only gue can leave it to the real server',
    ],
  },
  {
    what: 'a tunnel that nobody uses',
    text: `${SERVER}    tunnel: { type: gre }
    real_servers: [{ address: 10.0.0.1 }]
`,
    problems: ['5:13: virtual_servers[0].tunnel: only goes with `forwarding: tunnel`, which no real server here has'],
  },
  {
    what: 'a tunnel to a real server and a sorry server without one',
    text: `${SERVER}    real_servers: [{ address: 10.0.0.1, tunnel: { type: gre } }]
    sorry_server: { address: 10.0.0.2, forwarding: nat, tunnel: { type: ipip } }
`,
    problems: [
      '5:49: virtual_servers[0].real_servers[0].tunnel: only goes with `forwarding: tunnel`, not direct',
      '6:65: virtual_servers[0].sorry_server.tunnel: only goes with `forwarding: tunnel`, not nat',
    ],
  },
  {
    what: 'full NAT into the other family',
    text: `${SERVER}    forwarding: fullnat
    source_addresses: [2001:db8::2]
    real_servers: [{ address: 2001:db8::1 }]
`,
    problems: [
      '6:24: virtual_servers[0].source_addresses[0]: must be IPv4 as the virtual server; found "2001:db8::2"',
      '7:31: virtual_servers[0].real_servers[0].address: must be IPv4 as the virtual server, unless `forwarding: tunnel`; found "2001:db8::1"',
    ],
  },
  {
    what: 'source addresses that are none, or given twice',
    text: `${SERVER}    forwarding: fullnat
    source_addresses: [127.0.0.1, 224.0.0.1, 10.0.0.0/24]
    real_servers: [{ address: 10.0.0.1 }]
  - name: b
    address: 192.0.2.2
    port: 80
    forwarding: fullnat
    source_addresses: [192.0.2.9, 192.0.2.9]
    real_servers: [{ address: 10.0.0.1 }]
`,
    problems: [
      '6:24: virtual_servers[0].source_addresses[0]: must be an address that other hosts can reach, not loopback; found "127.0.0.1"',
      '6:35: virtual_servers[0].source_addresses[1]: must be one host\'s address, not multicast; found "224.0.0.1"',
      '6:46: virtual_servers[0].source_addresses[2]: must be an IPv4 or IPv6 address; found "10.0.0.0/24"',
      '12:35: virtual_servers[1].source_addresses[1]: 192.0.2.9 is given twice',
    ],
  },
  {
    what: 'source addresses that nobody uses',
    text: `${SERVER}    forwarding: nat
    source_addresses: [192.0.2.9]
    real_servers: [{ address: 10.0.0.1 }]
`,
    problems: [
      '6:23: virtual_servers[0].source_addresses: only goes with `forwarding: fullnat`, which no real server here has',
    ],
  },
  {
    what: 'full NAT of SCTP',
    text: `${SERVER}    protocol: sctp
    checks: []
    real_servers: [{ address: 10.0.0.1, forwarding: fullnat }]
`,
    problems: [
      '5:15: virtual_servers[0].protocol: sctp does not go with `forwarding: fullnat`: an association names its addresses within',
    ],
  },
  {
    what: 'full NAT of single packets',
    text: `${UDP_SERVER}    one_packet: true
    checks: []
    sorry_server: { address: 10.0.0.1, forwarding: fullnat }
`,
    problems: [
      '6:17: virtual_servers[0].one_packet: does not go with `forwarding: fullnat`: the replies would not come back',
    ],
  },
];
