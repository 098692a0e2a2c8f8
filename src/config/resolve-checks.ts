/** Checks: what they inherit from the real server and from the defaults. Pure. */
import { assertNever } from '../util/assert-never.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawCheck, RawDefaults } from './schema.ts';
import type { CheckCommon, CheckConfig, HttpCheckConfig, StatusRange } from './types.ts';

interface CheckTarget {
  readonly address: string;
  /** 0: the virtual server has no port; null: it has several. */
  readonly port: number | null;
}

export function resolveChecks(
  raw: readonly RawCheck[],
  target: CheckTarget,
  defaults: RawDefaults['check'],
  path: Path,
  report: Report,
): readonly CheckConfig[] {
  return raw.map((check, index) => {
    const at = [...path, index];
    const port = check.port ?? target.port ?? 0;
    if (port === 0) {
      const why = target.port === null ? 'has several ports' : 'has no port of its own';
      report([...at, 'port'], `missing: the real server ${why}; must be a whole number from 1 to 65535`);
    }
    return resolveCheck(
      check,
      {
        address: check.address?.text ?? target.address,
        port,
        intervalMs: check.interval ?? defaults.interval,
        timeoutMs: check.timeout ?? defaults.timeout,
        rise: check.rise ?? defaults.rise,
        fall: check.fall ?? defaults.fall,
      },
      at,
      report,
    );
  });
}

function resolveCheck(raw: RawCheck, common: CheckCommon, path: Path, report: Report): CheckConfig {
  switch (raw.type) {
    case 'tcp':
      return { ...common, type: 'tcp', send: raw.send ?? null, expect: raw.expect ?? null };
    case 'udp':
      return { ...common, type: 'udp', send: raw.send, expect: raw.expect ?? null };
    case 'http':
    case 'https':
      return resolveHttp(raw, common, path, report);
    default:
      return assertNever(raw);
  }
}

type RawHttpCheck = Extract<RawCheck, { readonly type: 'http' | 'https' }>;

function resolveHttp(raw: RawHttpCheck, common: CheckCommon, path: Path, report: Report): HttpCheckConfig {
  if (raw.method === 'HEAD' && raw.body !== undefined) {
    report([...path, 'body'], 'does not go with `method: HEAD`: its answer has no body');
  }
  return {
    ...common,
    type: raw.type,
    method: raw.method,
    path: raw.path,
    host: raw.host ?? null,
    status: raw.status.map((status, index) => statusRange(status, [...path, 'status', index], report)),
    body: raw.body ?? null,
    verify: raw.type === 'https' && raw.verify,
  };
}

function statusRange(status: number | string, path: Path, report: Report): StatusRange {
  if (typeof status === 'number') return { from: status, to: status };
  const [from = 0, to = 0] = status.split('-').map(Number);
  if (from > to) report(path, `must begin with the lower status; found ${quote(status)}`);
  return { from, to };
}
