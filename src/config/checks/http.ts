/** The http and https checks: one request or several, and what their answers must be. Pure. */
import * as z from 'zod';
import { choice, flag, list, mapping, must, text } from '../fields.ts';
import type { Path, Report } from '../problems.ts';
import { type CheckCommon, type CheckContext, ports, rhythm, watch } from './common.ts';
import { type HttpRequestConfig, requestKeys, resolveRequest, urlPath } from './http-request.ts';
import { CAREFUL_TLS, type TlsConfig, tlsKeys } from './tls.ts';

export type { StatusRange } from './http-request.ts';

export interface HttpCheckConfig extends CheckCommon {
  readonly type: 'http' | 'https';
  /** 2 over TLS is agreed upon by ALPN; without TLS it is spoken at once ("prior knowledge", RFC 9113 section 3.3). */
  readonly version: '1.1' | '2';
  /** In their order, one after the other, at least one; all must pass before the one deadline. */
  readonly requests: readonly HttpRequestConfig[];
  /** Lower case; a header in which the server gives its weight. Null: none is looked at. */
  readonly weightHeader: string | null;
  /** Null: http. */
  readonly tls: TlsConfig | null;
  /** The header that goes before everything else on each connection; null: none. */
  readonly proxyProtocol: 'v1' | 'v2' | null;
}

const httpKeys = {
  ...requestKeys,
  path: requestKeys.path.describe('Path and query of the request; default: /'),
  method: requestKeys.method.describe('Request method; default: GET'),
  status: requestKeys.status.describe('Answers that pass: numbers, or ranges such as "200-299"; default: [200]'),
  urls: list(mapping({ ...requestKeys, path: urlPath().describe('Path and query of the request') }))
    .min(1, { error: 'must hold at least one request' })
    .max(20, { error: 'must hold at most 20 requests' })
    .optional()
    .describe('Several requests that must all pass; what one does not say is taken from the check itself'),
  // YAML takes 1.1 and 2 for numbers.
  version: z
    .literal(['1.1', '2', 1.1, 2], { error: must('1.1 or 2') })
    .default('1.1')
    .describe('Version of HTTP; 2 is agreed upon by ALPN with https, and spoken at once with http'),
  proxy_protocol: choice(['v1', 'v2'])
    .optional()
    .describe('Begin each connection with this header of the PROXY protocol'),
  weight_header: text(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header')
    .optional()
    .describe('Header of the answer that holds the weight, such as `75%` or `75`'),
};

export const httpCheck = mapping({
  type: z.literal('http').describe('Request over HTTP'),
  ...rhythm,
  ...ports,
  ...watch,
  ...httpKeys,
});
export const httpsCheck = mapping({
  type: z.literal('https').describe('Request over HTTPS'),
  ...rhythm,
  ...ports,
  ...watch,
  ...httpKeys,
  verify: flag().optional().describe('Check the certificate; short for `tls: { verify: ... }`; default: true'),
  tls: mapping({ ...tlsKeys, verify: flag().optional().describe('Check the certificate; default: true') })
    .optional()
    .describe('What is asked of the certificate'),
});

type Raw = z.output<typeof httpCheck> | z.output<typeof httpsCheck>;

/** The check with its defaults; reports what does not go together. */
export function resolveHttpCheck(raw: Raw, common: CheckCommon, { path, report }: CheckContext): HttpCheckConfig {
  const { urls } = raw;
  if (urls !== undefined && raw.path !== undefined)
    report([...path, 'path'], 'does not go with `urls`: each has its own');
  const requests =
    urls === undefined
      ? [resolveRequest(raw, path, report)]
      : urls.map((url, index) => {
          const whole = { ...raw, ...url, headers: { ...raw.headers, ...url.headers } };
          const place = [...path, 'urls', index];
          return resolveRequest(whole, place, reportWhereWritten(url, place, report));
        });
  return {
    ...common,
    type: raw.type,
    version: String(raw.version) === '2' ? '2' : '1.1',
    requests,
    weightHeader: raw.weight_header?.toLowerCase() ?? null,
    tls: raw.type === 'https' ? resolveHttpsTls(raw, requests[0]?.host ?? null, path, report) : null,
    proxyProtocol: raw.proxy_protocol ?? null,
  };
}

/** What is wrong with a key that a request took from the check is told of the check. */
function reportWhereWritten(url: object, place: Path, report: Report): Report {
  return (path, message) => {
    const key = path[place.length];
    const inherited = key !== undefined && !Object.hasOwn(url, key);
    report(inherited ? [...place.slice(0, -2), ...path.slice(place.length)] : path, message);
  };
}

/** Without a name of its own, the certificate must be for the host that is asked for first. */
function resolveHttpsTls(raw: z.output<typeof httpsCheck>, host: string | null, path: Path, report: Report): TlsConfig {
  const { tls } = raw;
  if (tls?.verify !== undefined && raw.verify !== undefined) {
    report([...path, 'verify'], 'is written twice: here and in `tls`');
  }
  return {
    serverName: tls?.server_name ?? (host === null ? null : nameOf(host)),
    verify: tls?.verify ?? raw.verify ?? true,
    caFile: tls?.ca_file ?? null,
    expiryWarningDays: tls?.expiry_warning ?? CAREFUL_TLS.expiryWarningDays,
  };
}

/** A host without its port and brackets. */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '');
}
