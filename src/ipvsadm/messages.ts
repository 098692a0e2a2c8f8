/** What ipvsadm 1.31 says about a command that the kernel refused. Pure. */
import type { IpvsCommand } from '../ipvs/command.ts';

/** The service of a listing or of `-Z`, `-E`, `-D` is not there. */
export const NO_SUCH_SERVICE = 'No such service';

const SERVICE: Readonly<Record<string, string>> = {
  EEXIST: 'Service already exists',
  ENOENT: 'Scheduler or persistence engine not found',
  ESRCH: NO_SUCH_SERVICE,
};

const DESTINATION: Readonly<Record<string, string>> = {
  ESRCH: 'Service not defined',
  EEXIST: 'Destination already exists',
  ENOENT: 'No such destination',
};

const DAEMON: Readonly<Record<string, string>> = {
  EEXIST: 'Daemon has already run',
  ESRCH: 'No daemon is running',
};

const GENERAL: Readonly<Record<string, string>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
  // From here on strerror(3).
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EINTR: 'Interrupted system call',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENOBUFS: 'No buffer space available',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ERANGE: 'Numerical result out of range',
  ESRCH: 'No such process',
};

/** `code` is the name of the errno (`EEXIST`); where ipvsadm has no words of its own they are those of strerror(3). */
export function refusalText({ command }: IpvsCommand, code: string): string {
  return specialsOf(command)[code] ?? generalText(code);
}

/** What the kernel said, whatever was asked. */
export function generalText(code: string): string {
  return GENERAL[code] ?? code;
}

function specialsOf(command: IpvsCommand['command']): Readonly<Record<string, string>> {
  switch (command) {
    case 'new-service':
    case 'set-service':
    case 'del-service':
    case 'zero':
      return SERVICE;
    case 'new-dest':
    case 'set-dest':
    case 'del-dest':
      return DESTINATION;
    case 'new-daemon':
    case 'del-daemon':
      return DAEMON;
    case 'set-timeouts':
    case 'flush':
      return {};
  }
}
