/**
 * Changes that a running lvsd would undo with its next reconciliation: what is its own is changed through lvsd. Pure.
 */
import type { IpvsCommand } from '../ipvs/command.ts';
import { serviceKey } from '../ipvs/key.ts';

/** What a running daemon looks after in this network namespace. */
export interface Ownership {
  readonly pid: number;
  /** Inode; null: it does not tell. */
  readonly networkNamespace: number | null;
  readonly configFile: string;
  /** `serviceKey`s. */
  readonly services: ReadonlySet<string>;
  readonly syncDaemons: boolean;
  /** It deletes every service that is not its own (`ipvs.exclusive`). */
  readonly exclusive: boolean;
}

/** What the command would change of the daemon's own, for people ("tcp 192.0.2.1:80"); null: nothing. */
export function ownedBy(command: IpvsCommand, { services, syncDaemons, exclusive }: Ownership): string | null {
  switch (command.command) {
    case 'new-service':
    case 'set-service':
    case 'del-service':
    case 'new-dest':
    case 'set-dest':
    case 'del-dest': {
      const key = serviceKey(command.service);
      return exclusive || services.has(key) ? key : null;
    }
    case 'flush': {
      const [first] = services;
      return first === undefined ? null : `${first}${services.size === 1 ? '' : ` and ${services.size - 1} more`}`;
    }
    case 'new-daemon':
    case 'del-daemon':
      return syncDaemons ? 'the sync daemon' : null;
    case 'zero':
    case 'set-timeouts':
      return null;
  }
}

/** Why the command is refused and what to do instead. */
export function objectionTo(owned: string, { pid, configFile }: Ownership): string {
  return (
    `Cannot change ${owned}: it belongs to the running lvsd (pid ${pid}), which would undo that.\n` +
    `Edit ${configFile} and run 'lvsd reload', or add --force to change it until lvsd's next look at the table.\n`
  );
}

/** What `GET /status` tells about ownership; null when it is not the status of lvsd. */
export function ownershipIn(status: unknown): Ownership | null {
  if (!isRecord(status) || !isRecord(status['daemon'])) return null;
  const { pid, configFile, networkNamespace } = status['daemon'];
  if (typeof pid !== 'number' || typeof configFile !== 'string') return null;
  const { virtualServers, connectionSync, ipvs } = status;
  const draining = isRecord(ipvs) ? listIn(ipvs['draining']) : [];
  return {
    pid,
    networkNamespace: typeof networkNamespace === 'number' ? networkNamespace : null,
    configFile,
    services: new Set([...listIn(virtualServers), ...draining].flatMap(servicesOf)),
    syncDaemons: isRecord(connectionSync),
    exclusive: isRecord(ipvs) && ipvs['exclusive'] === true,
  };
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A virtual server has one service, or a list of them. */
function servicesOf(server: unknown): string[] {
  if (!isRecord(server)) return [];
  const { services, service } = server;
  const listed = Array.isArray(services)
    ? services.map((each) => (isRecord(each) ? each['service'] : each))
    : [service];
  return listed.filter((key) => typeof key === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
