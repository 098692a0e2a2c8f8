/** A command line of ipvsadm while it is read: what each option sets, in the order in which they are given. Pure. */
import * as c from '../ipvs/constants.ts';
import { type HostPort, hostPort, ipv4Mask, type Lookup, leadingNumber, multicastGroup, numberIn } from './operands.ts';
import type { CommandWord, Meaning, OptionWord } from './options.ts';

/** What the options so far have set; defaults otherwise. */
export interface Draft {
  readonly command: CommandWord;
  readonly given: Set<OptionWord>;
  /** Of the service; null before `-t` and its like, whose place among the options matters. */
  family: 4 | 6 | null;
  protocol: number;
  address: string;
  port: number;
  /** 0: a service by address. */
  fwmark: number;
  /** 32 bits for IPv4, a prefix length for IPv6. */
  netmask: number;
  scheduler: string;
  /** Null: not persistent. */
  persistenceS: number | null;
  onePacket: boolean;
  engine: string;
  schedulerFlags: string | null;
  server: HostPort | null;
  /** The port of the server when `-r` gives none: that of the service, if it came before. */
  serverPort: number;
  forwardMethod: number;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: number;
  tunnelPort: number;
  tunnelFlags: number;
  mcastInterface: string;
  syncId: number;
  mcastGroup: string | null;
  mcastPort: number;
  mcastTtl: number;
  syncMaxLength: number;
  state: string | null;
  socket: string | null;
}

const INT_MAX = 0x7fffffff;
const UINT_MAX = 0xffffffff;
/** 31 days: the longest timeout, in seconds. */
export const LONGEST_TIMEOUT_S = 2_678_400;
const DEFAULT_PERSISTENCE_S = 360;
/** In bytes: names are cut to what the kernel's fields hold besides the NUL. */
const LONGEST_NAME = 15;

export function newDraft(command: CommandWord): Draft {
  return {
    command,
    given: new Set(),
    family: null,
    protocol: 0,
    address: '0.0.0.0',
    port: 0,
    fwmark: 0,
    netmask: UINT_MAX,
    scheduler: '',
    persistenceS: null,
    onePacket: false,
    engine: '',
    schedulerFlags: null,
    server: null,
    serverPort: 0,
    forwardMethod: c.IP_VS_CONN_F_DROUTE,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP,
    tunnelPort: 0,
    tunnelFlags: c.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
    mcastInterface: '',
    syncId: 0,
    mcastGroup: null,
    mcastPort: 0,
    mcastTtl: 0,
    syncMaxLength: 0,
    state: null,
    socket: null,
  };
}

/** Takes one option over into the draft: a complaint, or null. `value` is that of the option, null when it has none. */
export function takeOption(
  draft: Draft,
  meaning: Exclude<Meaning, { kind: 'command' }>,
  { value, lookup }: { readonly value: string | null; readonly lookup: Lookup },
): string | null {
  switch (meaning.kind) {
    case 'sort':
      return null;
    case 'ipv6':
      if (draft.fwmark === 0) return '-6 used before -f\n';
      draft.family = 6;
      draft.netmask = 128;
      return null;
    case 'service':
      return once(draft, 'service-address') ?? takeService(draft, meaning.protocol, { value: value ?? '', lookup });
    case 'forward':
      draft.forwardMethod = FORWARD_METHODS[meaning.method];
      return once(draft, 'forwarding-method');
    case 'option':
      return once(draft, meaning.word) ?? TAKE[meaning.word]?.(draft, value ?? '', { lookup, value }) ?? null;
  }
}

const FORWARD_METHODS = {
  direct: c.IP_VS_CONN_F_DROUTE,
  tunnel: c.IP_VS_CONN_F_TUNNEL,
  nat: c.IP_VS_CONN_F_MASQ,
} as const;

function once(draft: Draft, word: OptionWord): string | null {
  if (draft.given.has(word)) return `multiple '${word}' options specified`;
  draft.given.add(word);
  return null;
}

function takeService(
  draft: Draft,
  protocol: number | 'fwmark',
  { value, lookup }: { readonly value: string; readonly lookup: Lookup },
): string | null {
  if (protocol === 'fwmark') {
    const fwmark = numberIn(value, 1, UINT_MAX);
    if (fwmark === null) return `invalid fwmark value \`${value}' specified`;
    Object.assign(draft, { family: 4, protocol: c.IPPROTO_TCP, fwmark });
    return null;
  }
  const found = hostPort(value, protocol, lookup);
  if (found === null) return 'illegal virtual server address[:port] specified';
  Object.assign(draft, { family: found.family, protocol, address: found.address, port: found.port ?? 0 });
  if (found.family === 6) draft.netmask = 128;
  return null;
}

interface Context {
  readonly lookup: Lookup;
  readonly value: string | null;
}
type Take = (draft: Draft, text: string, context: Context) => string | null;

type NumberField = {
  [Key in keyof Draft]: Draft[Key] extends number ? (number extends Draft[Key] ? Key : never) : never;
}[keyof Draft];

/** Options whose value is a whole number. */
function takesNumber(field: NumberField, least: number, most: number, complaint: string): Take {
  return (draft, text) => {
    const number = numberIn(text, least, most);
    if (number === null) return complaint;
    draft[field] = number;
    return null;
  };
}

function takesName(field: 'scheduler' | 'engine' | 'mcastInterface'): Take {
  return (draft, text) => {
    draft[field] = cut(text);
    return null;
  };
}

/** At most LONGEST_NAME bytes, which may be fewer characters. */
function cut(name: string): string {
  const short = name.slice(0, LONGEST_NAME);
  return new TextEncoder().encode(short).length <= LONGEST_NAME ? short : cut(short.slice(0, -1));
}

function setsChecksum(flags: number): Take {
  return (draft) => {
    draft.tunnelFlags = flags;
    return null;
  };
}

/** Options that are not here only count as given. */
const TAKE: Readonly<Partial<Record<OptionWord, Take>>> = {
  scheduler: takesName('scheduler'),
  persistent: takePersistence,
  netmask: takeNetmask,
  'real-server': takeServer,
  weight: takesNumber('weight', 0, INT_MAX, 'illegal weight specified'),
  'u-threshold': takesNumber('upperThreshold', 0, INT_MAX, 'illegal u_threshold specified'),
  'l-threshold': takesNumber('lowerThreshold', 0, INT_MAX, 'illegal l_threshold specified'),
  'mcast-interface': takesName('mcastInterface'),
  syncid: takesNumber('syncId', 0, 255, 'illegal syncid specified'),
  ops: (draft) => {
    draft.onePacket = true;
    return null;
  },
  pe: takesName('engine'),
  'sched-flags': (draft, text) => {
    draft.schedulerFlags = text;
    return null;
  },
  'mcast-group': takeGroup,
  'mcast-port': takesNumber('mcastPort', 1, 65_535, 'illegal mcast-port specified'),
  'mcast-ttl': takesNumber('mcastTtl', 1, 255, 'illegal mcast-ttl specified'),
  'sync-maxlen': takesNumber('syncMaxLength', 1, 65_507, 'illegal sync-maxlen specified'),
  'tun-type': takeTunnelType,
  'tun-port': takesNumber('tunnelPort', 1, 65_535, 'illegal tunnel port specified'),
  'tun-nocsum': setsChecksum(c.IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM),
  'tun-csum': setsChecksum(c.IP_VS_TUNNEL_ENCAP_FLAG_CSUM),
  'tun-remcsum': setsChecksum(c.IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM),
  state: (draft, text) => {
    draft.state = text.toUpperCase();
    return null;
  },
  socket: (draft, text) => {
    draft.socket = text;
    return null;
  },
};

function takePersistence(draft: Draft, text: string, { value }: Context): string | null {
  draft.persistenceS = value === null ? DEFAULT_PERSISTENCE_S : numberIn(text, 1, LONGEST_TIMEOUT_S);
  return draft.persistenceS === null ? `invalid timeout value \`${text}' specified` : null;
}

/** An address for IPv4 and before the service is known; a prefix length after an IPv6 service. */
function takeNetmask(draft: Draft, text: string, { lookup }: Context): string | null {
  if (draft.family === 6) {
    draft.netmask = leadingNumber(text);
    return draft.netmask < 1 || draft.netmask > 128 ? 'illegal ipv6 netmask specified' : null;
  }
  const mask = ipv4Mask(text, lookup);
  if (mask === null) return 'illegal virtual server persistent mask specified';
  draft.netmask = mask;
  return null;
}

function takeServer(draft: Draft, text: string, { lookup }: Context): string | null {
  draft.server = hostPort(text, draft.protocol, lookup);
  if (draft.server === null) return 'illegal real server address[:port] specified';
  draft.serverPort = draft.server.port ?? draft.port;
  return null;
}

function takeGroup(draft: Draft, text: string): string | null {
  const { family, address } = multicastGroup(text);
  if (address === null) return `invalid IPv${family} mcast-group \`${text}'`;
  draft.mcastGroup = address;
  return null;
}

const TUNNEL_TYPES: ReadonlyMap<string, number> = new Map([
  ['ipip', c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP],
  ['gue', c.IP_VS_CONN_F_TUNNEL_TYPE_GUE],
  ['gre', c.IP_VS_CONN_F_TUNNEL_TYPE_GRE],
]);

function takeTunnelType(draft: Draft, text: string): string | null {
  const type = TUNNEL_TYPES.get(text);
  if (type === undefined) return 'illegal tunnel type specified';
  draft.tunnelType = type;
  return null;
}
