/** All problems at once: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER, SERVER } from './bad-config.ts';

export const together: readonly BadConfig[] = [
  {
    what: 'between sound parts beside a faulty one',
    text: `${ROUTER}    virtual_addresses: [192.0.2.1/24]
  - name: b
    interface: eth0/1
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1]
  - name: c
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.2]
`,
    problems: [
      '7:16: vrrp[1].interface: must be an interface name of 1 to 15 characters; found "eth0/1"',
      '12:24: vrrp[2].virtual_router_id: 1 is already used for IPv4 on eth0 by "a"',
    ],
  },
  {
    what: 'real servers beside a faulty one',
    text: `${SERVER}    real_servers:
      - { address: 10.0.0.1, weight: -1 }
      - { address: 10.0.0.2, port: 81 }
      - { address: 10.0.0.3, weight: x }
      - { address: 10.0.0.4, port: 82 }
`,
    problems: [
      '6:38: virtual_servers[0].real_servers[0].weight: must be a whole number from 0 to 65535; found -1',
      '7:36: virtual_servers[0].real_servers[1].port: must be 80 or left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 81',
      '8:38: virtual_servers[0].real_servers[2].weight: must be a whole number from 0 to 65535; found "x"',
      '9:36: virtual_servers[0].real_servers[3].port: must be 80 or left out: only `forwarding: nat` or `fullnat` can change the port, not direct; found 82',
    ],
  },
  {
    what: 'no false alarm about what a faulty part would have given',
    text: `vrrp:
  - { name: a, interface: eth0, virtual_router_id: 0, virtual_addresses: [192.0.2.1] }
connection_sync: { follow: a, interface: eth1 }
`,
    problems: ['2:52: vrrp[0].virtual_router_id: must be a whole number from 1 to 255; found 0'],
  },
  {
    what: 'no false alarm when a misspelt key hides a section',
    text: `virtual_server: []
`,
    problems: ['1:1: virtual_server: unknown key `virtual_server`; did you mean `virtual_servers`?'],
  },
  {
    what: 'no false alarm about values that a faulty section would have given',
    text: `defaults: { scheduler: sh, forwarding: nat, weight: -1 }
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    scheduler_flags: [sh-port]
    real_servers:
      - { address: 10.0.0.1, port: 81 }
`,
    problems: ['1:53: defaults.weight: must be a whole number from 0 to 65535; found -1'],
  },
  {
    what: 'through an alias',
    text: `defaults: { check: &c { interval: 1ms } }
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    persistence: *c
`,
    problems: [
      '1:25: virtual_servers[0].persistence.interval: unknown key `interval`; the keys here are timeout, prefix_length, engine',
      '1:35: defaults.check.interval: must be a duration from 50ms to 1h; found "1ms"',
    ],
  },
];
