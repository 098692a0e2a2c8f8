/**
 * The VRRP process: a child of the daemon with nothing in it but virtual routers, so that probes, reloads and garbage
 * collection elsewhere never delay an advertisement. Speaks with the daemon over the fork channel (vrrp/messages.ts).
 *
 * When the daemon dies the channel closes: the process hands the addresses over and exits. It writes no log of its own,
 * since a full pipe would block it.
 */
import { VirtualRouters } from './sys/virtual-routers.ts';
import { assertNever } from './util/assert-never.ts';
import type { Envelope, FromRouter, ToRouter } from './vrrp/messages.ts';

const HEARTBEAT_MS = 500;
/** More unsent messages than this, and all but transitions are dropped: the daemon hangs, we must not grow. */
const BACKLOG = 500;

let seq = 0;
let unsent = 0;
let leaving = false;
/** What to tell at the end of this turn of the event loop: a write to the channel costs more than an advertisement. */
let outbox: FromRouter[] = [];

function tell(message: FromRouter): void {
  const droppable = message.type === 'log' || message.type === 'report' || message.type === 'heartbeat';
  if (!process.connected || (droppable && unsent >= BACKLOG)) return;
  unsent++;
  if (outbox.push(message) === 1) setImmediate(flush);
}

function flush(): void {
  const messages = outbox;
  outbox = [];
  if (!process.connected) return;
  for (const message of messages) {
    const envelope: Envelope<FromRouter> = { seq: seq++, message };
    process.send?.(envelope, () => {
      unsent--;
    });
  }
}

function start(): void {
  const routers = new VirtualRouters({
    changed: (router, role, reason, priority) => tell({ type: 'transition', router, role, reason, priority }),
    groupChanged: (group, role, reason) => tell({ type: 'group-transition', group, role, reason }),
    tracked: (states) => tell({ type: 'tracked', states }),
    event: (router, event, detail) => tell({ type: 'event', router, event, detail }),
    log: (level, text) => tell({ type: 'log', level, text }),
  });
  process.on('message', (envelope: Envelope<ToRouter>) => handle(routers, envelope.message));
  process.on('disconnect', () => void leave(routers));
  // Both processes get the terminal's Ctrl-C and systemd's SIGTERM: the daemon decides, and tells us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  setInterval(() => tell({ type: 'heartbeat' }), HEARTBEAT_MS);
}

function handle(routers: VirtualRouters, message: ToRouter): void {
  switch (message.type) {
    case 'configure':
      tell({ type: 'configured', problems: routers.configure(message) });
      return;
    case 'tracked':
      routers.tracked(message.states);
      return;
    case 'report':
      tell({ type: 'report', id: message.id, report: routers.report() });
      return;
    case 'stop':
      void leave(routers);
      return;
    default:
      assertNever(message);
  }
}

async function leave(routers: VirtualRouters): Promise<void> {
  if (leaving) return;
  leaving = true;
  await routers.stop();
  routers.close();
  tell({ type: 'stopped' });
  flush();
  // The answer must be out before the process is gone; without a channel there is nobody to wait for.
  if (process.connected) process.disconnect();
  setImmediate(() => process.exit(0));
}

try {
  start();
} catch (error) {
  tell({ type: 'log', level: 'error', text: `The VRRP process cannot start: ${String(error)}` });
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 50);
}
