/** What a repair of the kernel's table puts right, in an operator's words. Pure. */
import type { IpvsCommand } from '../ipvs/command.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';

/** `10.0.0.11:80 was missing in tcp 192.0.2.1:80`: what somebody else had done, from the command against it. */
export function describeRepair(command: IpvsCommand): string {
  switch (command.command) {
    case 'new-service':
      return `${serviceKey(command.service)} was missing`;
    case 'set-service':
      return `${serviceKey(command.service)} had other settings`;
    case 'new-dest':
      return `${destinationKey(command.destination.id)} was missing in ${serviceKey(command.service)}`;
    case 'set-dest':
      return `${destinationKey(command.destination.id)} in ${serviceKey(command.service)} had other settings`;
    case 'del-dest':
      return `${destinationKey(command.destination)} does not belong into ${serviceKey(command.service)}`;
    default: // somebody else's services are left alone, so are daemons and timeouts
      return command.command;
  }
}
