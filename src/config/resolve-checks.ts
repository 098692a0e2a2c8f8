/** Checks: what they inherit from the real server and from the defaults. Pure. */
import { assertNever } from '../util/assert-never.ts';
import { resolveAgentCheck } from './checks/agent.ts';
import type { CheckCommon, CheckContext, RawCommon } from './checks/common.ts';
import { resolveDnsCheck } from './checks/dns.ts';
import { resolveFileCheck } from './checks/file.ts';
import { resolveGrpcCheck } from './checks/grpc.ts';
import { resolveHttpCheck } from './checks/http.ts';
import { resolveIcmpCheck } from './checks/icmp.ts';
import { resolvePassiveCheck } from './checks/passive.ts';
import type { PresetConfig } from './checks/preset-form.ts';
import { resolveScriptCheck } from './checks/script.ts';
import { resolveTcpCheck } from './checks/tcp.ts';
import { resolveUdpCheck } from './checks/udp.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import type { RawCheck, RawDefaults } from './schema.ts';
import type { CheckConfig } from './types-checks.ts';

interface CheckTarget {
  readonly address: string;
  /** 0: the virtual server has no port; null: it has several. */
  readonly port: number | null;
}

/** What checks inherit from the file. */
export interface CheckDefaults {
  readonly rhythm: RawDefaults['check'];
  readonly presets: ReadonlyMap<string, PresetConfig>;
}

export function resolveChecks(
  raw: readonly RawCheck[],
  target: CheckTarget,
  defaults: CheckDefaults,
  path: Path,
  report: Report,
): readonly CheckConfig[] {
  return raw.map((check, index) => resolveCheck(check, target, defaults, [...path, index], report));
}

/** A check of any type. */
export function resolveCheck(
  raw: RawCheck,
  target: CheckTarget,
  { rhythm, presets }: CheckDefaults,
  path: Path,
  report: Report,
): CheckConfig {
  const common = commonOf(raw, target, rhythm, path, report);
  const context: CheckContext = { presets, path, report };
  switch (raw.type) {
    case 'tcp':
      return resolveTcpCheck(raw, common, context);
    case 'udp':
      return resolveUdpCheck(raw, common, context);
    case 'http':
    case 'https':
      return resolveHttpCheck(raw, common, context);
    case 'dns':
      return resolveDnsCheck(raw, common, context);
    case 'icmp':
      return resolveIcmpCheck(raw, common, context);
    case 'grpc':
      return resolveGrpcCheck(raw, common, context);
    case 'script':
      return resolveScriptCheck(raw, common, context);
    case 'file':
      return resolveFileCheck(raw, common, context);
    case 'agent':
      return resolveAgentCheck(raw, common, context);
    case 'passive':
      return resolvePassiveCheck(raw, common, context);
    default:
      return assertNever(raw);
  }
}

/** Types that knock at no port. */
export const WITHOUT_PORT: ReadonlySet<RawCheck['type']> = new Set(['icmp', 'file', 'passive']);

function commonOf(
  raw: RawCheck,
  target: CheckTarget,
  defaults: RawDefaults['check'],
  path: Path,
  report: Report,
): CheckCommon {
  const given: RawCommon = raw;
  const intervalMs = given.interval ?? defaults.interval;
  const damping = given.flap_damping;
  if (damping !== undefined && damping.max < damping.hold) {
    report([...path, 'flap_damping', 'max'], 'must not be below `hold`');
  }
  const address = given.address?.text ?? target.address;
  const source = given.source_address;
  if (source !== undefined && source.family !== (address.includes(':') ? 6 : 4)) {
    report([...path, 'source_address'], `must be of the family of ${address}; found ${quote(source.text)}`);
  }
  return {
    address,
    port: portOf(raw.type, given, target, path, report),
    intervalMs,
    fastIntervalMs: Math.min(given.fast_interval ?? defaults.fast_interval ?? intervalMs, intervalMs),
    timeoutMs: given.timeout ?? defaults.timeout,
    rise: given.rise ?? defaults.rise,
    fall: given.fall ?? defaults.fall,
    flapDamping: damping === undefined ? null : { holdMs: damping.hold, maxMs: damping.max, forgetMs: damping.forget },
    logFailures: given.log_failures,
    sourceAddress: source?.text ?? null,
    interface: given.interface ?? null,
    mark: given.mark ?? 0,
    watch: given.watch ?? false,
  };
}

function portOf(type: RawCheck['type'], given: RawCommon, target: CheckTarget, path: Path, report: Report): number {
  const port = given.port ?? target.port ?? 0;
  if (type === 'script') return port; // it may want to know
  if (WITHOUT_PORT.has(type)) return 0;
  if (port === 0) {
    const why = target.port === null ? 'has several ports' : 'has no port of its own';
    report([...path, 'port'], `missing: the real server ${why}; must be a whole number from 1 to 65535`);
  }
  return port;
}
