/**
 * Programs and CA files of a configuration that cannot be used as things are on this machine: said at every load and by
 * `lvsd check`.
 */
import { lstatSync, type Stats } from 'node:fs';
import { checksOf } from '../config/all-checks.ts';
import type { Config, VirtualServerConfig } from '../config/types.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import type { FifoConfig, NotificationsConfig, NotifyConfig } from '../config/types-notify.ts';
import { trackedObjects } from '../director/tracked.ts';
import { caProblems } from './ca-problems.ts';
import { scriptProblem } from './script.ts';
import { findUser } from './script-user.ts';

const NOTIFY_KEYS = ['script', 'master', 'backup', 'fault', 'stop', 'conflict'] as const;

/** Whole sentences, each once. None stops lvsd: a tracked script or a script check that cannot be run counts as failed. */
export function scriptProblems(config: Config): readonly string[] {
  const tracked = trackedObjects(config).scripts.flatMap(({ name, command, user }) =>
    problemsOf(`tracked script ${name} counts as failed`, command, user),
  );
  const routers = config.virtualRouters.flatMap(({ name, notify }) => notifyProblems(name, notify));
  const groups = config.syncGroups.flatMap(({ name, notify }) => notifyProblems(`sync group ${name}`, notify));
  const hooks = config.virtualServers.flatMap(hookProblems);
  const readers = fifosOf(config.notifications).flatMap(([key, { fifoScript, fifoUser }]) =>
    fifoScript === null ? [] : problemsOf(`notifications.${key}_script`, fifoScript, fifoUser),
  );
  const checks = config.virtualServers.flatMap((server) =>
    checkProblems(`virtual server ${server.name}`, checksOf(server)),
  );
  const self = config.selfCheck === null ? [] : checkProblems('self_check', [config.selfCheck]);
  return [...new Set([...tracked, ...idle(config), ...routers, ...groups, ...hooks, ...readers, ...checks, ...self])];
}

/** Checks of many servers run the same program. */
function checkProblems(owner: string, checks: readonly CheckConfig[]): readonly string[] {
  const programs = new Map<string, { readonly argv: readonly string[]; readonly user: string | null }>();
  for (const check of checks) {
    if (check.type !== 'script') continue;
    const { command, user } = check;
    programs.set(`${user ?? ''} ${command[0] ?? ''}`, { argv: command.slice(0, 1), user });
  }
  return [
    ...[...programs.values()].flatMap(({ argv, user }) => problemsOf(`script check of ${owner} fails`, argv, user)),
    ...caProblems(owner, checks),
  ];
}

/** What would keep the FIFOs from being made, as far as can be told without making them. */
export function fifoProblems(notifications: NotificationsConfig): readonly string[] {
  return fifosOf(notifications).flatMap(([key, { fifo, fifoUser }]) => {
    if (fifo === null) return [];
    const user = fifoUser === null ? null : findUser(fifoUser);
    const found = lookAt(fifo);
    return [
      ...(user === null || user.ok ? [] : [`notifications.${key}_user: ${user.error}`]),
      ...(found === null || found.isFIFO()
        ? []
        : [`notifications.${key}: ${fifo} is there already, and is not a FIFO`]),
    ];
  });
}

/** With their keys in the file. */
function fifosOf(notifications: NotificationsConfig): readonly (readonly [key: string, fifo: FifoConfig])[] {
  const { lvs } = notifications;
  return [['fifo', notifications], ...(lvs === null ? [] : [['lvs_fifo', lvs] as const])];
}

/** Of a virtual server and its real servers. */
function hookProblems({ name, hooks, realServers }: VirtualServerConfig): readonly string[] {
  const { quorumUp, quorumDown, user } = hooks;
  const programs: readonly (readonly [key: string, owner: string, argv: readonly string[] | null])[] = [
    ['quorum_up', name, quorumUp],
    ['quorum_down', name, quorumDown],
    ['notify_up', name, hooks.notifyUp],
    ['notify_down', name, hooks.notifyDown],
    ...realServers.flatMap(({ address, notifyUp, notifyDown }) => [
      ['notify_up', `${name} ${address}`, notifyUp] as const,
      ['notify_down', `${name} ${address}`, notifyDown] as const,
    ]),
  ];
  return programs.flatMap(([key, owner, argv]) =>
    argv === null ? [] : problemsOf(`${key} of virtual server ${owner}`, argv, user),
  );
}

/** Null: nothing is there, or nothing that can be seen. */
function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** Defined, but without effect: most likely the `track` was forgotten. */
function idle(config: Config): readonly string[] {
  const { scripts, processes } = trackedObjects(config);
  const forgotten = (kind: string, all: readonly Named[], used: readonly Named[]): readonly string[] =>
    all
      .filter(({ name }) => !used.some((object) => object.name === name))
      .map(({ name }) => `tracked ${kind} ${name} is looked at by nobody: no \`track\` of a virtual router names it`);
  return [
    ...forgotten('script', config.trackedScripts, scripts),
    ...forgotten('process', config.trackedProcesses, processes),
  ];
}

interface Named {
  readonly name: string;
}

function notifyProblems(owner: string, notify: NotifyConfig | null): readonly string[] {
  if (notify === null) return [];
  return NOTIFY_KEYS.flatMap((key) => {
    const command = notify[key];
    return command === null ? [] : problemsOf(`notify.${key} of ${owner}`, command, notify.user);
  });
}

function problemsOf(what: string, argv: readonly string[], user: string | null): readonly string[] {
  const problem = scriptProblem({ argv, user });
  return problem === null ? [] : [`${what}: ${problem}`];
}
