/** What a configuration would change in the kernel. Nothing is changed by asking. Pure. */
import type { Timeouts } from '../ipvs/command.ts';
import { serviceKey } from '../ipvs/key.ts';
import { plan, planDaemons } from '../ipvs/plan.ts';
import { type Originals, settingChanges, TIMEOUTS, timeoutsBy, unwantedOf } from '../ipvs/settings.ts';
import type { DumpedService, ServiceId, SyncDaemon } from '../ipvs/types.ts';
import {
  changeOf,
  daemonChange,
  drainingService,
  type FoundTable,
  foundIn,
  type KernelChange,
  valueChange,
} from './changes.ts';
import { type Drains, drainsByService, removalRound } from './draining.ts';
import type { Wanted, WantedIpvs } from './wanted.ts';

/** The kernel as it was found. */
export interface KernelState {
  readonly table: readonly DumpedService[];
  readonly daemons: readonly SyncDaemon[];
  readonly timeouts: Timeouts;
  /** Null: this kernel does not have it. */
  readonly setting: (name: string) => string | null;
}

/** What lvsd knows of it besides. */
export interface Knowledge {
  /** Keys of the services that are ours. */
  readonly owned: ReadonlySet<string>;
  /** The sync daemons are ours. */
  readonly syncOurs: boolean;
  readonly drains: Drains;
  /** Put back when they leave the configuration, if that is wanted. */
  readonly originals: Originals;
  readonly nowMs: number;
}

/** The names of timeouts, as in `Timeouts` and as operators know them (`ipvsadm --set`). */
export const TIMEOUT_NAMES = { tcpS: 'tcp', tcpFinS: 'tcpfin', udpS: 'udp' } as const;

/** What `wanted` changes: settings and timeouts first, then the table, then the sync daemons, as it would be done. */
export function plannedChanges(state: KernelState, wanted: Wanted, knowledge: Knowledge): readonly KernelChange[] {
  const ipvs = wanted.ipvs();
  const { settings, timeouts } = withOriginals(ipvs, knowledge.originals);
  const { changes } = settingChanges(settings, state.setting);
  const daemons = wanted.daemons() ?? (knowledge.syncOurs ? [] : null);
  return [
    ...changes.map(({ name, from, to }) => valueChange('setting', name, { from, to })),
    ...timeoutChanges(state.timeouts, timeouts),
    ...tableChanges(state.table, wanted, knowledge),
    ...(daemons === null ? [] : planDaemons(daemons, state.daemons).map(daemonChange)),
  ];
}

/** Timeouts that differ from what is wanted; null is no wish. */
export function timeoutChanges(found: Timeouts, wanted: WantedIpvs['timeouts']): readonly KernelChange[] {
  return TIMEOUTS.flatMap((name) => {
    const to = wanted[name];
    if (to === null || to === found[name]) return [];
    return [valueChange('timeout', TIMEOUT_NAMES[name], { from: found[name], to })];
  });
}

/** What is wanted, and what is put back. */
function withOriginals(ipvs: WantedIpvs, originals: Originals): Originals {
  if (!ipvs.restoreSettings) return ipvs;
  const back = unwantedOf(originals, ipvs);
  return {
    settings: { ...back.settings, ...ipvs.settings },
    timeouts: timeoutsBy((name) => ipvs.timeouts[name] ?? back.timeouts[name]),
  };
}

function tableChanges(table: readonly DumpedService[], wanted: Wanted, known: Knowledge): readonly KernelChange[] {
  const desired = wanted.services();
  const keys = new Set(desired.map(({ id }) => serviceKey(id)));
  const isOurs = (id: ServiceId): boolean => keys.has(serviceKey(id)) || known.owned.has(serviceKey(id));
  const { exclusive } = wanted.ipvs();
  const round = removalRound<DumpedService['destinations'][number]>(known.drains, {
    policy: wanted,
    isOurs,
    wanted: keys,
    nowMs: known.nowMs,
  });
  const commands = plan(desired, table, (id) => exclusive || isOurs(id), round.removal);
  const found: FoundTable = foundIn(table);
  const changes = commands.flatMap((command) => changeOf(command, found, round.left) ?? []);
  // A service that begins to drain has no command of its own yet, and is a change all the same.
  const before = drainsByService(known.drains);
  const after = drainsByService(round.left);
  const leaving = table.flatMap(({ id, settings }) => {
    const key = serviceKey(id);
    const own = keys.has(key) || before.has(key) ? undefined : after.get(key);
    return own === undefined ? [] : [drainingService(id, settings, own)];
  });
  return [...changes, ...leaving];
}
