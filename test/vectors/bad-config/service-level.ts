/** How virtual servers treat their real servers: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

const WEIGHED = `    real_servers:
      - { address: 10.0.0.1, weight: 100 }
      - { address: 10.0.0.2, weight: 100 }
`;

export const serviceLevel: readonly BadConfig[] = [
  {
    what: 'values out of their ranges',
    text: `${SERVER}    quorum: 0
    hysteresis: -1
    check_mode: most
    slow_start: 30
    graded_weight: { min: 0, max: 99, smoothing: 101, latency: { full: 10ms } }
    panic: { threshold: 100, within: 1h }
    ha_suspend: "a b"
    quorum_up: []
    notify_timeout: 0s
`,
    problems: [
      '5:13: virtual_servers[0].quorum: must be a whole number from 1 to 2147483647; found 0',
      '6:17: virtual_servers[0].hysteresis: must be a whole number from 0 to 2147483647; found -1',
      '7:17: virtual_servers[0].check_mode: must be all, any or a whole number from 1 to 100; found "most"',
      '8:17: virtual_servers[0].slow_start: must be a duration such as 30s, or a mapping with duration and from; found 30',
      '9:27: virtual_servers[0].graded_weight.min: must be a whole number from 1 to 100; found 0',
      '9:35: virtual_servers[0].graded_weight.max: must be a whole number from 100 to 1000; found 99',
      '9:50: virtual_servers[0].graded_weight.smoothing: must be a whole number from 1 to 100; found 101',
      '9:64: virtual_servers[0].graded_weight.latency.low: missing: must be a duration from 1ms to 1h',
      '10:25: virtual_servers[0].panic.threshold: must be a whole number from 1 to 99; found 100',
      '10:38: virtual_servers[0].panic.within: must be a duration from 100ms to 10m; found "1h"',
      '11:17: virtual_servers[0].ha_suspend: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit; found "a b"',
      '12:16: virtual_servers[0].quorum_up: must be a command: one text, or a list of up to 256 words; found a list',
      '13:21: virtual_servers[0].notify_timeout: must be a duration from 100ms to 1h; found "0s"',
    ],
  },
  {
    what: 'a slow start with a wrong part',
    text: `${SERVER}    slow_start: { duration: 30s, from: 0, to: 100 }
`,
    problems: [
      '5:40: virtual_servers[0].slow_start.from: must be a whole number from 1 to 100; found 0',
      '5:43: virtual_servers[0].slow_start.to: unknown key `to`; the keys here are duration, from',
    ],
  },
  {
    what: 'a hysteresis that swallows the quorum',
    text: `${SERVER}${WEIGHED}    quorum: 50
    hysteresis: 50
`,
    problems: ['9:17: virtual_servers[0].hysteresis: must be below the quorum, 50; found 50'],
  },
  {
    what: 'shares of a weight of 1',
    text: `${SERVER}    real_servers: [{ address: 10.0.0.1 }]
    slow_start: 10s
    graded_weight: {}
`,
    problems: [
      '6:17: virtual_servers[0].slow_start: has no effect on a weight of 1: give the real servers more, such as `weight: 100`',
      '7:20: virtual_servers[0].graded_weight: has no effect on a weight of 1: give the real servers more, such as `weight: 100`',
    ],
  },
  {
    what: 'latencies in the wrong order',
    text: `${SERVER}    graded_weight: { latency: { full: 100ms, low: 100ms } }
`,
    problems: ['5:51: virtual_servers[0].graded_weight.latency.low: must be above `full`'],
  },
  {
    what: 'more checks required than there are',
    text: `${SERVER}    check_mode: 2
    real_servers:
      - { address: 10.0.0.1 }
      - { address: 10.0.0.2, checks: [{ type: tcp }, { type: http }], check_mode: 3 }
      - { address: 10.0.0.3, checks: [] }
`,
    problems: [
      '5:17: virtual_servers[0].check_mode: must not be above the number of checks, 1; found 2',
      '8:83: virtual_servers[0].real_servers[1].check_mode: must not be above the number of checks, 2; found 3',
    ],
  },
  {
    what: 'checks that rest for a router that is not there',
    text: `${SERVER}    ha_suspend: wbe
vrrp:
  - { name: web, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.9] }
`,
    problems: [
      '5:17: virtual_servers[0].ha_suspend: must name a virtual router of `vrrp`; found "wbe"; did you mean "web"?',
    ],
  },
  {
    what: 'checks that rest when the virtual router is lost that tracks them',
    text: `${SERVER}    ha_suspend: web
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    virtual_addresses: [192.0.2.100/24]
    track: [{ virtual_server: a }]
`,
    problems: [
      '5:17: virtual_servers[0].ha_suspend: "web" tracks this virtual server, so its checks must not rest: name another virtual router, or leave it out',
    ],
  },
  {
    what: 'a user or a timeout without a program',
    text: `${SERVER}    notify_user: nobody
    notify_timeout: 1s
`,
    problems: [
      '5:18: virtual_servers[0].notify_user: only goes with one of quorum_up, quorum_down, notify_up, notify_down',
      '6:21: virtual_servers[0].notify_timeout: only goes with one of quorum_up, quorum_down, notify_up, notify_down',
    ],
  },
  {
    what: 'a tier that is none',
    text: `${SERVER}    real_servers: [{ address: 10.0.0.1, tier: 10 }]
`,
    problems: ['5:47: virtual_servers[0].real_servers[0].tier: must be a whole number from 0 to 9; found 10'],
  },
  {
    what: 'sorry servers in two places',
    text: `${SERVER}    sorry_server: { address: 10.0.0.1 }
    sorry_servers: [{ address: 10.0.0.2 }]
`,
    problems: ['6:20: virtual_servers[0].sorry_servers: does not go with `sorry_server`: put all of them here'],
  },
  {
    what: 'sorry servers that are there already, or none',
    text: `${SERVER}    real_servers: [{ address: 10.0.0.1 }]
    sorry_servers:
      - { address: 10.0.0.2, weight: 0 }
  - name: b
    address: 192.0.2.2
    port: 80
    real_servers: [{ address: 10.0.0.1 }]
    sorry_servers: [{ address: 10.0.0.2 }, { address: 10.0.0.1 }, { address: 10.0.0.2, checks: [{ type: dns }] }]
  - { name: c, address: 192.0.2.3, port: 80, sorry_servers: [] }
`,
    problems: [
      '7:38: virtual_servers[0].sorry_servers[0].weight: must be a whole number from 1 to 65535; found 0',
      '12:55: virtual_servers[1].sorry_servers[1].address: "10.0.0.1" is also one of the real servers',
      '12:78: virtual_servers[1].sorry_servers[2].address: "10.0.0.2" is already sorry_servers[0]',
      '13:61: virtual_servers[2].sorry_servers: must hold at least one item',
    ],
  },
  {
    what: 'a self check of nobody, or of nothing on the network',
    text: 'virtual_servers: []\nself_check: { type: tcp, port: 80 }\n',
    problems: [
      '2:13: self_check.address: missing: must be the address of something that is always there, such as the gateway',
    ],
  },
  {
    what: 'a self check without a port',
    text: 'virtual_servers: []\nself_check: { type: tcp, address: 192.0.2.1 }\n',
    problems: ['2:13: self_check.port: missing: must be a whole number from 1 to 65535'],
  },
  {
    what: 'a self check of nothing on the network',
    text: 'virtual_servers: []\nself_check: { type: passive, name: a }\n',
    problems: ['2:21: self_check.type: must be a check over the network, or a script; found "passive"'],
  },
  {
    what: 'presets with a mistake: nothing is said of who uses them',
    text: `check_presets: [{ name: 1 }]
self_check: { type: tcp, address: 192.0.2.1, port: 80, preset: mine }
virtual_servers: []
`,
    problems: [
      '1:17: check_presets[0].type: ...',
      '1:17: check_presets[0].steps: ...',
      '1:25: check_presets[0].name: ...',
    ],
  },
];
