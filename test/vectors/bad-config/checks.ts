/** Checks: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

export const checks: readonly BadConfig[] = [
  {
    what: 'types',
    text: `${SERVER}    checks:
      - type: htttp
      - { path: / }
      - tcp
      - type: 80
`,
    problems: [
      '6:15: virtual_servers[0].checks[0].type: must be one of tcp, http, https, udp, dns, icmp, grpc, script, file, agent, passive; found "htttp"; did you mean "http"?',
      '7:9: virtual_servers[0].checks[1].type: missing: must be one of tcp, http, https, udp, dns, icmp, grpc, script, file, agent, passive',
      '8:9: virtual_servers[0].checks[2]: must be a mapping with `type` and what it needs; found "tcp"',
      '9:15: virtual_servers[0].checks[3].type: must be one of tcp, http, https, udp, dns, icmp, grpc, script, file, agent, passive; found 80',
    ],
  },
  {
    what: 'keys of another type',
    text: `${SERVER}    checks:
      - { type: tcp, path: / }
      - { type: http, verify: true }
      - { type: udp, exect: a }
`,
    problems: [
      '6:22: virtual_servers[0].checks[0].path: unknown key `path`; the keys here are type, interval, ...',
      '7:23: virtual_servers[0].checks[1].verify: unknown key `verify`; the keys here are type, interval, ...',
      '8:22: virtual_servers[0].checks[2].exect: unknown key `exect`; did you mean `expect`?',
    ],
  },
  {
    what: 'values of all types',
    text: `${SERVER}    checks:
      - { type: tcp, interval: 2h, timeout: 0s, rise: 101, fall: 0, address: localhost, port: 0 }
`,
    problems: [
      '6:32: virtual_servers[0].checks[0].interval: must be a duration from 50ms to 1h; found "2h"',
      '6:45: virtual_servers[0].checks[0].timeout: must be a duration from 1ms to 1h; found "0s"',
      '6:55: virtual_servers[0].checks[0].rise: must be a whole number from 1 to 100; found 101',
      '6:66: virtual_servers[0].checks[0].fall: must be a whole number from 1 to 100; found 0',
      '6:78: virtual_servers[0].checks[0].address: must be an IPv4 or IPv6 address; found "localhost"',
      '6:95: virtual_servers[0].checks[0].port: must be a whole number from 1 to 65535; found 0',
    ],
  },
  {
    what: 'values of HTTP',
    text: `${SERVER}    checks:
      - { type: http, method: get, path: healthz, host: "a b", status: [], body: "" }
`,
    problems: [
      '6:31: virtual_servers[0].checks[0].method: must be a method: GET, HEAD, OPTIONS, POST or another one but CONNECT; found "get"',
      '6:42: virtual_servers[0].checks[0].path: must be a path that starts with / and has no spaces; found "healthz"',
      '6:57: virtual_servers[0].checks[0].host: must be a host name or address, optionally with a port; found "a b"',
      '6:72: virtual_servers[0].checks[0].status: must hold at least one status',
      '6:82: virtual_servers[0].checks[0].body: must be text of 1 to 4096 characters; found 0 characters',
    ],
  },
  {
    what: 'statuses',
    text: `${SERVER}    checks:
      - { type: http, status: [99, 600, "200-", "299-200", 2xx, true] }
      - { type: http, status: ["299-200"] }
`,
    problems: [
      '6:32: virtual_servers[0].checks[0].status[0]: must be a status from 100 to 599 such as 200, or a range such as "200-299"; found 99',
      '6:36: virtual_servers[0].checks[0].status[1]: must be a status from 100 to 599 such as 200, or a range such as "200-299"; found 600',
      '6:41: virtual_servers[0].checks[0].status[2]: must be a status from 100 to 599 such as 200, or a range such as "200-299"; found "200-"',
      '6:60: virtual_servers[0].checks[0].status[4]: must be a status from 100 to 599 such as 200, or a range such as "200-299"; found "2xx"',
      '6:65: virtual_servers[0].checks[0].status[5]: must be a status from 100 to 599 such as 200, or a range such as "200-299"; found true',
    ],
  },
  {
    what: 'a range of statuses that runs backwards',
    text: `${SERVER}    checks:
      - { type: http, status: ["299-200"] }
    real_servers:
      - address: 10.0.0.1
`,
    problems: ['6:32: virtual_servers[0].checks[0].status[0]: must begin with the lower status; found "299-200"'],
  },
  {
    what: 'a body with HEAD',
    text: `${SERVER}    checks:
      - { type: http, method: HEAD, body: ok }
    real_servers:
      - address: 10.0.0.1
`,
    problems: ['6:43: virtual_servers[0].checks[0].body: does not go with `method: HEAD`: its answer has no body'],
  },
  {
    what: 'text that YAML reads as a number',
    text: `${SERVER}    checks:
      - { type: tcp, send: 1, expect: 220 }
`,
    problems: [
      '6:28: virtual_servers[0].checks[0].send: must be text or a mapping with hex; found 1 (put it in quotes if it is text)',
      '6:39: virtual_servers[0].checks[0].expect: must be text or a mapping with one of text, hex, regex; found 220 (put it in quotes if it is text)',
    ],
  },
  {
    what: 'no port to probe',
    text: `virtual_servers:
  - name: a
    fwmark: 1
    checks: [{ type: tcp }]
    real_servers:
      - address: 10.0.0.1
      - address: 10.0.0.2
`,
    problems: [
      '4:14: virtual_servers[0].checks[0].port: missing: the real server has no port of its own; must be a whole number from 1 to 65535',
    ],
  },
];
