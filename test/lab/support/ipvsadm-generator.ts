/** Random tables and command lines for ipvsadm, right ones and wrong ones. The same seed gives the same. */

import { Dice } from './dice.ts';
import {
  FLAGS,
  ODD_ADDRESSES,
  ODD_MASKS,
  ODD_NUMBERS,
  ODD_PORTS,
  PORTS,
  REAL4,
  REAL6,
  SCHEDULERS,
  STRAYS,
  V4,
  V6,
} from './ipvsadm-words.ts';

/** One run of the program: its words and its standard input. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly input: string;
}

/** What one comparison begins with and runs. */
export interface Scenario {
  /** Lines for `-R` that make the table at the beginning; some may be refused. */
  readonly table: readonly string[];
  readonly commands: readonly CommandLine[];
}

function serviceAddress(dice: Dice, odd: number): string {
  const port = dice.chance(odd) ? dice.pick(ODD_PORTS) : dice.pick(PORTS);
  const host = dice.chance(odd) ? dice.pick(ODD_ADDRESSES) : dice.chance(30) ? dice.pick(V6) : dice.pick(V4);
  return joined(dice, host, port);
}

function realAddress(dice: Dice, odd: number): string {
  const known = dice.recall(dice.servers, 60);
  if (known !== undefined) return known;
  const port = dice.chance(odd) ? dice.pick(ODD_PORTS) : dice.pick(PORTS);
  const host = dice.chance(odd) ? dice.pick(ODD_ADDRESSES) : dice.chance(30) ? dice.pick(REAL6) : dice.pick(REAL4);
  return dice.chance(25) ? host : joined(dice, host, port);
}

function joined(dice: Dice, host: string, port: string): string {
  if (dice.chance(4)) return `${host}:${port}`;
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

function service(dice: Dice, odd: number): string[] {
  const known = dice.recall(dice.services, 60);
  if (known !== undefined) return known;
  if (dice.chance(25)) {
    const mark = dice.chance(odd) ? dice.pick(ODD_NUMBERS) : String(1 + dice.number(5));
    return [dice.pick(['-f', '--fwmark-service']), mark, ...(dice.chance(35) ? [dice.pick(['-6', '--ipv6'])] : [])];
  }
  const option = dice.pick(['-t', '-t', '-u', '--tcp-service', '--udp-service', '--sctp-service']);
  return [option, serviceAddress(dice, odd)];
}

function scheduling(dice: Dice, odd: number): string[] {
  const scheduler = dice.chance(odd) ? dice.pick(['nosuch', '', '1234567890123456', 'WLC']) : dice.pick(SCHEDULERS);
  const parts: string[][] = [];
  if (dice.chance(80)) parts.push([dice.pick(['-s', '--scheduler']), scheduler]);
  if (dice.chance(40)) parts.push(persistence(dice, odd));
  if (dice.chance(20)) parts.push([dice.pick(['-M', '--netmask']), dice.pick(ODD_MASKS)]);
  if (dice.chance(12)) parts.push([dice.pick(['-o', '--ops'])]);
  if (dice.chance(8)) parts.push(['--pe', dice.chance(80) ? 'sip' : dice.pick(['nosuch', '', '12345678901234567'])]);
  if (dice.chance(25)) parts.push([dice.pick(['-b', '--sched-flags']), flags(dice, { scheduler, odd })]);
  return dice.some(parts, parts.length).flat();
}

function persistence(dice: Dice, odd: number): string[] {
  if (dice.chance(25)) return [dice.pick(['-p', '--persistent'])];
  return [dice.pick(['-p', '--persistent']), dice.chance(odd) ? dice.pick(ODD_NUMBERS) : dice.pick(['1', '60', '300'])];
}

function flags(dice: Dice, { scheduler, odd }: { readonly scheduler: string; readonly odd: number }): string {
  const fitting = FLAGS.filter((flag) => flag.startsWith('flag-') || flag.startsWith(`${scheduler}-`));
  const chosen: string[] = dice.some(dice.chance(odd) ? FLAGS : fitting, 3);
  if (dice.chance(odd)) chosen.push(dice.pick(['xx', '', ' flag-1', 'FLAG-1']));
  return chosen.some((flag) => flag !== '') ? chosen.join(',') : 'flag-1'; // ipvsadm crashes on "," alone
}

function server(dice: Dice, odd: number): string[] {
  const number = (usual: readonly [string, ...string[]]): string => dice.pick(dice.chance(odd) ? ODD_NUMBERS : usual);
  const parts: string[][] = [];
  if (dice.chance(60)) parts.push([dice.pick(['-m', '-m', '-g', '-i', '--masquerading', '--ipip', '--gatewaying'])]);
  if (dice.chance(60)) parts.push([dice.pick(['-w', '--weight']), number(['0', '1', '100', '65535'])]);
  if (dice.chance(25)) parts.push(['-x', number(['100', '200'])]);
  if (dice.chance(15)) parts.push(['-y', number(['50', '100'])]);
  if (dice.chance(odd)) parts.push(['-i'], ['--tun-type', dice.pick(['gue', 'gre', 'ipip', 'x'])]);
  if (dice.chance(15)) parts.push(...tunnel(dice, number));
  return dice.some(parts, parts.length).flat();
}

function tunnel(dice: Dice, number: (usual: readonly [string, ...string[]]) => string): string[][] {
  const checksums = dice.some(['--tun-nocsum', '--tun-csum', '--tun-remcsum'], dice.chance(80) ? 1 : 3);
  const type = dice.pick(['gue', 'gue', 'gre', 'ipip']);
  return [
    ['-i', '--tun-type', type],
    ...(type === 'gue' || dice.chance(10) ? [['--tun-port', number(['6080', '1'])]] : []),
    ...checksums.map((checksum) => [checksum]),
  ];
}

function syncOptions(dice: Dice, odd: number): string[] {
  const number = (usual: string): string => (dice.chance(odd) ? dice.pick(ODD_NUMBERS) : usual);
  const groups = ['224.0.0.81', '239.1.2.3', 'ff02::5', '10.0.0.1', '::1', 'x', '224.1', ''] as const;
  const parts = [
    ['--mcast-interface', dice.pick(['lo', 'lo', 'lo', 'nosuch0', '12345678901234567'])],
    ['--syncid', number('7')],
    ['--mcast-group', dice.pick(groups)],
    ['--mcast-port', number('8848')],
    ['--mcast-ttl', number('3')],
    ['--sync-maxlen', number('1400')],
  ];
  return dice.some(parts, 4).flat();
}

function listing(dice: Dice): string[] {
  const options = [
    '--stats',
    '--rate',
    '--exact',
    '--thresholds',
    '--persistent-conn',
    '--tun-info',
    '--nosort',
    '--sort',
    '-X',
  ];
  const subject = dice.chance(60)
    ? []
    : dice.chance(40)
      ? [dice.pick(['--timeout', '--daemon', '-c'])]
      : service(dice, 3);
  const both = dice.chance(6) ? [dice.pick(['--timeout', '--daemon', '--syncid=5'])] : [];
  const words = [...dice.some(options, 3), ...both, ...(dice.chance(70) ? ['-n'] : [])];
  const argv = [dice.pick(['-L', '-l', '--list']), ...words, ...subject];
  return withoutConnectionFilters(argv);
}

/** Connections of one service: an error for ipvsadm, a filter for lvsd. */
function withoutConnectionFilters(argv: readonly string[]): string[] {
  const shows = (letter: RegExp): boolean => argv.some((word) => letter.test(word));
  const filtered = shows(/^-(?!-)\w*[tufr]|^--(?:tcp|udp|sctp|fwmark)-service|^--real-server/);
  return filtered && shows(/^-(?!-)\w*c|^--connection/)
    ? argv.filter((word) => !/^-c$|^--connection$/.test(word))
    : [...argv];
}

/** A command line that means something, if `odd` (percent) is 0. */
function command(dice: Dice, odd: number): string[] {
  switch (dice.number(14)) {
    case 0:
    case 1:
      return [dice.pick(['-A', '--add-service']), ...service(dice, odd), ...scheduling(dice, odd)];
    case 2:
    case 3:
      return [dice.pick(['-E', '--edit-service']), ...service(dice, odd), ...scheduling(dice, odd)];
    case 4:
      return [dice.pick(['-D', '--delete-service']), ...service(dice, odd)];
    case 5:
    case 6:
    case 7:
      return [
        dice.pick(['-a', '--add-server']),
        ...service(dice, odd),
        '-r',
        realAddress(dice, odd),
        ...server(dice, odd),
      ];
    case 8:
      return [
        dice.pick(['-e', '--edit-server']),
        ...service(dice, odd),
        '-r',
        realAddress(dice, odd),
        ...server(dice, odd),
      ];
    case 9:
      return [dice.pick(['-d', '--delete-server']), ...service(dice, odd), '-r', realAddress(dice, odd)];
    case 10:
      return dice.chance(70) ? ['-Z', ...(dice.chance(50) ? service(dice, odd) : [])] : [dice.pick(['-C', '--clear'])];
    case 11:
      return dice.chance(50) ? setTimeouts(dice, odd) : daemon(dice, odd);
    case 12:
      return [dice.pick(['-S', '--save']), ...(dice.chance(80) ? ['-n'] : [])];
    default:
      return listing(dice);
  }
}

function setTimeouts(dice: Dice, odd: number): string[] {
  const value = (): string => (dice.chance(odd) ? dice.pick(ODD_NUMBERS) : dice.pick(['0', '60', '900']));
  return dice.chance(odd) ? ['--set', value(), value()] : ['--set', value(), value(), value()];
}

function daemon(dice: Dice, odd: number): string[] {
  const role = dice.chance(odd) ? 'masterx' : dice.pick(['master', 'backup']);
  return dice.chance(60) ? ['--start-daemon', role, ...syncOptions(dice, odd)] : ['--stop-daemon', role];
}

/** Words added, doubled, dropped, moved or glued together. */
function spoiled(dice: Dice, argv: readonly string[]): string[] {
  const words = [...argv];
  for (let times = 1 + dice.number(2); times > 0; times--) {
    const at = dice.number(words.length + 1);
    switch (dice.number(5)) {
      case 0:
      case 1:
        words.splice(at, 0, dice.pick(STRAYS));
        break;
      case 2:
        words.splice(at, 0, ...words.slice(at, at + 2));
        break;
      case 3:
        words.splice(at, 1);
        break;
      default:
        glue(words, at);
    }
  }
  return withoutConnectionFilters(words);
}

/** `-t addr` to `-taddr`, `--tcp-service addr` to `--tcp-service=addr`, `-L -n` to `-Ln`. */
function glue(words: string[], at: number): void {
  const [one, two] = words.slice(at, at + 2);
  if (one === undefined || two === undefined) return;
  if (/^--./.test(one)) words.splice(at, 2, `${one}=${two}`);
  else if (/^-.$/.test(one)) words.splice(at, 2, /^-[^-]/.test(two) ? `${one}${two.slice(1)}` : `${one}${two}`);
}

function restoreInput(dice: Dice): string {
  const lines: string[] = [];
  for (let count = dice.number(8); count > 0; count--) {
    const words = dice.chance(90) ? command(dice, 6) : spoiled(dice, command(dice, 6));
    const line = words.join(dice.chance(90) ? ' ' : ' \t ');
    lines.push(
      dice.chance(5)
        ? dice.pick(['', '  ', '# comment', 'ipvsadm', '-R', '\r'])
        : dice.chance(8)
          ? `ipvsadm ${line}`
          : line,
    );
  }
  return lines.join('\n') + (dice.chance(80) ? '\n' : '');
}

/** One command line with what it reads. */
function commandLine(dice: Dice): CommandLine {
  if (dice.chance(8))
    return { argv: dice.chance(5) ? ['-R', '-n'] : [dice.pick(['-R', '--restore'])], input: restoreInput(dice) };
  if (dice.chance(3)) return { argv: [], input: '' };
  const argv = dice.chance(65) ? command(dice, 8) : spoiled(dice, command(dice, 15));
  return { argv, input: '' };
}

/** A table and some command lines from a seed. */
export function scenario(seed: number, commands: number): Scenario {
  const dice = new Dice(seed);
  const table: string[] = [];
  const services: string[][] = [];
  const servers: string[] = [];
  for (let count = 1 + dice.number(6); count > 0; count--) {
    const id = service(dice, 0);
    services.push(id);
    table.push(['-A', ...id, '-s', dice.pick(SCHEDULERS), ...(dice.chance(40) ? ['-p', '60'] : [])].join(' '));
    for (let more = dice.number(6); more > 0; more--) {
      const server = realAddress(dice, 0);
      servers.push(server);
      const forward = dice.chance(30) ? tunnelThatFits(dice) : [dice.chance(40) ? '-i' : dice.pick(['-m', '-g'])];
      const mixed = id.some(isIpv6) !== isIpv6(server);
      const fitting = mixed && !forward.includes('-i') ? ['-i'] : forward;
      table.push(['-a', ...id, '-r', server, ...fitting, '-w', String(dice.number(200))].join(' '));
    }
  }
  dice.services.push(...services);
  dice.servers.push(...servers);
  return { table, commands: Array.from({ length: commands }, () => commandLine(dice)) };
}

function isIpv6(word: string): boolean {
  return /:.*:.*:/.test(word) || word === '-6' || word === '--ipv6';
}

function tunnelThatFits(dice: Dice): string[] {
  return dice.pick([
    ['-i', '--tun-type', 'gue', '--tun-port', '6080'],
    ['-i', '--tun-type', 'gue', '--tun-port', '6081', '--tun-remcsum'],
    ['-i', '--tun-type', 'gre'],
    ['-i', '--tun-type', 'gre', '--tun-csum'],
    ['-i', '--tun-type', 'ipip'],
  ]);
}
