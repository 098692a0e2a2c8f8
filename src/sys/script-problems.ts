/** Programs of a configuration that cannot be run as things are on this machine: said at every load and by `lvsd check`. */
import { lstatSync, type Stats } from 'node:fs';
import type { Config } from '../config/types.ts';
import type { NotificationsConfig, NotifyConfig } from '../config/types-notify.ts';
import { trackedObjects } from '../director/tracked.ts';
import { scriptProblem } from './script.ts';
import { findUser } from './script-user.ts';

const NOTIFY_KEYS = ['script', 'master', 'backup', 'fault', 'stop', 'conflict'] as const;

/** Whole sentences, each once. None stops lvsd: a tracked script that cannot be run counts as failed. */
export function scriptProblems(config: Config): readonly string[] {
  const tracked = trackedObjects(config).scripts.flatMap(({ name, command, user }) =>
    problemsOf(`tracked script ${name} counts as failed`, command, user),
  );
  const routers = config.virtualRouters.flatMap(({ name, notify }) => notifyProblems(name, notify));
  const groups = config.syncGroups.flatMap(({ name, notify }) => notifyProblems(`sync group ${name}`, notify));
  const { fifoScript, fifoUser } = config.notifications;
  const fifo = fifoScript === null ? [] : problemsOf('notifications.fifo_script', fifoScript, fifoUser);
  return [...new Set([...tracked, ...idle(config), ...routers, ...groups, ...fifo])];
}

/** What would keep the FIFO from being made, as far as can be told without making it. */
export function fifoProblems({ fifo, fifoUser }: NotificationsConfig): readonly string[] {
  if (fifo === null) return [];
  const user = fifoUser === null ? null : findUser(fifoUser);
  const found = lookAt(fifo);
  return [
    ...(user === null || user.ok ? [] : [`notifications.fifo_user: ${user.error}`]),
    ...(found === null || found.isFIFO() ? [] : [`notifications.fifo: ${fifo} is there already, and is not a FIFO`]),
  ];
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
