/** Settings of IPVS under /proc/sys/net/ipv4/vs as text: which differ from what is wanted. Pure. */
import type { TimeoutChange, Timeouts } from './command.ts';

export const TIMEOUTS = ['tcpS', 'tcpFinS', 'udpS'] as const satisfies readonly (keyof Timeouts)[];

export function timeoutsBy(value: (name: keyof Timeouts) => number | null): TimeoutChange {
  return { tcpS: value('tcpS'), tcpFinS: value('tcpFinS'), udpS: value('udpS') };
}

export const NO_TIMEOUTS: TimeoutChange = timeoutsBy(() => null);

/** What settings and timeouts were before lvsd wrote them first: the way back, whenever it is asked for. */
export interface Originals {
  /** Below /proc/sys/net/ipv4/vs, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Null: never written. */
  readonly timeouts: TimeoutChange;
}

/** One setting to write. */
export interface SettingChange {
  /** Below /proc/sys/net/ipv4/vs: `expire_nodest_conn`. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** In these the kernel itself turns 1 into 2 and back, as memory runs short (update_defense_level in ip_vs_ctl.c). */
const AUTOMATIC: ReadonlySet<string> = new Set(['drop_entry', 'drop_packet', 'secure_tcp']);

/** Whether two texts mean the same: the kernel separates numbers by tabs. */
export function sameSetting(name: string, a: string, b: string): boolean {
  return meaningOf(name, a) === meaningOf(name, b);
}

/**
 * What to write, by what `read` finds, and the names that this kernel does not have (`read` yields null). `understood`
 * is what the kernel made of a value when it was written: a CPU list, say, reads back in another form.
 */
export function settingChanges(
  wanted: Readonly<Record<string, string>>,
  read: (name: string) => string | null,
  understood: ReadonlyMap<string, string> = new Map(),
): { readonly changes: readonly SettingChange[]; readonly missing: readonly string[] } {
  const changes: SettingChange[] = [];
  const missing: string[] = [];
  for (const [name, to] of Object.entries(wanted)) {
    const from = read(name);
    if (from === null) missing.push(name);
    else if (!sameSetting(name, from, to) && from !== understood.get(name)) changes.push({ name, from, to });
  }
  return { changes, missing };
}

/** Of the originals, those of what is not `wanted` any more. */
export function unwantedOf({ settings, timeouts }: Originals, wanted: Originals): Originals {
  const left = Object.entries(settings).filter(([name]) => wanted.settings[name] === undefined);
  return {
    settings: Object.fromEntries(left),
    timeouts: timeoutsBy((name) => (wanted.timeouts[name] === null ? timeouts[name] : null)),
  };
}

function meaningOf(name: string, text: string): string {
  const words = text.trim().split(/\s+/).join(' ');
  if (name === 'est_cpulist') return processorsIn(words);
  return words === '2' && AUTOMATIC.has(name) ? '1' : words;
}

/** A list of processors, `0-3,6`, one by one: the kernel writes each list in its own way. */
function processorsIn(text: string): string {
  const processors = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (first === undefined) return text;
    for (let processor = Number(first); processor <= Number(last); processor++) processors.add(processor);
  }
  return [...processors].sort((a, b) => a - b).join();
}
