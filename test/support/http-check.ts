/** HTTP checks as tests write them: what is asked and wanted in one flat mapping. */

import type { HttpCheckConfig } from '../../src/config/checks/http.ts';
import type { HttpAnswerConfig, HttpRequestConfig } from '../../src/config/checks/http-request.ts';
import { CAREFUL_TLS } from '../../src/config/checks/tls.ts';
import type { CheckCommon } from '../../src/config/types-checks.ts';

/** What makes one request; `body` is a text wanted in the answer. */
export interface PlainRequest extends Partial<Omit<HttpRequestConfig, 'body' | 'answer'>>, Partial<HttpAnswerConfig> {
  readonly requestBody?: string;
  readonly body?: string | null;
}

type Own = Pick<HttpCheckConfig, 'version' | 'weightHeader' | 'proxyProtocol'>;

/** What makes the check: the request, unless `urls` has several. https: `host` is the certificate's name too. */
export interface PlainHttp extends PlainRequest, Partial<Own> {
  readonly type?: 'http' | 'https';
  readonly urls?: readonly PlainRequest[];
  readonly verify?: boolean;
  readonly caFile?: string;
  readonly expiryWarningDays?: number;
}

export function requestOf(plain: PlainRequest): HttpRequestConfig {
  const text = plain.body ?? null;
  return {
    method: plain.method ?? 'GET',
    path: plain.path ?? '/',
    host: plain.host ?? null,
    headers: plain.headers ?? {},
    body: plain.requestBody ?? null,
    answer: {
      status: plain.status ?? [{ from: 200, to: 299 }],
      wanted: plain.wanted ?? (text === null ? [] : [{ kind: 'text', text }]),
      unwanted: plain.unwanted ?? [],
      json: plain.json ?? [],
      digest: plain.digest ?? null,
    },
  };
}

/** The part of a check that is HTTP's own. */
export function httpPart(plain: PlainHttp): Omit<HttpCheckConfig, keyof CheckCommon> {
  const { verify = true, caFile = null, expiryWarningDays = 0, host = null } = plain;
  const tls = { ...CAREFUL_TLS, serverName: host?.replace(/:\d+$/, '') ?? null, verify, caFile, expiryWarningDays };
  return {
    type: plain.type ?? 'http',
    version: plain.version ?? '1.1',
    requests: (plain.urls ?? [plain]).map(requestOf),
    weightHeader: plain.weightHeader ?? null,
    tls: plain.type === 'https' ? tls : null,
    proxyProtocol: plain.proxyProtocol ?? null,
  };
}
