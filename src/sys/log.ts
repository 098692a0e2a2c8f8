/**
 * The daemon's log: one line an event on stderr. Owner of pino.
 *
 * Writing never blocks and never grows: lines wait in a bounded buffer for a thread to write them, and are dropped when
 * the reader stands still or the disk is full. A director goes on without its log.
 */
import { pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';

export interface Log {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** Resolves when what is buffered is written, or after a moment: for the end of the process. Never rejects. */
  flush(): Promise<void>;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
/** Syslog priorities, which journald reads from the head of a line. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
const STDERR = 2;
const BUFFER_BYTES = 1024 * 1024;
const FLUSH_LIMIT_MS = 200;

/** `text` for people (without a clock where journald has one), `json` for collectors. */
export function openLog(options: { readonly level: LogLevel; readonly format: LogFormat }): Log {
  const destination = pino.destination({ dest: STDERR, sync: false, maxLength: BUFFER_BYTES });
  destination.on('error', () => {}); // a log that cannot be written is no reason to stop
  destination.on('drop', () => {});
  // Not flushSync: it waits for a reader that may have gone to sleep with the pipe in its hand.
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_LIMIT_MS);
      destination.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  if (options.format === 'json') {
    const logger = pino({ base: null, level: options.level }, destination);
    return {
      debug: (text) => logger.debug(text),
      info: (text) => logger.info(text),
      warn: (text) => logger.warn(text),
      error: (text) => logger.error(text),
      flush,
    };
  }
  const from = LEVELS.indexOf(options.level);
  const journal = process.env['JOURNAL_STREAM'] !== undefined;
  const write = (level: LogLevel, text: string): void => {
    if (LEVELS.indexOf(level) < from) return;
    const line = text.replaceAll('\n', ' ');
    destination.write(
      journal ? `<${PRIORITY[level]}>${line}\n` : `${new Date().toISOString()} ${level.padEnd(5)} ${line}\n`,
    );
  };
  return {
    debug: (text) => write('debug', text),
    info: (text) => write('info', text),
    warn: (text) => write('warn', text),
    error: (text) => write('error', text),
    flush,
  };
}
