/**
 * Entry of the script process: a child of the daemon that starts the programs of script checks. Starting a program takes a
 * copy of the page tables and waits until the program is loaded: milliseconds for a process as large as the daemon, in which
 * it would probe nothing else. When the daemon dies the channel closes, and the programs go with it.
 */
import { runScript, type ScriptRun } from './script.ts';
import type { FromScriptProcess, ToScriptProcess } from './script-messages.ts';

const runs = new Map<number, ScriptRun>();

function tell(message: FromScriptProcess): void {
  // One that cannot be told is gone: the channel's end comes next.
  if (process.connected) process.send?.(message, () => {});
}

function take(message: ToScriptProcess): void {
  const { id } = message;
  if (message.do === 'kill') {
    runs.get(id)?.kill(message.how ?? undefined);
    return;
  }
  const run = runScript(message.command);
  runs.set(id, run);
  tell({ id, is: 'started', pid: run.pid });
  void run.result.then((result) => tell({ id, is: 'result', result }));
  void run.ended.then(() => {
    runs.delete(id);
    tell({ id, is: 'ended' });
  });
  void run.exited.then(() => tell({ id, is: 'exited' }));
}

process.on('message', take);
process.on('disconnect', () => process.exit());
process.on('exit', () => {
  for (const run of runs.values()) run.kill('now');
});
// Both processes get the terminal's Ctrl-C and systemd's SIGTERM: the daemon decides, and its end is ours.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
