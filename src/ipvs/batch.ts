/** Which commands travel to the kernel together. Pure. */
import type { DaemonCommand, IpvsCommand } from './command.ts';

/** Sync daemons are started and stopped one at a time: a stop may be left without a verdict. */
export function isDaemonCommand(command: IpvsCommand): command is DaemonCommand {
  return command.command === 'new-daemon' || command.command === 'del-daemon';
}

/** Runs of at most `maxLength` commands, in order; a daemon command is alone in its run. */
export function batchesOf(commands: readonly IpvsCommand[], maxLength: number): IpvsCommand[][] {
  const batches: IpvsCommand[][] = [];
  let open: IpvsCommand[] = [];
  for (const command of commands) {
    if (open.length === 0 || open.length === maxLength || isDaemonCommand(command)) {
      open = [];
      batches.push(open);
    }
    open.push(command);
    if (isDaemonCommand(command)) open = [];
  }
  return batches;
}
