/** Notifications: from the file's values to the configuration. Pure. */
import type { Report } from './problems.ts';
import type { RawNotifications, RawNotify } from './schema-notify.ts';
import type { NotificationsConfig, NotifyConfig } from './types-notify.ts';

/** Null: nothing is run. */
export function resolveNotify(raw: RawNotify | undefined): NotifyConfig | null {
  if (raw === undefined) return null;
  const config = {
    script: raw.script ?? null,
    master: raw.master ?? null,
    backup: raw.backup ?? null,
    fault: raw.fault ?? null,
    stop: raw.stop ?? null,
    conflict: raw.conflict ?? null,
  };
  if (Object.values(config).every((command) => command === null)) return null;
  return { ...config, user: raw.user ?? null, timeoutMs: raw.timeout };
}

export function resolveNotifications(raw: RawNotifications, report: Report): NotificationsConfig {
  for (const fifo of ['fifo', 'lvs_fifo'] as const) {
    for (const key of [`${fifo}_user`, `${fifo}_script`] as const) {
      if (raw[key] !== undefined && raw[fifo] === undefined)
        report(['notifications', key], `only goes with \`${fifo}\``);
    }
  }
  const { fifo = null, lvs_fifo: lvsFifo = null } = raw;
  if (fifo !== null && fifo === lvsFifo) {
    report(['notifications', 'lvs_fifo'], 'must be another one than `fifo`, which gets these lines too');
  }
  return {
    fifo,
    fifoUser: raw.fifo_user ?? null,
    fifoScript: raw.fifo_script ?? null,
    lvs:
      lvsFifo === null
        ? null
        : { fifo: lvsFifo, fifoUser: raw.lvs_fifo_user ?? null, fifoScript: raw.lvs_fifo_script ?? null },
  };
}
