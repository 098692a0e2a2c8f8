/** TLS as checks of several types use it. Pure. */
import * as z from 'zod';
import { err, ok } from '../../util/result.ts';
import { flag, mapping, must, readText, text } from '../fields.ts';
import { absolutePath } from '../schema-words.ts';

/** How the server is to prove who it is. */
export interface TlsConfig {
  /** Sent as SNI and looked for in the certificate; null: no SNI, the certificate must be for the address. */
  readonly serverName: string | null;
  /** Whether the certificate is checked at all. */
  readonly verify: boolean;
  /** PEM certificates to trust instead of the system's list; null: that list. */
  readonly caFile: string | null;
  /** A certificate that expires within so many days is a warning; 0: never. */
  readonly expiryWarningDays: number;
}

/** What is checked when nothing is said: everything. */
export const CAREFUL_TLS: TlsConfig = { serverName: null, verify: true, caFile: null, expiryWarningDays: 14 };

const DAYS = 'a number of days from 0d to 999d';

/** `14d`, as a number. */
const days = () =>
  readText(z.string({ error: must(DAYS) }).regex(/^\d{1,3}d$/, { error: must(DAYS) }), (written) => {
    const count = Number(written.slice(0, -1));
    return Number.isNaN(count) ? err(must(DAYS)({ input: written })) : ok(count);
  });

/** Its keys, for types that have them among others. */
export const tlsKeys = {
  server_name: text(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/, 'a host name')
    .optional()
    .describe('Name in the certificate, sent in SNI; default: none, the certificate must be for the address'),
  verify: flag().default(true).describe('Check the certificate'),
  ca_file: absolutePath().optional().describe("PEM certificates to trust instead of the system's"),
  expiry_warning: days().prefault('14d').describe('Warn when the certificate expires within so many days; 0d: never'),
};

/** `tls: true`, or how. */
export const tls = () =>
  z.union([flag(), mapping(tlsKeys)], { error: must('true, false or a mapping with server_name, verify, ca_file') });

export type RawTls = z.output<ReturnType<typeof tls>>;

/** Null: without TLS. */
export function resolveTls(raw: RawTls | undefined): TlsConfig | null {
  if (raw === undefined || raw === false) return null;
  if (raw === true) return CAREFUL_TLS;
  return {
    serverName: raw.server_name ?? null,
    verify: raw.verify,
    caFile: raw.ca_file ?? null,
    expiryWarningDays: raw.expiry_warning,
  };
}
