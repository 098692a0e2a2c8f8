/**
 * The commands and options of ipvsadm 1.31 and our own, and which command takes which option. The order of the option
 * words is that in which ipvsadm checks them, so it decides which complaint a wrong command line gets. Pure.
 */
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../ipvs/constants.ts';

/** Commands by the names that ipvsadm's messages use. */
export type CommandWord =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero';

/** Options by the names that ipvsadm's messages use, in the order of its checks; those after `tun-remcsum` are ours. */
export const OPTION_WORDS = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'json',
  'state',
  'atomic',
  'force',
  'socket',
] as const;
export type OptionWord = (typeof OPTION_WORDS)[number];

/** What an option on the command line does. */
export type Meaning =
  | { readonly kind: 'command'; readonly command: CommandWord | 'help' | 'version' }
  /** `-6` and `--sort`, which may stand any number of times and are never checked, have no word. */
  | { readonly kind: 'ipv6' | 'sort' }
  | { readonly kind: 'service'; readonly protocol: number | 'fwmark' }
  | { readonly kind: 'forward'; readonly method: 'direct' | 'tunnel' | 'nat' }
  | { readonly kind: 'option'; readonly word: OptionWord };

/** `optional`: the next word counts unless it starts with a dash. */
export type Takes = 'nothing' | 'text' | 'optional-text';

/** One option as it may be written. */
export interface OptionSpec {
  readonly long: string;
  readonly short: string | null;
  readonly takes: Takes;
  readonly meaning: Meaning;
}

function command(long: string, short: string | null, word: CommandWord | 'help' | 'version', takes: Takes = 'nothing') {
  return { long, short, takes, meaning: { kind: 'command', command: word } } as const;
}

function service(long: string, short: string | null, protocol: number | 'fwmark') {
  return { long, short, takes: 'text', meaning: { kind: 'service', protocol } } as const;
}

function forward(long: string, short: string, method: 'direct' | 'tunnel' | 'nat') {
  return { long, short, takes: 'nothing', meaning: { kind: 'forward', method } } as const;
}

function option(
  word: OptionWord,
  takes: Takes,
  { long = word, short = null }: { long?: string; short?: string | null },
) {
  return { long, short, takes, meaning: { kind: 'option', word } } as const;
}

/** Everything that may begin with a dash. */
export const OPTIONS: readonly OptionSpec[] = [
  command('add-service', 'A', 'add-service'),
  command('edit-service', 'E', 'edit-service'),
  command('delete-service', 'D', 'delete-service'),
  command('clear', 'C', 'flush'),
  command('list', 'L', 'list'),
  command('list', 'l', 'list'),
  command('zero', 'Z', 'zero'),
  command('add-server', 'a', 'add-server'),
  command('edit-server', 'e', 'edit-server'),
  command('delete-server', 'd', 'delete-server'),
  command('set', null, 'set'),
  command('start-daemon', null, 'start-daemon', 'text'),
  command('stop-daemon', null, 'stop-daemon', 'text'),
  command('restore', 'R', 'restore'),
  command('save', 'S', 'save'),
  command('help', 'h', 'help'),
  command('version', 'v', 'version'),
  service('tcp-service', 't', IPPROTO_TCP),
  service('udp-service', 'u', IPPROTO_UDP),
  service('sctp-service', null, IPPROTO_SCTP),
  service('fwmark-service', 'f', 'fwmark'),
  forward('gatewaying', 'g', 'direct'),
  forward('ipip', 'i', 'tunnel'),
  forward('masquerading', 'm', 'nat'),
  { long: 'ipv6', short: '6', takes: 'nothing', meaning: { kind: 'ipv6' } },
  { long: 'sort', short: null, takes: 'nothing', meaning: { kind: 'sort' } },
  option('numeric', 'nothing', { short: 'n' }),
  option('connection', 'nothing', { short: 'c' }),
  option('scheduler', 'text', { short: 's' }),
  option('persistent', 'optional-text', { short: 'p' }),
  option('netmask', 'text', { short: 'M' }),
  option('real-server', 'text', { short: 'r' }),
  option('weight', 'text', { short: 'w' }),
  option('u-threshold', 'text', { short: 'x' }),
  option('l-threshold', 'text', { short: 'y' }),
  option('mcast-interface', 'text', {}),
  option('timeout', 'nothing', {}),
  option('daemon', 'nothing', {}),
  option('stats', 'nothing', {}),
  option('rate', 'nothing', {}),
  option('thresholds', 'nothing', {}),
  option('persistent-conn', 'nothing', {}),
  option('nosort', 'nothing', {}),
  option('syncid', 'text', {}),
  option('exact', 'nothing', { short: 'X' }),
  option('ops', 'nothing', { short: 'o' }),
  option('pe', 'text', {}),
  option('sched-flags', 'text', { short: 'b' }),
  option('mcast-group', 'text', {}),
  option('mcast-port', 'text', {}),
  option('mcast-ttl', 'text', {}),
  option('sync-maxlen', 'text', {}),
  option('tun-info', 'nothing', {}),
  option('tun-type', 'text', {}),
  option('tun-port', 'text', {}),
  option('tun-nocsum', 'nothing', {}),
  option('tun-csum', 'nothing', {}),
  option('tun-remcsum', 'nothing', {}),
  option('json', 'nothing', {}),
  option('state', 'text', {}),
  option('atomic', 'nothing', {}),
  option('force', 'nothing', {}),
  option('socket', 'text', {}),
];

/** Options of ours: they may stand before the command too, for ipvsadm does not know them. */
export const OWN_OPTIONS: ReadonlySet<OptionWord> = new Set(['json', 'state', 'atomic', 'force', 'socket']);

interface Allowed {
  readonly needs: readonly OptionWord[];
  readonly takes: readonly OptionWord[];
}

const SCHEDULING = ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'] as const;
const TUNNEL = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
const SERVER = ['forwarding-method', 'weight', 'u-threshold', 'l-threshold', ...TUNNEL] as const;
const LISTING = ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'exact', 'tun-info'] as const;
const SYNC = ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'] as const;
const OURS = ['force', 'socket'] as const;

/** Which options a command cannot do without and which it takes. `list --syncid` does nothing, and is taken. */
export const ALLOWED: Readonly<Record<CommandWord, Allowed>> = {
  'add-service': { needs: ['service-address'], takes: [...SCHEDULING, ...OURS] },
  'edit-service': { needs: ['service-address'], takes: [...SCHEDULING, ...OURS] },
  'delete-service': { needs: ['service-address'], takes: OURS },
  flush: { needs: [], takes: OURS },
  list: {
    needs: [],
    takes: [...LISTING, 'syncid', 'connection', 'service-address', 'timeout', 'daemon', 'json', 'socket'],
  },
  'add-server': { needs: ['service-address', 'real-server'], takes: [...SERVER, ...OURS] },
  'delete-server': { needs: ['service-address', 'real-server'], takes: OURS },
  'edit-server': { needs: ['service-address', 'real-server'], takes: [...SERVER, ...OURS] },
  set: { needs: [], takes: OURS },
  'start-daemon': { needs: [], takes: [...SYNC, ...OURS] },
  'stop-daemon': { needs: [], takes: ['syncid', ...OURS] },
  restore: { needs: [], takes: ['atomic', ...OURS] },
  save: { needs: [], takes: ['numeric', 'thresholds', 'socket'] },
  zero: { needs: [], takes: ['service-address', ...OURS] },
};

/** What a listing shows is one of these, or the whole table. */
export const LIST_SUBJECTS: ReadonlySet<OptionWord> = new Set(['connection', 'service-address', 'timeout', 'daemon']);

/** A listing of connections also takes these, as filters: ours. */
export const CONNECTION_FILTERS: ReadonlySet<OptionWord> = new Set(['service-address', 'real-server', 'state']);
