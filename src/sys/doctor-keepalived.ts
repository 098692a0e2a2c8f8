/** Finds keepalived in this network namespace, and reads the file that it runs with. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { KeepalivedFact } from '../doctor/facts.ts';
import { readKeepalivedFile } from '../doctor/keepalived-file.ts';

const DEFAULT_FILE = '/etc/keepalived/keepalived.conf';

/** The parent process of each keepalived; processes that are not ours to look at are left out. */
export function findKeepalived(): readonly KeepalivedFact[] {
  const namespace = namespaceOf('self');
  const found = readdirSync('/proc').filter(
    (entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/comm`) === 'keepalived\n',
  );
  const pids = new Set(found);
  return found.flatMap((pid) => {
    // Its VRRP and checker processes are its children.
    const parent = / \d+ /.exec(read(`/proc/${pid}/stat`).replace(/^.*\) \w/, ''))?.[0].trim() ?? '';
    if (pids.has(parent) || namespace === null || namespaceOf(pid) !== namespace) return [];
    const words = read(`/proc/${pid}/cmdline`).split('\0');
    const configFile = fileOf(words);
    return [{ pid: Number(pid), configFile, ...readKeepalivedFile(read(`/proc/${pid}/root${configFile}`)) }];
  });
}

/** `-f FILE`, `-fFILE`, `--use-file FILE` or `--use-file=FILE`. */
function fileOf(words: readonly string[]): string {
  for (const [index, word] of words.entries()) {
    if (word === '-f' || word === '--use-file') return words[index + 1] || DEFAULT_FILE;
    const [, attached] = /^(?:--use-file=|-f)(.+)$/.exec(word) ?? [];
    if (attached !== undefined) return attached;
  }
  return DEFAULT_FILE;
}

function namespaceOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
