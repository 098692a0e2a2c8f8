/** Runs keepalived on a director of the lab, as the peer to talk to or to compare with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Child, Line } from './child.ts';
import type { Lab } from './lab.ts';

export class Keepalived {
  readonly configFile: string;
  readonly child: Child;

  private constructor(child: Child, configFile: string) {
    this.child = child;
    this.configFile = configFile;
  }

  /** Starts it with this configuration, in the foreground and with pid files of its own; does not wait. */
  static start(lab: Lab, node: string, config: string): Keepalived {
    const dir = lab.file(`keepalived-${node}`);
    mkdirSync(dir, { recursive: true });
    const configFile = path.join(dir, 'keepalived.conf');
    writeFileSync(configFile, config);
    const pid = (name: string) => path.join(dir, `${name}.pid`);
    const args = [
      '-n',
      '-l',
      '-D',
      '-f',
      configFile,
      '-p',
      pid('main'),
      '-r',
      pid('vrrp'),
      '-c',
      pid('checkers'),
      '-b',
      pid('bfd'),
    ];
    const child = lab.spawn(node, 'keepalived', args, { name: `keepalived ${node}`, logFile: path.join(dir, 'log') });
    return new Keepalived(child, configFile);
  }

  get lines(): readonly Line[] {
    return this.child.lines;
  }

  /** "Entering MASTER STATE" and the like. */
  waitForLine(pattern: RegExp, timeoutMs: number): Promise<Line> {
    return this.child.waitForLine(pattern, timeoutMs);
  }

  /** Replaces the configuration and sends SIGHUP. */
  reload(config: string): void {
    writeFileSync(this.configFile, config);
    this.child.signal('SIGHUP');
  }

  /** SIGTERM: it hands over and ends. */
  stop(): Promise<void> {
    return this.child.stop(10_000);
  }
}
