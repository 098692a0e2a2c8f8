/** BFD sessions: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

const VRRP = `${ROUTER}    virtual_addresses: [192.0.2.1/24]
`;
const TRACKING = `${VRRP}    track: [{ bfd: pier }]
`;

export const bfd: readonly BadConfig[] = [
  {
    what: 'what is required',
    text: `${VRRP}bfd:
  - {}
`,
    problems: [
      '7:5: bfd[0].name: missing: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
      '7:5: bfd[0].neighbor: missing: must be an IPv4 or IPv6 address',
      '7:5: bfd[0].interface: missing: must be an interface name of 1 to 15 characters',
    ],
  },
  {
    what: 'ranges',
    text: `${VRRP}bfd:
  - name: peer
    neighbor: 224.0.0.1
    interface: eth0
    min_tx: 49ms
    min_rx: 61s
    multiplier: 0
    passive: 1
    min_ttl: 254
`,
    problems: [
      '8:15: bfd[0].neighbor: must be one host\'s address, not multicast; found "224.0.0.1"',
      '10:13: bfd[0].min_tx: must be a duration from 50ms to 60s; found "49ms"',
      '11:13: bfd[0].min_rx: must be a duration from 50ms to 60s; found "61s"',
      '12:17: bfd[0].multiplier: must be a whole number from 1 to 255; found 0',
      '13:14: bfd[0].passive: must be true or false; found 1',
      '14:5: bfd[0].min_ttl: unknown key `min_ttl`; did you mean `min_tx`?',
    ],
  },
  {
    what: 'names and neighbours twice; the same neighbour on another interface is another one',
    text: `${VRRP}bfd:
  - { name: peer, neighbor: fe80::2, interface: eth0 }
  - { name: peer, neighbor: fe80::2, interface: eth1 }
  - { name: again, neighbor: "fe80:0::2", interface: eth0 }
`,
    problems: [
      '8:13: bfd[1].name: "peer" is already the name of bfd[0]',
      '9:30: bfd[2].neighbor: fe80::2 on eth0 is already the neighbour of "peer"',
    ],
  },
  {
    what: 'sources that cannot reach the neighbour',
    text: `${VRRP}bfd:
  - { name: a, neighbor: 192.0.2.3, interface: eth0, source_address: "fe80::1" }
  - { name: b, neighbor: 192.0.2.4, interface: eth0, source_address: 192.0.2.4 }
  - { name: c, neighbor: fe80::2, interface: eth0, source_address: "2001:db8::1" }
`,
    problems: [
      '7:70: bfd[0].source_address: must be IPv4 as the neighbour; found "fe80::1"',
      '8:70: bfd[1].source_address: must be an address of this machine, not the neighbour',
      '9:68: bfd[2].source_address: must be link-local if the neighbour is, and only then; found "2001:db8::1"',
    ],
  },
  {
    what: 'sessions without a virtual router',
    text: `virtual_servers: []
bfd:
  - { name: peer, neighbor: 192.0.2.3, interface: eth0 }
`,
    problems: ['3:3: bfd: sessions need a virtual router in `vrrp`: they live in the process of the virtual routers'],
  },
  {
    what: 'a tracked session that is not there',
    text: `${TRACKING}bfd:
  - { name: peer, neighbor: 192.0.2.3, interface: eth0 }
`,
    problems: ['6:20: vrrp[0].track[0].bfd: must be a name of `bfd`; found "pier"; did you mean "peer"?'],
  },
];
