/** Writing to a stream and waiting until it is written. */
import type { Writable } from 'node:stream';

/** Resolves when all of `text` is written, or when nobody reads it any more (EPIPE); rejects when writing fails otherwise. */
export function writeAll(out: Writable, text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const ignore = (): void => {}; // the callback tells it too
    out.on('error', ignore);
    out.write(text, (error) => {
      if (error && !('code' in error && error.code === 'EPIPE')) {
        reject(error);
        return;
      }
      if (!error) out.off('error', ignore);
      resolve();
    });
  });
}
