/**
 * What a configuration file may hold: every key with its type, range, default and description. The only source of
 * these; `lvsd schema` prints it for editors, `resolve.ts` checks what concerns more than one key. Pure.
 */
import * as z from 'zod';
import type { Forwarding, Scheduler } from '../ipvs/types.ts';
import { checkPresets } from './checks/preset-form.ts';
import {
  address,
  addressRange,
  choice,
  destination,
  duration,
  flag,
  integer,
  list,
  mapping,
  movable,
  multicast,
  must,
  portRange,
  unicast,
} from './fields.ts';
import { bfdSession } from './schema-bfd.ts';
import { check, checks } from './schema-checks.ts';
import { ipvs } from './schema-ipvs.ts';
import { notifications } from './schema-notify.ts';
import { realServerLevel, serviceLevel, sorryLevel } from './schema-service.ts';
import { trackedProcess, trackedScript } from './schema-tracked.ts';
import { syncGroup } from './schema-tracking.ts';
import { virtualRouter } from './schema-vrrp.ts';
import { INT_MAX, interfaceName, interval, name, port, timeout, U32_MAX } from './schema-words.ts';
import type { SchedulerFlag } from './types.ts';

const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
] as const satisfies readonly Scheduler[];
const FLAGS = [
  'sh-fallback',
  'sh-port',
  'mh-fallback',
  'mh-port',
  'flag-1',
  'flag-2',
  'flag-3',
] as const satisfies readonly SchedulerFlag[];
const FORWARDING = ['nat', 'direct', 'tunnel', 'fullnat'] as const satisfies readonly Forwarding[];
const scheduler = () => choice(SCHEDULERS);
const forwarding = () => choice(FORWARDING);
const weight = () => integer(0, 65_535);
const onFailure = () => choice(['zero', 'remove']);
const initial = () => choice(['down', 'up']);
const drainTimeout = () => duration('0s', '24h');
const fwmark = () => integer(1, U32_MAX);
/** A list that says something. */
const filled = <Item extends z.core.$ZodType>(item: Item) =>
  list(item).min(1, { error: 'must hold at least one item' });

const vrrpProcess = mapping({
  realtime_priority: integer(0, 99)
    .default(0)
    .describe('SCHED_RR priority of the VRRP process; 0 leaves it at normal priority'),
  lock_memory: flag()
    .default(false)
    .describe('Keep the VRRP process in memory: its code, libraries and C heap (mlock2)'),
  startup_delay: duration('0s', '1h')
    .prefault('0s')
    .describe('After the start no virtual router becomes MASTER for so long, but for addresses it still had'),
});

const connectionSync = mapping({
  follow: name().describe('Virtual router whose role the sync daemon takes: master or backup'),
  interface: interfaceName().describe('Where connections are sent to the other director; best a dedicated link'),
  sync_id: integer(0, 255).default(0).describe('Equal on both directors; a backup with 0 accepts every id'),
  group: address(multicast).optional().describe("Multicast group; default: the kernel's, 224.0.0.81"),
  port: port().optional().describe("UDP port; default: the kernel's, 8848"),
  ttl: integer(1, 255).optional().describe("TTL or hop limit; default: the kernel's, 1"),
  max_length: integer(1024, 65_507).optional().describe("Bytes in one message; default: the kernel's, by MTU"),
});

const tunnel = () =>
  mapping({
    type: choice(['ipip', 'gue', 'gre']).describe('Encapsulation'),
    port: port().optional().describe('gue: UDP port of the real servers, required'),
    checksum: choice(['none', 'full', 'remote'])
      .optional()
      .describe('gue, gre: checksum of the outer packet, default none; remote: gue only, left to the real server'),
  }).optional();

const target = {
  address: address(destination).describe("The real server's own address"),
  port: port().optional().describe("Only with forwarding nat or fullnat; default: the virtual server's port"),
  forwarding: forwarding().optional().describe("Default: the virtual server's"),
  tunnel: tunnel().describe("With forwarding tunnel; default: the virtual server's, else ipip"),
};

const realServer = mapping({
  ...target,
  weight: weight().optional().describe('Share of new connections, 0: none; default: defaults.weight'),
  upper_threshold: integer(0, INT_MAX).default(0).describe('No new connections from this many on; 0: no limit'),
  lower_threshold: integer(0, INT_MAX)
    .default(0)
    .describe('Again below this many, after the upper one was reached; 0: three quarters of it'),
  ...realServerLevel,
});

const sorryServer = mapping({ ...target, ...sorryLevel });

const persistence = mapping({
  timeout: duration('1s', '744h', { stepMs: 1000, step: '1s' })
    .prefault('6m')
    .describe('How long a client stays with its real server after the last connection'),
  prefix_length: integer(1, 128)
    .optional()
    .describe('Clients within one such prefix stay together; default: 32 or 128, each on its own'),
  engine: choice(['sip']).optional().describe('Persistence by SIP Call-ID; udp only'),
});

const virtualServer = mapping({
  name: name().describe('Unique name; logs, metrics and commands refer to it'),
  address: address(unicast).optional().describe('Virtual address; with port or ports, instead of fwmark'),
  addresses: filled(addressRange(unicast))
    .optional()
    .describe('Several, such as 192.0.2.1-192.0.2.9, instead of address'),
  port: integer(0, 65_535).optional().describe('Port; 0: all ports, needs persistence'),
  ports: filled(portRange()).optional().describe('Several, such as "8000-8010", instead of port'),
  protocol: choice(['tcp', 'udp', 'sctp']).optional().describe('With address; default tcp'),
  fwmark: fwmark().optional().describe('Packets with this firewall mark, instead of address and port'),
  fwmarks: filled(fwmark()).optional().describe('Several, instead of fwmark'),
  family: choice(['ipv4', 'ipv6']).optional().describe('With fwmark or fwmarks; default ipv4'),
  scheduler: scheduler().optional().describe('Default: defaults.scheduler'),
  scheduler_flags: list(choice(FLAGS)).default([]).describe('Options of the scheduler'),
  persistence: persistence.optional().describe('Keep a client on its real server; `{}` takes the defaults'),
  one_packet: flag().default(false).describe('udp: schedule every datagram on its own'),
  forwarding: forwarding().optional().describe('How packets reach the real servers; default: defaults.forwarding'),
  tunnel: tunnel().describe('With forwarding tunnel; default: ipip'),
  source_addresses: list(address(movable))
    .optional()
    .describe('With forwarding fullnat: what real servers see as client; default: the outgoing address'),
  ...serviceLevel,
  on_failure: onFailure()
    .optional()
    .describe('A failed real server: weight zero or removed; default: defaults.on_failure'),
  initial: initial().optional().describe('Real servers before their first check; default: defaults.initial'),
  drain_timeout: drainTimeout()
    .optional()
    .describe('How long a removed real server keeps its connections; default: defaults.drain_timeout'),
  checks: checks().describe('Of each real server; default for tcp: one tcp check; an empty list: never probed'),
  real_servers: list(realServer).default([]).describe('Where the connections go'),
  sorry_server: sorryServer.optional().describe('Takes the connections while the quorum is not reached'),
  sorry_servers: filled(sorryServer).optional().describe('Several, by weight, instead of sorry_server'),
});

const defaults = mapping({
  check: mapping({
    interval: interval().prefault('2s').describe('Time between two probes'),
    fast_interval: interval()
      .optional()
      .describe('Between two probes while a verdict is about to change; default: the interval'),
    timeout: timeout().prefault('1s').describe('Deadline for the whole exchange'),
    rise: integer(1, 100).default(2).describe('Successes in a row until up'),
    fall: integer(1, 100).default(3).describe('Failures in a row until down'),
  })
    .prefault({})
    .describe('For checks that do not say otherwise'),
  scheduler: scheduler().default('wlc').describe('Scheduler of virtual servers'),
  forwarding: forwarding().default('direct').describe('Forwarding of virtual servers'),
  weight: weight().default(1).describe('Weight of real servers'),
  on_failure: onFailure().default('zero').describe('What becomes of failed real servers'),
  initial: initial().default('down').describe('What real servers count as before their first check'),
  drain_timeout: drainTimeout().prefault('5m').describe('How long a removed real server keeps its connections'),
});

function probeWorkers() {
  const error = must('auto, or a whole number from 0 to 16');
  return z.union([z.literal('auto', { error }), z.int({ error }).min(0, { error }).max(16, { error })], { error });
}

/** The file as a zod type. Its input is the file, its output has defaults, milliseconds and parsed addresses. */
export const fileSchema = mapping({
  name: name().default('lvsd').describe('Name of this director in status and logs'),
  vrrp_process: vrrpProcess.prefault({}).describe('The process that runs the virtual routers'),
  vrrp: list(virtualRouter).optional().describe('Virtual routers: addresses that move between directors'),
  vrrp_groups: list(syncGroup).optional().describe('Virtual routers that move together'),
  tracked_scripts: list(trackedScript).optional().describe('Programs whose exit codes virtual routers can track'),
  tracked_processes: list(trackedProcess).optional().describe('Running programs that virtual routers can track'),
  bfd: list(bfdSession).optional().describe('BFD sessions: what notices within a second that a neighbour is gone'),
  notifications: notifications.prefault({}).describe('Where changes of all virtual routers are written'),
  connection_sync: connectionSync.optional().describe("The kernel's connection synchronisation between directors"),
  ipvs: ipvs.prefault({}).describe("The kernel's IPVS table"),
  self_check: check
    .optional()
    .describe('Of something that is always there: whether the prober or the servers are at fault in a panic'),
  probe_workers: probeWorkers()
    .default('auto')
    .describe('Threads that probe besides the main one; auto: none below about 1500 TCP or 750 HTTP probes a second'),
  defaults: defaults.prefault({}).describe('Values for virtual servers, real servers and checks that give none'),
  check_presets: checkPresets().describe('Protocols of your own for `preset` of tcp and udp checks'),
  virtual_servers: list(virtualServer).optional().describe('What is balanced, and where it goes'),
});

export type RawConfig = z.output<typeof fileSchema>;
export type RawVirtualRouter = z.output<typeof virtualRouter>;
export type RawVirtualServer = z.output<typeof virtualServer>;
export type RawPersistence = z.output<typeof persistence>;
export type RawTunnel = NonNullable<RawVirtualServer['tunnel']>;
export type RawCheck = z.output<typeof check>;
export type RawRealServer = z.output<typeof realServer>;
export type RawSorryServer = z.output<typeof sorryServer>;
export type RawDefaults = z.output<typeof defaults>;

/** JSON Schema (draft 7, which editors' YAML plugins read) of the file. */
export function jsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'lvsd configuration', ...schema };
}
