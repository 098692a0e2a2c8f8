/** `lvsd run`: the daemon in the foreground, until a signal ends it. */
import { Daemon } from '../daemon.ts';
import { type LogFormat, type LogLevel, openLog } from '../sys/log.ts';

export interface RunOptions {
  readonly config: string;
  readonly socket: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly version: string;
}

/** A stop that hangs is cut short: the process must be gone when it was told to. */
const STOP_LIMIT_MS = 2900;
/** Our own fault (EX_SOFTWARE of sysexits.h). */
const EXIT_CRASHED = 70;

/** Resolves with the exit code: 0 stopped, 1 could not start, 2 configuration unreadable, 70 crashed. */
export async function runDaemon(options: RunOptions): Promise<number> {
  const log = openLog({ level: options.logLevel, format: options.logFormat });
  const crash = (error: unknown): void => {
    // The VRRP process notices our end and hands over; the kernel goes on forwarding; a supervisor starts us again.
    log.error(`lvsd ends because of a fault of its own, please report it: ${describe(error)}`);
    void log.flush().then(() => process.exit(EXIT_CRASHED));
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  const signal = firstSignal();
  const hangUps = new HangUps();
  const starting = Daemon.start(
    { configFile: options.config, socketPath: options.socket, version: options.version },
    log,
  );
  void signal.then((name) => {
    log.info(`${name} received`);
    setTimeout(() => {
      log.error('Stopping takes too long, ending now');
      void log.flush().then(() => process.exit(1));
    }, STOP_LIMIT_MS);
  });
  const started = await starting;
  if (!started.ok) {
    for (const problem of started.error.problems) log.error(problem);
    await log.flush();
    return started.error.exitCode;
  }
  const daemon = started.value;
  hangUps.handle(() => void daemon.reload());
  await signal;
  await daemon.stop();
  await log.flush();
  return 0;
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve);
  });
}

/** SIGHUP means reload, and must not end a daemon that is still starting. */
class HangUps {
  #early = false;
  #act: (() => void) | null = null;

  constructor() {
    process.on('SIGHUP', () => {
      if (this.#act === null) this.#early = true;
      else this.#act();
    });
  }

  /** From now on `act`; at once for one that came before. */
  handle(act: () => void): void {
    this.#act = act;
    if (this.#early) act();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).replace(/\n\s*/g, ' | ') : String(error);
}
