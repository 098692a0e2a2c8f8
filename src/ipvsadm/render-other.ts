/** Timeouts and sync daemons as `ipvsadm -L --timeout` and `-L --daemon` of ipvsadm 1.31 print them. Pure. */
import type { Timeouts } from '../ipvs/command.ts';
import type { SyncDaemon } from '../ipvs/types.ts';

/** `Timeout (tcp tcpfin udp): 900 120 300`. */
export function renderTimeouts({ tcpS, tcpFinS, udpS }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcpS | 0} ${tcpFinS | 0} ${udpS | 0}\n`;
}

/** A line a daemon; nothing when none runs. What the kernel does not report is left out. */
export function renderDaemons(daemons: readonly SyncDaemon[]): string {
  return daemons.map((daemon) => `${daemonText(daemon)}\n`).join('');
}

function daemonText({ role, interface: name, syncId, maxLength, group, port, ttl }: SyncDaemon): string {
  const parts = [`mcast=${name}`, `syncid=${syncId}`];
  if (maxLength !== null && maxLength !== 0) parts.push(`maxlen=${maxLength}`);
  if (group !== null) parts.push(`group=${group}`);
  if (port !== null && port !== 0) parts.push(`port=${port}`);
  if (ttl !== null && ttl !== 0) parts.push(`ttl=${ttl}`);
  return `${role} sync daemon (${parts.join(', ')})`;
}
