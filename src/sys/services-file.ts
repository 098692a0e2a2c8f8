/** services(5): what ports are called. */
import { readFileSync } from 'node:fs';

export const SERVICES_FILE = '/etc/services';

export interface ServicesEntry {
  /** The official one first, then aliases. */
  readonly names: readonly string[];
  readonly port: number;
  /** `tcp`. */
  readonly protocol: string;
}

/** The entries in the order of the file, in which the first counts. A file that cannot be read has none. */
export function readServices(file: string): readonly ServicesEntry[] {
  return textOf(file)
    .split('\n')
    .flatMap((line) => {
      const [name = '', end = '', ...aliases] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
      const [, port, protocol] = /^(\d+)\/+(\S+)$/.exec(end) ?? [];
      if (port === undefined || protocol === undefined) return [];
      return [{ names: [name, ...aliases], port: Number(port), protocol }];
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // figures are always understood
  }
}
