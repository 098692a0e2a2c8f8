/** Virtual servers: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER, UDP_SERVER } from './bad-config.ts';

export const virtualServers: readonly BadConfig[] = [
  {
    what: 'neither address nor fwmark',
    text: `virtual_servers:
  - name: a
`,
    problems: ['2:5: virtual_servers[0]: missing: `address` and `port` (or `fwmark` alone)'],
  },
  {
    what: 'an address without port',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
`,
    problems: ['2:5: virtual_servers[0].port: missing: must be a whole number from 0 to 65535'],
  },
  {
    what: 'a port without address',
    text: `virtual_servers:
  - name: a
    port: 80
`,
    problems: ['2:5: virtual_servers[0]: missing: `address` (or `fwmark` alone)'],
  },
  {
    what: 'fwmark beside an address',
    text: `${SERVER}    fwmark: 1
    protocol: tcp
`,
    problems: [
      '3:14: virtual_servers[0].address: does not go with `fwmark`: the mark alone says what is balanced',
      '4:11: virtual_servers[0].port: does not go with `fwmark`: the mark alone says what is balanced',
      '6:15: virtual_servers[0].protocol: does not go with `fwmark`: the mark alone says what is balanced',
    ],
  },
  {
    what: 'fwmark 0 and too large',
    text: `virtual_servers:
  - { name: a, fwmark: 0 }
  - { name: b, fwmark: 4294967296 }
`,
    problems: [
      '2:24: virtual_servers[0].fwmark: must be a whole number from 1 to 4294967295; found 0',
      '3:24: virtual_servers[1].fwmark: must be a whole number from 1 to 4294967295; found 4294967296',
    ],
  },
  {
    what: 'family beside an address',
    text: `${SERVER}    family: ipv4
`,
    problems: ['5:13: virtual_servers[0].family: only goes with `fwmark`: an address has its own family'],
  },
  {
    what: 'addresses no service can have',
    text: `virtual_servers:
  - { name: a, address: 224.0.0.1, port: 80 }
  - { name: b, address: "::", port: 80 }
  - { name: c, address: web.example.com, port: 65536 }
`,
    problems: [
      '2:25: virtual_servers[0].address: must be one host\'s address, not multicast; found "224.0.0.1"',
      '3:25: virtual_servers[1].address: must be one host\'s address, not the unspecified one; found "::"',
      '4:25: virtual_servers[2].address: must be an IPv4 or IPv6 address; found "web.example.com"',
      '4:48: virtual_servers[2].port: must be a whole number from 0 to 65535; found 65536',
    ],
  },
  {
    what: 'the same name and the same service',
    text: `${SERVER}  - name: a
    address: 192.0.2.1
    port: 80
`,
    problems: [
      '5:11: virtual_servers[1].name: "a" is already the name of virtual_servers[0]',
      '6:14: virtual_servers[1].address: tcp 192.0.2.1:80 is already the virtual server "a"',
    ],
  },
  {
    what: 'the same IPv6 service written differently',
    text: `virtual_servers:
  - { name: a, address: "2001:db8::1", port: 80 }
  - { name: b, address: "2001:DB8:0::1", port: 80 }
`,
    problems: ['3:25: virtual_servers[1].address: tcp [2001:db8::1]:80 is already the virtual server "a"'],
  },
  {
    what: 'the same fwmark',
    text: `virtual_servers:
  - { name: a, fwmark: 7, checks: [] }
  - { name: b, fwmark: 7, family: ipv4, checks: [] }
`,
    problems: ['3:24: virtual_servers[1].fwmark: IPv4 fwmark 7 is already the virtual server "a"'],
  },
  {
    what: 'port 0 without persistence',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 0
    checks: []
`,
    problems: [
      '4:11: virtual_servers[0].port: port 0 (all ports) needs `persistence`: else each connection of a client may go elsewhere',
    ],
  },
  {
    what: 'one-packet on TCP',
    text: `${SERVER}    one_packet: true
`,
    problems: ['5:17: virtual_servers[0].one_packet: only goes with `protocol: udp` or `fwmark`'],
  },
  {
    what: "another scheduler's flags",
    text: `${SERVER}    scheduler: sh
    scheduler_flags: [mh-port, sh-port, sh-port, flag-1]
`,
    problems: [
      '6:23: virtual_servers[0].scheduler_flags[0]: "mh-port" only goes with `scheduler: mh`; the scheduler is sh',
      '6:41: virtual_servers[0].scheduler_flags[2]: "sh-port" is given twice',
      '6:50: virtual_servers[0].scheduler_flags[3]: must be sh-fallback or sh-port with `scheduler: sh`; found "flag-1"',
    ],
  },
  {
    what: 'flags of a scheduler that has none',
    text: `${SERVER}    scheduler_flags: [sh-fallback]
`,
    problems: [
      '5:23: virtual_servers[0].scheduler_flags[0]: "sh-fallback" only goes with `scheduler: sh`; the scheduler is wlc',
    ],
  },
  {
    what: 'persistence',
    text: `${SERVER}    persistence: { timeout: 500ms, prefix_length: 0, engine: sipp }
`,
    problems: [
      '5:29: virtual_servers[0].persistence.timeout: must be a duration from 1s to 744h in steps of 1s; found "500ms"',
      '5:51: virtual_servers[0].persistence.prefix_length: must be a whole number from 1 to 128; found 0',
      '5:62: virtual_servers[0].persistence.engine: must be sip; found "sipp"; did you mean "sip"?',
    ],
  },
  {
    what: 'persistence beyond IPv4, and SIP on TCP',
    text: `${SERVER}    persistence: { timeout: 745h }
  - name: b
    address: 192.0.2.2
    port: 80
    persistence: { prefix_length: 33, engine: sip }
`,
    problems: [
      '5:29: virtual_servers[0].persistence.timeout: must be a duration from 1s to 744h in steps of 1s; found "745h"',
      '9:35: virtual_servers[1].persistence.prefix_length: must be from 1 to 32 for IPv4; found 33',
      '9:47: virtual_servers[1].persistence.engine: sip only goes with `protocol: udp` or `fwmark`',
    ],
  },
  {
    what: 'quorum and words',
    text: `${SERVER}    quorum: 0
    on_failure: removed
    initial: alpha
    forwarding: dr
    scheduler: none
`,
    problems: [
      '5:13: virtual_servers[0].quorum: must be a whole number from 1 to 2147483647; found 0',
      '6:17: virtual_servers[0].on_failure: must be one of zero, remove; found "removed"; did you mean "remove"?',
      '7:14: virtual_servers[0].initial: must be one of down, up; found "alpha"',
      '8:17: virtual_servers[0].forwarding: must be one of nat, direct, tunnel, fullnat; found "dr"',
      '9:16: virtual_servers[0].scheduler: must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos; found "none"',
    ],
  },
  {
    what: 'UDP without checks',
    text: `${UDP_SERVER}    real_servers:
      - address: 10.0.0.1
`,
    problems: [
      '2:5: virtual_servers[0].checks: missing: udp has no check by default; give `checks`, or `checks: []` to never probe',
    ],
  },
  {
    what: 'fwmark without checks',
    text: `virtual_servers:
  - name: a
    fwmark: 1
    real_servers:
      - address: 10.0.0.1
`,
    problems: [
      '2:5: virtual_servers[0].checks: missing: a fwmark has no check by default; give `checks`, or `checks: []` to never probe',
    ],
  },
  {
    what: 'all ports without checks',
    text: `virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 0
    persistence: {}
    real_servers:
      - address: 10.0.0.1
`,
    problems: [
      '2:5: virtual_servers[0].checks: missing: port 0 has no port to connect to; give `checks` with a `port`, or `checks: []` to never probe',
    ],
  },
];
