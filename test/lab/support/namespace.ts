/** One machine of the lab: a network namespace made with `ip netns`. */
import { readdirSync, statSync } from 'node:fs';
import { Child, type ChildOptions } from './child.ts';
import { type RunOptions, type RunResult, run } from './exec.ts';

export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a command inside to its end; see `run`. */
  exec(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run('ip', ['netns', 'exec', this.name, command, ...args], options);
  }

  /** Runs lines of shell inside; the first that fails ends it. */
  sh(script: string, options: RunOptions = {}): Promise<RunResult> {
    return this.exec('sh', ['-euc', script], options);
  }

  /** Runs `ip` commands inside, one a line ("addr add 10.0.0.1/24 dev eth0"), in one process. */
  ip(lines: readonly string[]): Promise<RunResult> {
    return run('ip', ['-n', this.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  /** Starts a long-running process inside. The caller (usually `Lab.spawn`) must end it. */
  spawn(command: string, args: readonly string[], options: ChildOptions): Child {
    return new Child('ip', ['netns', 'exec', this.name, command, ...args], options);
  }

  /** Process ids of all that runs inside; none when it does not exist. */
  pids(): number[] {
    const inode = inodeOf(`/run/netns/${this.name}`);
    const all = inode === undefined ? [] : readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    return all.filter((pid) => inodeOf(`/proc/${pid}/ns/net`) === inode).map(Number);
  }

  /** Sets kernel settings of this namespace: `{ 'net.ipv4.ip_forward': 1 }`. Dots inside interface names are not supported. */
  async sysctl(settings: Readonly<Record<string, number>>): Promise<void> {
    const lines = Object.entries(settings).map(
      ([key, value]) => `echo ${value} > /proc/sys/${key.replaceAll('.', '/')}`,
    );
    await this.sh(lines.join('\n'));
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined; // gone in the meantime
  }
}
