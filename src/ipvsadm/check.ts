/** Whether the options of a command line fit its command and each other, in the order of ipvsadm's own checks. Pure. */

import type { TimeoutChange } from '../ipvs/command.ts';
import * as c from '../ipvs/constants.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type Draft, LONGEST_TIMEOUT_S } from './draft.ts';
import { numberIn } from './operands.ts';
import { ALLOWED, CONNECTION_FILTERS, LIST_SUBJECTS, OPTION_WORDS, type OptionWord } from './options.ts';

/** The flags of `-b`, or a complaint: names of sh and mh go only with that scheduler, which `-s` must have named. */
export function schedulerFlags({ schedulerFlags: text, scheduler }: Draft): Result<number, string> {
  let flags = 0;
  for (const name of (text ?? '').split(',')) {
    if (name === '') continue;
    const known = FLAGS.get(name);
    if (known === undefined) return err(`invalid scheduler flag \`${name}'`);
    if (known.scheduler !== null && known.scheduler !== scheduler) return err(`incompatible scheduler flag \`${name}'`);
    flags |= known.flag;
  }
  return ok(flags);
}

const FLAGS: ReadonlyMap<string, { readonly flag: number; readonly scheduler: string | null }> = new Map([
  ['flag-1', { flag: c.IP_VS_SVC_F_SCHED1, scheduler: null }],
  ['flag-2', { flag: c.IP_VS_SVC_F_SCHED2, scheduler: null }],
  ['flag-3', { flag: c.IP_VS_SVC_F_SCHED3, scheduler: null }],
  ['sh-fallback', { flag: c.IP_VS_SVC_F_SCHED_SH_FALLBACK, scheduler: 'sh' }],
  ['sh-port', { flag: c.IP_VS_SVC_F_SCHED_SH_PORT, scheduler: 'sh' }],
  ['mh-fallback', { flag: c.IP_VS_SVC_F_SCHED_MH_FALLBACK, scheduler: 'mh' }],
  ['mh-port', { flag: c.IP_VS_SVC_F_SCHED_MH_PORT, scheduler: 'mh' }],
]);

/** The three values of `--set` from the words that are no options, which it uses up; zero keeps what the kernel has. */
export function timeoutsOf(words: string[]): Result<TimeoutChange, string> {
  const texts = words.splice(0, 3);
  if (texts.length < 3) return err('--set option requires 3 timeout values');
  const values: number[] = [];
  for (const text of texts) {
    const value = numberIn(text, 0, LONGEST_TIMEOUT_S);
    if (value === null) return err(`invalid timeout value \`${text}' specified`);
    values.push(value);
  }
  const [tcpS = 0, tcpFinS = 0, udpS = 0] = values;
  return ok({ tcpS, tcpFinS, udpS });
}

/** What is missing, does not belong to the command, or excludes another option; null: all fits. */
export function checkOptions({ command, given }: Draft): string | null {
  const { needs, takes } = ALLOWED[command];
  const ofConnections = command === 'list' && given.has('connection');
  let subject: OptionWord | null = null;
  for (const word of OPTION_WORDS) {
    if (!given.has(word)) {
      if (needs.includes(word)) return `You need to supply the '${word}' option for the '${command}' command`;
      continue;
    }
    if (ofConnections && CONNECTION_FILTERS.has(word)) continue;
    if (!needs.includes(word) && !takes.includes(word)) return `Illegal '${word}' option with the '${command}' command`;
    if (command !== 'list' || !LIST_SUBJECTS.has(word)) continue;
    if (subject !== null) return `The option '${word}' conflicts with the '${subject}' option in the 'list' command`;
    subject = word;
  }
  return null;
}

/** The rest of what must hold, by command. */
export function checkValues(draft: Draft): string | null {
  switch (draft.command) {
    case 'add-service':
    case 'edit-service':
      return checkService(draft);
    case 'add-server':
    case 'edit-server':
      return checkServer(draft);
    case 'list':
      return checkListing(draft);
    default:
      return null;
  }
}

function checkService({ fwmark, port, persistenceS, onePacket, protocol }: Draft): string | null {
  if (fwmark === 0 && port === 0 && persistenceS === null) return 'Zero port specified for non-persistent service';
  if (onePacket && fwmark === 0 && protocol !== c.IPPROTO_UDP) {
    return 'One-Packet Scheduling is only for UDP virtual services';
  }
  return null;
}

const TUNNEL_OPTIONS = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
const CHECKSUM_OPTIONS = ['tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
type TunnelOption = Exclude<(typeof TUNNEL_OPTIONS)[number], 'tun-type'>;

/** What each type of tunnel needs and takes. */
const TUNNELS: ReadonlyMap<
  number,
  { readonly name: string; readonly needs: readonly TunnelOption[]; readonly takes: readonly TunnelOption[] }
> = new Map([
  [c.IP_VS_CONN_F_TUNNEL_TYPE_IPIP, { name: 'ipip', needs: [], takes: [] }],
  [c.IP_VS_CONN_F_TUNNEL_TYPE_GUE, { name: 'gue', needs: ['tun-port'], takes: CHECKSUM_OPTIONS }],
  [c.IP_VS_CONN_F_TUNNEL_TYPE_GRE, { name: 'gre', needs: [], takes: ['tun-nocsum', 'tun-csum'] }],
]);

function checkServer({ family, server, forwardMethod, tunnelType, given }: Draft): string | null {
  const isTunnel = forwardMethod === c.IP_VS_CONN_F_TUNNEL;
  if (!isTunnel && server?.family !== family) return 'Different address family is allowed only for tunneling servers';
  if (!isTunnel) {
    return TUNNEL_OPTIONS.some((word) => given.has(word)) ? 'Tunnel options conflict with forward method' : null;
  }
  const tunnel = TUNNELS.get(tunnelType);
  if (tunnel === undefined) return null;
  let checksum: TunnelOption | null = null;
  for (const word of ['tun-port', ...CHECKSUM_OPTIONS] as const) {
    if (!given.has(word)) {
      if (tunnel.needs.includes(word))
        return `You need to supply the '${word}' option for the '${tunnel.name}' tunnel type`;
      continue;
    }
    if (!tunnel.needs.includes(word) && !tunnel.takes.includes(word)) {
      return `Illegal '${word}' option with the '${tunnel.name}' tunnel type`;
    }
    if (word === 'tun-port') continue;
    if (checksum !== null) {
      return `The option '${word}' conflicts with the '${checksum}' option in the '${tunnel.name}' tunnel type`;
    }
    checksum = word;
  }
  return null;
}

function checkListing({ given }: Draft): string | null {
  const hasAny = (...words: readonly OptionWord[]): boolean => words.some((word) => given.has(word));
  const conflict =
    (hasAny('connection', 'timeout', 'daemon') && hasAny('stats', 'rate', 'thresholds')) ||
    (hasAny('timeout', 'daemon') && hasAny('persistent-conn'));
  return conflict ? 'options conflicts in the list command' : null;
}
