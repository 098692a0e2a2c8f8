/**
 * What the file may say about the kernel's IPVS table and the settings below net.ipv4.vs. Names and ranges of the settings
 * are the kernel's (ip_vs_ctl.c, Documentation/networking/ipvs-sysctl.rst); their values leave here as the text that
 * /proc/sys takes. Pure.
 */
import { choice, duration, flag, integer, mapping, text } from './fields.ts';
import { INT_MAX } from './schema-words.ts';

const STEP = { stepMs: 1000, step: '1s' };

const onOff = () => flag().transform((on) => (on ? '1' : '0'));
const number = (min: number, max: number) => integer(min, max).transform(String);
const seconds = (max: string) => duration('0s', max, STEP).transform((ms) => String(ms / 1000));

/** INT_MAX / HZ seconds with HZ=1000 is what the kernel takes of a timeout, rounded down to hours. */
const LONGEST_TIMEOUT = '596h';
const tableTimeout = () => duration('1s', LONGEST_TIMEOUT, STEP).optional();

const DEFENCE = { off: '0', auto: '1', always: '3' } as const;
/** The kernel changes its automatic modes 1 and 2 into each other: one word for both. */
const defence = () => choice(['off', 'auto', 'always']).transform((word) => DEFENCE[word]);

const settings = mapping({
  expire_nodest_conn: onOff()
    .prefault(true)
    .describe('Connections of a deleted real server end at once instead of hanging'),
  expire_quiescent_template: onOff()
    .prefault(true)
    .describe('Persistent clients leave a real server that has weight 0'),
  conn_reuse_mode: number(0, 3).optional().describe('A client reuses its port: 0 same real server, 1 schedule anew'),
  conntrack: onOff().optional().describe('Netfilter sees the connections; default: true with forwarding fullnat'),
  snat_reroute: onOff().optional().describe('nat: replies are routed once more, for policy routing'),
  nat_icmp_send: onOff().optional().describe('nat: tell real servers of replies that belong to no connection'),
  pmtu_disc: onOff().optional().describe('tunnel: tell clients of the smaller MTU; false: fragment'),
  schedule_icmp: onOff().optional().describe('Schedule ICMP errors of unknown connections'),
  ignore_tunneled: onOff().optional().describe('Leave decapsulated packets alone: a director that is a real server'),
  cache_bypass: onOff().optional().describe('Transparent caches: go to the origin when no real server can'),
  sloppy_tcp: onOff()
    .optional()
    .describe('Take over TCP connections that were not synced; default: true with connection_sync'),
  sloppy_sctp: onOff().optional().describe('The same for SCTP'),
  backup_only: onOff().optional().describe('Forward nothing while this director is the backup of connection_sync'),
  sync_threshold: integer(0, INT_MAX).optional().describe('A connection is synced with this packet of every period'),
  sync_period: integer(0, INT_MAX).optional().describe('Packets between two messages about a connection'),
  sync_refresh_period: seconds('1h')
    .optional()
    .describe('Nothing is sent twice within this time; default: 10s with connection_sync and persistence'),
  sync_retries: number(0, 3)
    .optional()
    .describe('Repeats within sync_refresh_period; default: 1 with connection_sync and persistence'),
  sync_qlen_max: number(1, INT_MAX).optional().describe('Messages that may wait to be sent'),
  sync_sock_size: number(0, INT_MAX).optional().describe("Buffer of the sync sockets in bytes; 0: the kernel's"),
  sync_ports: integer(1, 64)
    .optional()
    .describe('UDP ports and threads of a sync daemon, a power of two; equal on both'),
  sync_persist_mode: onOff().optional().describe('Of persistent virtual servers, sync only whom a client belongs to'),
  sync_version: number(0, 1).optional().describe('Format of sync messages; 0: for kernels before 2.6.39'),
  drop_entry: defence().optional().describe('Defence: drop half-open connections when memory is short'),
  drop_packet: defence().optional().describe('Defence: drop some packets when memory is short'),
  secure_tcp: defence().optional().describe('Defence: shorter TCP timeouts when memory is short'),
  am_droprate: number(1, INT_MAX).optional().describe('drop_packet always: one packet of so many'),
  amemthresh: number(0, INT_MAX).optional().describe('Memory in pages below which the defences begin'),
  run_estimation: onOff().optional().describe('Estimate rates; false saves processor time, rates stand still'),
  est_cpulist: text(/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,63}$/, 'processors such as "0-3,6"')
    .optional()
    .describe('Processors that may estimate rates'),
  est_nice: number(-20, 19).optional().describe('Nice value of the threads that estimate rates'),
});

/** The key `ipvs`. */
export const ipvs = mapping({
  reconcile_interval: duration('500ms', '1h')
    .prefault('5s')
    .describe("How often the kernel's table is compared with the wanted one"),
  keep_on_exit: flag().default(false).describe('Leave the virtual servers in the kernel when lvsd stops'),
  exclusive: flag().default(false).describe('Delete virtual servers that are not of this file'),
  timeouts: mapping({
    tcp: tableTimeout().describe("Idle TCP connections; default: the kernel's stay, 15m at first"),
    tcp_fin: tableTimeout().describe("TCP connections that were closed; default: the kernel's stay, 2m at first"),
    udp: tableTimeout().describe("Silent UDP flows; default: the kernel's stay, 5m at first"),
  })
    .prefault({})
    .describe('When the kernel forgets a connection'),
  settings: settings.prefault({}).describe('Below net.ipv4.vs; what is left out stays as it is'),
  restore_settings: flag().default(false).describe('When lvsd stops, put settings and timeouts back'),
});
