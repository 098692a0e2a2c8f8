/** What the file may say about checks. Pure. */
import * as z from 'zod';
import { address, choice, flag, freeText, integer, list, mapping, must, text, unicast } from './fields.ts';
import { nearest } from './nearest.ts';
import { describeValue, quote } from './problems.ts';
import { interval, port, timeout } from './schema-words.ts';

const CHECK_TYPES = ['tcp', 'http', 'https', 'udp'] as const;

const rhythm = {
  interval: interval().optional().describe('Time between two probes; default: defaults.check.interval'),
  timeout: timeout().optional().describe('Deadline for the whole exchange; default: defaults.check.timeout'),
  rise: integer(1, 100).optional().describe('Successes in a row until up; default: defaults.check.rise'),
  fall: integer(1, 100).optional().describe('Failures in a row until down; default: defaults.check.fall'),
  address: address(unicast).optional().describe('Probe here instead of the real server'),
  port: port().optional().describe("Probe this port instead of the real server's"),
};

/** Printable without spaces: it goes into a request line. */
const urlPath = () => text(/^\/[!-~]{0,1999}$/, 'a path that starts with / and has no spaces');
const hostName = () => text(/^[A-Za-z0-9._:[\]-]{1,255}$/, 'a host name or address, optionally with a port');

const STATUS = 'a status from 100 to 599 such as 200, or a range such as "200-299"';
const status = z.union(
  [
    z
      .int({ error: must(STATUS) })
      .min(100, { error: must(STATUS) })
      .max(599, { error: must(STATUS) }),
    text(/^[1-5]\d\d-[1-5]\d\d$/, STATUS),
  ],
  { error: must(STATUS) },
);

const httpKeys = {
  method: choice(['GET', 'HEAD', 'OPTIONS', 'POST']).default('GET').describe('Request method'),
  path: urlPath().default('/').describe('Path and query of the request'),
  host: hostName().optional().describe('Host header; https: also the name in the certificate; default: address:port'),
  status: list(status)
    .min(1, { error: 'must hold at least one status' })
    .default([200])
    .describe('Answers that pass: numbers, or ranges such as "200-299"'),
  body: freeText(1, 4096).optional().describe('Text that must occur in the first 64 KiB of the body'),
};

const payload = () => freeText(0, 1400);
const expected = () => freeText(1, 4096);

const tcpCheck = mapping({
  type: z.literal('tcp').describe('Connect; optionally send and expect text'),
  ...rhythm,
  send: payload().optional().describe('Text sent after connecting; default: nothing'),
  expect: expected().optional().describe('Text that must occur in the answer; default: connecting is enough'),
});
const httpCheck = mapping({ type: z.literal('http').describe('Request over HTTP'), ...rhythm, ...httpKeys });
const httpsCheck = mapping({
  type: z.literal('https').describe('Request over HTTPS'),
  ...rhythm,
  ...httpKeys,
  verify: flag().default(true).describe('Check the certificate'),
});
const udpCheck = mapping({
  type: z.literal('udp').describe('Send one datagram; optionally expect text'),
  ...rhythm,
  send: payload().default('').describe('Payload of the datagram'),
  expect: expected().optional().describe('Text the reply must hold; default: no ICMP error within the timeout'),
});

/** One check of any type. */
export const check = z
  .discriminatedUnion('type', [tcpCheck, httpCheck, httpsCheck, udpCheck], { error: checkError })
  .meta({ id: 'check', description: 'One probe' });
export const checks = () => list(check).optional();

function checkError(issue: { readonly input?: unknown; readonly code?: string | undefined }): string {
  const input = issue.input;
  if (issue.code !== 'invalid_union' || typeof input !== 'object' || input === null) {
    return must('a mapping with `type` and what it needs')(issue);
  }
  const type: unknown = 'type' in input ? input.type : undefined;
  const allowed = `must be one of ${CHECK_TYPES.join(', ')}`;
  if (type === undefined) return `missing: ${allowed}`;
  const meant = typeof type === 'string' ? nearest(type, CHECK_TYPES) : null;
  return `${allowed}; found ${describeValue(type)}${meant === null ? '' : `; did you mean ${quote(meant)}?`}`;
}
