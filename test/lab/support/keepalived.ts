/** Runs keepalived on a director of the lab, as the peer to talk to or to compare with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Child, Line } from './child.ts';
import type { Lab } from './lab.ts';

/** A virtual router as `keepalivedText` writes it down. */
export interface KeepalivedRouter {
  /** Default V4. */
  readonly name?: string;
  /** Default 51. */
  readonly vrid?: number;
  /** Default 3. */
  readonly version?: 2 | 3;
  readonly priority: number;
  /** Default 200. */
  readonly intervalMs?: number;
  /** Of one family, with prefix length; default 10.0.0.100/24. */
  readonly addresses?: readonly string[];
  /** More lines of the instance. */
  readonly more?: string;
}

/** A configuration with nothing but virtual routers on eth0; lines of one's own may follow. */
export function keepalivedText(...routers: readonly KeepalivedRouter[]): string {
  return `global_defs {\n  router_id peer\n}\n${routers.map(instance).join('')}`;
}

/** How an instance of version 2 is given its password, for `more`. */
export function authenticationText(password: string, type: 'PASS' | 'AH' = 'PASS'): string {
  return `authentication {\n    auth_type ${type}\n    auth_pass ${password}\n  }`;
}

function instance(router: KeepalivedRouter): string {
  const { name = 'V4', vrid = 51, version = 3, priority, intervalMs = 200, more = '' } = router;
  const { addresses = ['10.0.0.100/24'] } = router;
  return `vrrp_instance ${name} {
  version ${version}
  state BACKUP
  interface eth0
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int ${intervalMs / 1000}
  ${addresses.some((address) => address.includes(':')) ? 'native_ipv6' : ''}
  ${more}
  virtual_ipaddress {
${addresses.map((address) => `    ${address}`).join('\n')}
  }
}
`;
}

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
