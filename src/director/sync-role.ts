/** Which connection-sync daemon the kernel should run, from the role of the virtual router it follows. Pure. */
import type { ConnectionSyncConfig } from '../config/types.ts';
import type { SyncDaemon } from '../ipvs/types.ts';
import type { Role } from '../vrrp/messages.ts';

/** One daemon or none: MASTER (also while it hands over) sends, BACKUP listens, without a role there is nothing to sync. */
export function desiredDaemons(sync: ConnectionSyncConfig | null, role: Role | null): readonly SyncDaemon[] {
  if (sync === null || role === null || role === 'FAULT' || role === 'STOPPED') return [];
  const { interface: interfaceName, syncId, maxLength, group, port, ttl } = sync;
  return [
    { role: role === 'BACKUP' ? 'backup' : 'master', interface: interfaceName, syncId, maxLength, group, port, ttl },
  ];
}
