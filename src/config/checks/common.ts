/** What checks of all types have in common: where, how often, from where. Pure. */
import type * as z from 'zod';
import { address, duration, flag, integer, mapping, unicast } from '../fields.ts';
import type { Path, Report } from '../problems.ts';
import { INT_MAX, interfaceName, interval, port, timeout } from '../schema-words.ts';
import type { PresetConfig } from './preset-form.ts';

/** Of every check. */
export interface CheckCommon {
  /** Where the probe goes: the real server unless overridden. */
  readonly address: string;
  /** 0: a check without a port (icmp, script, file, passive). */
  readonly port: number;
  readonly intervalMs: number;
  /** Between two probes while a verdict is about to change; never above `intervalMs`. */
  readonly fastIntervalMs: number;
  /** One deadline for the whole exchange. */
  readonly timeoutMs: number;
  /** Consecutive successes until a failed server is up again. */
  readonly rise: number;
  /** Consecutive failures until a server is down. */
  readonly fall: number;
  /** Null: none. */
  readonly flapDamping: FlapDampingConfig | null;
  /** Every failed probe is logged, not only changes. */
  readonly logFailures: boolean;
  /** What the probe is sent from; null: the kernel chooses. */
  readonly sourceAddress: string | null;
  /** The interface it leaves by (SO_BINDTODEVICE); null: by route. */
  readonly interface: string | null;
  /** Firewall mark of its packets (SO_MARK); 0: none. */
  readonly mark: number;
  /** An idle connection is held to the same place: its end starts a probe at once. */
  readonly watch: boolean;
}

/** A check that failed again after it was up stays down for `holdMs`, doubled with each time, up to `maxMs`. */
export interface FlapDampingConfig {
  readonly holdMs: number;
  readonly maxMs: number;
  /** Up for so long without a failure: earlier ones are forgotten. */
  readonly forgetMs: number;
}

/** How a check is probed and judged: of all types. */
export const rhythm = {
  interval: interval().optional().describe('Time between two probes; default: defaults.check.interval'),
  fast_interval: interval()
    .optional()
    .describe('Between two probes while the verdict is about to change; default: defaults.check.fast_interval'),
  timeout: timeout().optional().describe('Deadline for the whole exchange; default: defaults.check.timeout'),
  rise: integer(1, 100).optional().describe('Successes in a row until up; default: defaults.check.rise'),
  fall: integer(1, 100).optional().describe('Failures in a row until down; default: defaults.check.fall'),
  flap_damping: mapping({
    hold: duration('1s', '1h').prefault('10s').describe('How long it stays down when it failed soon after coming up'),
    max: duration('1s', '24h').prefault('5m').describe('The hold doubles with each such failure up to this'),
    forget: duration('1s', '24h').prefault('10m').describe('Up for so long, earlier failures are forgotten'),
  })
    .optional()
    .describe('Keep a check down that comes and goes; `{}` takes the defaults'),
  log_failures: flag().default(false).describe('Log every failed probe with its reason, not only changes'),
};

/** Where it goes and how it leaves: of the types that speak over the network. */
export const route = {
  address: address(unicast).optional().describe('Probe here instead of the real server'),
  source_address: address(unicast).optional().describe('Send from this address; default: the kernel chooses'),
  interface: interfaceName().optional().describe('Leave by this interface; default: by route'),
  mark: integer(1, 4_294_967_295).optional().describe('Firewall mark of the packets; default: none'),
};

/** Of those with ports. */
export const ports = {
  ...route,
  port: port().optional().describe("Probe this port instead of the real server's"),
};

/** Of those over TCP. */
export const watch = {
  watch: flag()
    .default(false)
    .describe('Hold an idle connection to the same port: when it ends, probe at once, and a failure decides'),
};

/** Of a weight: of servers and in what servers say of themselves. */
export const MOST_WEIGHT = 65_535;
export const MOST_CONNECTIONS = INT_MAX;

/** What resolving a check needs besides the check. */
export interface CheckContext {
  /** The built-in ones and the file's own: presets.ts. */
  readonly presets: ReadonlyMap<string, PresetConfig>;
  readonly path: Path;
  readonly report: Report;
}

const rhythmOnly = mapping(rhythm);
const everywhere = mapping({ ...ports, ...watch }).partial();
/** What a check of any type may hold of this file's keys. */
export type RawCommon = z.output<typeof rhythmOnly> & z.output<typeof everywhere>;
