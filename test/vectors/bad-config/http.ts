/** Checks over HTTP and gRPC: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

const REST = `    real_servers:
      - address: 10.0.0.1
`;

export const http: readonly BadConfig[] = [
  {
    what: 'values of a request',
    text: `${SERVER}    checks:
      - { type: http, method: CONNECT, headers: [a], digest: abc, version: 3, proxy_protocol: v3, weight_header: "a b" }
      - { type: http, urls: [], json: [{ path: "", equals: [1], min: a }], headers: { a: 1 } }
`,
    problems: [
      '6:31: virtual_servers[0].checks[0].method: must be a method: GET, HEAD, OPTIONS, POST or another one but CONNECT; found "CONNECT"',
      '6:49: virtual_servers[0].checks[0].headers: must be a mapping of names to texts; found a list',
      '6:62: virtual_servers[0].checks[0].digest: must be a SHA-256 or MD5 digest in hexadecimal; found "abc"',
      '6:76: virtual_servers[0].checks[0].version: must be 1.1 or 2; found 3',
      '6:95: virtual_servers[0].checks[0].proxy_protocol: must be one of v1, v2; found "v3"; did you mean "v1"?',
      '6:114: virtual_servers[0].checks[0].weight_header: must be the name of a header; found "a b"',
      '7:29: virtual_servers[0].checks[1].urls: must hold at least one request',
      '7:48: virtual_servers[0].checks[1].json[0].path: must be text of 1 to 255 characters; found 0 characters',
      '7:60: virtual_servers[0].checks[1].json[0].equals: must be text, a number, true, false or null; found a list',
      '7:70: virtual_servers[0].checks[1].json[0].min: must be a number; found "a"',
      '7:90: virtual_servers[0].checks[1].headers.a: must be text of one line; found 1 (put it in quotes if it is text)',
    ],
  },
  {
    what: 'headers that cannot be set',
    text: `${SERVER}    checks:
      - { type: http, headers: { Host: a, Content-Length: "1", Connection: close, "a b": c } }
${REST}`,
    problems: [
      '6:40: virtual_servers[0].checks[0].headers.Host: cannot be set: use `host`',
      '6:59: virtual_servers[0].checks[0].headers.Content-Length: cannot be set: it follows from `request_body`',
      '6:76: virtual_servers[0].checks[0].headers.Connection: cannot be set: it belongs to the connection',
      '6:90: virtual_servers[0].checks[0].headers["a b"]: must be the name of a header; found "a b"',
    ],
  },
  {
    what: 'requests without a path',
    text: `${SERVER}    checks:
      - { type: http, urls: [{ path: /b }, { method: GET }] }
${REST}`,
    problems: [
      '6:44: virtual_servers[0].checks[0].urls[1].path: missing: must be a path that starts with / and has no spaces',
    ],
  },
  {
    what: 'a path beside several, and what they take from the check',
    text: `${SERVER}    checks:
      - { type: http, path: /a, body_regex: "(", urls: [{ path: /b }] }
${REST}`,
    problems: [
      '6:29: virtual_servers[0].checks[0].path: does not go with `urls`: each has its own',
      '6:45: virtual_servers[0].checks[0].body_regex: has a ( without ); found "("',
    ],
  },
  {
    what: 'conditions on the body of HEAD, in any place',
    text: `${SERVER}    checks:
      - { type: http, method: HEAD, urls: [{ path: /, digest: d41d8cd98f00b204e9800998ecf8427e }] }
${REST}`,
    problems: [
      '6:63: virtual_servers[0].checks[0].urls[0].digest: does not go with `method: HEAD`: its answer has no body',
    ],
  },
  {
    what: 'a regular expression that is none',
    text: `${SERVER}    checks:
      - { type: http, body_regex: "(a" }
${REST}`,
    problems: ['6:35: virtual_servers[0].checks[0].body_regex: has a ( without ); found "(a"'],
  },
  {
    what: 'conditions that no document meets',
    text: `${SERVER}    checks:
      - { type: http, json: [{ path: a..b }, { path: a, exists: false, equals: 1 }, { path: a, min: 2, max: 1 }] }
${REST}`,
    problems: [
      '6:38: virtual_servers[0].checks[0].json[0].path: must be names with dots between them, [0] for the first of a list, ["..."] for a name with dots or brackets; found "a..b"',
      '6:80: virtual_servers[0].checks[0].json[1].equals: does not go with `exists: false`: there would be no value to compare',
      '6:109: virtual_servers[0].checks[0].json[2].max: must not be below `min`',
    ],
  },
  {
    what: 'verify in two places',
    text: `${SERVER}    checks:
      - { type: https, verify: false, tls: { verify: true } }
${REST}`,
    problems: ['6:32: virtual_servers[0].checks[0].verify: is written twice: here and in `tls`'],
  },
  {
    what: 'TLS that is not asked for',
    text: `${SERVER}    checks:
      - { type: http, tls: { verify: false } }
      - { type: https, tls: { sni: a } }
      - { type: grpc, service: 1, tls: { ca_file: a } }
`,
    problems: [
      '6:23: virtual_servers[0].checks[0].tls: unknown key `tls`; ...',
      '7:31: virtual_servers[0].checks[1].tls.sni: unknown key `sni`; the keys here are server_name, verify, ca_file, expiry_warning',
      '8:32: virtual_servers[0].checks[2].service: must be text of 0 to 255 characters; found 1 (put it in quotes if it is text)',
      '8:51: virtual_servers[0].checks[2].tls.ca_file: must be an absolute path; found "a"',
    ],
  },
];
