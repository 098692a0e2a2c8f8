/** What the doctor says: findings, and the commands that mend them. Pure. */
import { assertNever } from '../util/assert-never.ts';
import { sysctlName } from './settings.ts';

export type Severity = 'error' | 'warning' | 'info';

/** One command. `run` is for a person; the others `--fix` can carry out. */
export type Action =
  | { readonly do: 'load-module'; readonly module: string }
  /** `key` below /proc/sys: `net/ipv4/conf/eth0/arp_ignore`. */
  | { readonly do: 'set'; readonly key: string; readonly value: string }
  | { readonly do: 'link-up'; readonly interface: string }
  | {
      readonly do: 'add-address' | 'delete-address';
      readonly interface: string;
      readonly address: string;
      readonly prefixLength: number;
      /** The name of the scope ("host"), where it is not the default one. */
      readonly scope: string | null;
      /** The label, where it is not the interface's name. */
      readonly label: string | null;
      /** IPv6: never a source of our own connections. */
      readonly deprecated: boolean;
    }
  | { readonly do: 'run'; readonly command: string };

export interface Finding {
  /** Never changes its meaning: for scripts. */
  readonly id: string;
  /** Error: it does not work. Warning: it will fail some day, or for some clients. Info: worth knowing. */
  readonly severity: Severity;
  readonly what: string;
  /** Why it matters. */
  readonly why: string;
  /** In this order; empty: no command mends it. */
  readonly fix: readonly Action[];
  /** Whether `--fix` may carry it out on a real server: it touches only what the virtual address needs. */
  readonly safe: boolean;
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** Errors first; within one severity in the order of the checks. */
export function sortedFindings(findings: readonly Finding[]): readonly Finding[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

/** The action as a command line for a shell. */
export function commandOf(action: Action): string {
  switch (action.do) {
    case 'load-module':
      return `modprobe ${action.module}`;
    case 'set':
      return `sysctl -w ${sysctlName(action.key)}=${/\s/.test(action.value) ? `'${action.value}'` : action.value}`;
    case 'link-up':
      return `ip link set ${action.interface} up`;
    case 'add-address':
    case 'delete-address':
      return ['ip', ...addressArguments(action)].join(' ');
    case 'run':
      return action.command;
    default:
      return assertNever(action);
  }
}

/** The arguments of `ip` for an address. A new IPv6 one is usable at once. */
export function addressArguments(action: Extract<Action, { address: string }>): readonly string[] {
  const { address, prefixLength, scope, label, deprecated } = action;
  const v6 = address.includes(':');
  const adding = action.do === 'add-address';
  return [
    ...(v6 ? ['-6'] : []),
    ...['address', adding ? 'add' : 'del', `${address}/${prefixLength}`, 'dev', action.interface],
    ...(adding && scope !== null && !v6 ? ['scope', scope] : []),
    ...(adding && label !== null ? ['label', label] : []),
    ...(adding && v6 ? ['nodad'] : []),
    ...(adding && v6 && deprecated ? ['preferred_lft', '0'] : []),
  ];
}

/** Modules before their settings, settings before addresses: an address without its settings takes others' traffic. */
const PHASES: readonly Action['do'][] = ['load-module', 'set', 'link-up', 'add-address', 'delete-address'];

/**
 * What `--fix` does next: the actions of the first phase that has any, each once. The machine is looked at again after
 * each phase, because a module brings interfaces and settings of its own.
 */
export function nextActions(findings: readonly Finding[]): readonly Action[] {
  const actions = findings.filter(({ safe }) => safe).flatMap(({ fix }) => fix);
  for (const phase of PHASES) {
    const found = new Map(actions.filter((action) => action.do === phase).map((action) => [commandOf(action), action]));
    if (found.size > 0) return [...found.values()];
  }
  return [];
}
