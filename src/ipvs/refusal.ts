/** What a refused command means and what to do about it. Errno by errno from ip_vs_ctl.c and ip_vs_sync.c. Pure. */
import type { IpvsCommand } from './command.ts';
import type { DecodeError } from './decode.ts';
import { destinationKey, serviceKey } from './key.ts';

/** A command that the kernel refused, and why. */
export interface Refusal {
  readonly command: IpvsCommand;
  /** Positive. */
  readonly errno: number;
  /** 'ENOENT' */
  readonly code: string;
  /** The whole story for a person: what was attempted, on what, what the machine said, what it means. */
  readonly text: string;
}

/**
 * What to do about a refusal: the command to send instead, 'done' when the table already is as wanted, or null when
 * it stands. NEW on what exists becomes SET, SET on what is missing becomes NEW, DEL of what is missing is done.
 */
export function amend(command: IpvsCommand, code: string): IpvsCommand | 'done' | null {
  switch (command.command) {
    case 'new-service':
      return code === 'EEXIST' ? { ...command, command: 'set-service' } : null;
    case 'set-service': // ENOENT is not the service: it is the scheduler or the persistence engine
      return code === 'ESRCH' ? { ...command, command: 'new-service' } : null;
    case 'new-dest':
      return code === 'EEXIST' ? { ...command, command: 'set-dest' } : null;
    case 'set-dest': // ESRCH is the service: a destination alone cannot bring it back
      return code === 'ENOENT' ? { ...command, command: 'new-dest' } : null;
    case 'del-service':
    case 'del-dest':
      return code === 'ESRCH' || code === 'ENOENT' ? 'done' : null;
    case 'del-daemon':
      return code === 'ESRCH' ? 'done' : null;
    default:
      return null;
  }
}

/** `Cannot add destination 10.0.0.1:80 to tcp 192.0.2.10:80: ESRCH (no such service)` */
export function describeRefusal(command: IpvsCommand, code: string): string {
  const meaning = explain(command, code);
  return `Cannot ${describeCommand(command)}: ${code}${meaning === null ? '' : ` (${meaning})`}`;
}

/** The command as it completes "Cannot ...": `delete service tcp 192.0.2.10:80`. */
export function describeCommand(command: IpvsCommand): string {
  switch (command.command) {
    case 'new-service':
      return `add service ${serviceKey(command.service)}`;
    case 'set-service':
      return `change service ${serviceKey(command.service)}`;
    case 'del-service':
      return `delete service ${serviceKey(command.service)}`;
    case 'new-dest':
      return `add destination ${destinationKey(command.destination.id)} to ${serviceKey(command.service)}`;
    case 'set-dest':
      return `change destination ${destinationKey(command.destination.id)} of ${serviceKey(command.service)}`;
    case 'del-dest':
      return `delete destination ${destinationKey(command.destination)} from ${serviceKey(command.service)}`;
    case 'new-daemon':
      return `start the ${command.daemon.role} sync daemon on ${command.daemon.interface}`;
    case 'del-daemon':
      return `stop the ${command.role} sync daemon`;
    case 'set-timeouts':
      return 'set the connection timeouts';
    case 'zero':
      return `zero the statistics of ${command.service === null ? 'all services' : serviceKey(command.service)}`;
    case 'flush':
      return 'flush the IPVS table';
  }
}

/** Errors that mean the same whatever the command. */
const GENERAL: ReadonlyMap<string, string> = new Map([
  ['EPERM', 'needs root or CAP_NET_ADMIN'],
  ['EAFNOSUPPORT', 'this kernel runs without IPv6'],
  ['ENOMEM', 'the kernel is out of memory'],
  ['ENOPROTOOPT', 'the module ip_vs is being unloaded'],
  ['EINTR', 'the kernel gave no verdict and the table does not show it done'],
]);

function explain(command: IpvsCommand, code: string): string | null {
  return explainCommand(command, code) ?? GENERAL.get(code) ?? null;
}

function explainCommand(command: IpvsCommand, code: string): string | null {
  switch (command.command) {
    case 'new-service':
    case 'set-service':
      return explainService(command, code);
    case 'del-service':
    case 'zero':
      return code === 'ESRCH' ? 'no such service' : null;
    case 'new-dest':
    case 'set-dest':
    case 'del-dest':
      return DESTINATION_ERRORS.get(code) ?? null;
    case 'new-daemon':
      if (code === 'ENODEV') return `no interface ${command.daemon.interface}`;
      return DAEMON_ERRORS.get(code) ?? null;
    case 'del-daemon':
      return code === 'ESRCH' ? 'it is not running' : null;
    case 'set-timeouts':
      return code === 'EINVAL' ? 'a timeout is too long; 2678400 seconds are safe' : null;
    case 'flush':
      return null;
  }
}

function explainService(
  { settings }: Extract<IpvsCommand, { command: 'new-service' | 'set-service' }>,
  code: string,
): string | null {
  const engine = settings.persistenceEngine;
  switch (code) {
    case 'EEXIST':
      return 'it already exists';
    case 'ESRCH':
      return 'no such service';
    case 'ENOENT':
      return engine === null
        ? `scheduler ${settings.scheduler} not found; try: modprobe ip_vs_${settings.scheduler}`
        : `scheduler ${settings.scheduler} or persistence engine ${engine} not found; try: modprobe -a ip_vs_${settings.scheduler} ip_vs_pe_${engine}`;
    case 'EINVAL':
      return 'a prefix length for IPv6 is 1 to 128, a scheduler name has at most 15 characters';
    default:
      return null;
  }
}

const DESTINATION_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ESRCH', 'no such service'],
  ['EEXIST', 'it already exists'],
  ['ENOENT', 'no such destination'],
  ['ERANGE', 'the weight is negative or the lower threshold is above the upper one'],
  [
    'EINVAL',
    'the address must be a unicast address, a GUE tunnel needs a port, and another family than the service has ' +
      'takes the tunnel method and no running sync daemon',
  ],
]);

const DAEMON_ERRORS: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'it already runs'],
  ['EINVAL', 'the group must be multicast, and no destination may be of another family than its service'],
  ['ENETUNREACH', 'the interface has no route for multicast: it must be up and have an address'],
  ['EADDRNOTAVAIL', 'the interface has no address to send from'],
]);

/** `attribute IPVS_SVC_ATTR_AF is missing`: why a reply of the kernel could not be read. */
export function describeDecodeError(error: DecodeError): string {
  switch (error.kind) {
    case 'short':
      return `${error.have} bytes, need ${error.need}`;
    case 'command':
      return `command ${error.got}, want ${error.want}`;
    case 'attributes':
      return `malformed attributes at offset ${error.error.offset}`;
    case 'attribute':
      return `attribute ${error.name} is missing or malformed`;
    case 'value':
      return `attribute ${error.name} is ${error.got}`;
  }
}
