/**
 * Runs FRR's vrrpd (and the zebra that it needs) on a director of the lab, as another peer to talk to.
 *
 * It works with macvlan interfaces that the operator makes: they have the virtual MAC and the virtual addresses, and it
 * only takes their carrier away (protodown) while it is not Master (docs.frrouting.org, VRRP, "System Configuration").
 */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Child, Line } from './child.ts';
import { run, waitFor } from './exec.ts';
import type { Lab } from './lab.ts';

/** Debian's package has the daemons here, not in PATH. */
const DAEMONS = '/usr/lib/frr';
const READY_TIMEOUT_MS = 15_000;

export interface FrrRouter {
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly priority: number;
  readonly intervalMs: number;
  /** Of one or both families, with prefix length; they are advertised in this order. */
  readonly addresses: readonly string[];
  /** What it sends from over IPv6; without it that is the virtual link-local address. */
  readonly linkLocal?: string;
}

type FrrDaemon = 'zebra' | 'vrrpd';

export class Frr {
  readonly #lab: Lab;
  readonly #node: string;
  readonly #routers: readonly FrrRouter[];
  readonly #children: Child[] = [];

  private constructor(lab: Lab, node: string, routers: readonly FrrRouter[]) {
    this.#lab = lab;
    this.#node = node;
    this.#routers = routers;
  }

  /** Makes the macvlan interfaces and starts both daemons; returns when vrrpd answers. */
  static async start(lab: Lab, node: string, routers: readonly FrrRouter[]): Promise<Frr> {
    const frr = new Frr(lab, node, routers);
    await lab
      .node(node)
      .ip(routers.flatMap((router) => familiesOf(router).flatMap((family) => linkLines(router, family))));
    await frr.restart();
    return frr;
  }

  /** Starts the daemons, the first time or after `stop` or `kill`. @throws Error when they do not answer. */
  async restart(): Promise<void> {
    const dir = this.#dir();
    // They run as the user frr and must get at their files. Nothing in the lab is secret.
    chmodSync(this.#lab.dir, 0o711);
    await run('install', ['-d', '-o', 'frr', '-g', 'frr', dir]);
    writeFileSync(path.join(dir, 'vrrpd.conf'), this.#config());
    for (const name of ['zebra.conf', 'vtysh.conf']) writeFileSync(path.join(dir, name), '');
    await this.#startDaemon('zebra', 'show interface brief');
    await this.#startDaemon('vrrpd', 'show vrrp json');
  }

  /** What vrrpd logged, since the first start. */
  get lines(): readonly Line[] {
    return this.#children.filter(({ name }) => name.startsWith('vrrpd')).flatMap(({ lines }) => lines);
  }

  /** Whether the addresses of a virtual router are usable there: their interface has its carrier. */
  async holds(vrid: number, family: 4 | 6): Promise<boolean> {
    const { stdout } = await this.#lab.node(this.#node).exec('ip', ['-o', 'link', 'show', linkName(vrid, family)]);
    return stdout.includes('LOWER_UP');
  }

  /** SIGTERM: vrrpd says farewell (priority 0), then zebra goes. */
  async stop(): Promise<void> {
    for (const child of [...this.#children].reverse()) await child.stop();
    await this.#silence();
  }

  /** kill -9 of both, as if the machine were gone. */
  async kill(): Promise<void> {
    for (const child of [...this.#children].reverse()) await child.kill();
    await this.#silence();
  }

  /** What it leaves behind would still answer for the addresses. */
  async #silence(): Promise<void> {
    const names = this.#routers.flatMap((router) => familiesOf(router).map((family) => linkName(router.vrid, family)));
    await this.#lab.node(this.#node).ip(names.map((name) => `link set ${name} protodown on`));
  }

  #dir(): string {
    return this.#lab.file(`frr-${this.#node}`);
  }

  /** vrrpd knows no interface before zebra has told it, so each is waited for. */
  async #startDaemon(name: FrrDaemon, question: string): Promise<void> {
    const dir = this.#dir();
    const args = [
      ...['-f', path.join(dir, `${name}.conf`), '-i', path.join(dir, `${name}.pid`)],
      ...['-z', path.join(dir, 'zserv.api'), '--vty_socket', dir, '-P', '0', '--log', 'stdout'],
    ];
    // The folder for its crash logs, which stays behind after kill -9: `ip netns exec` has mounts of its own.
    const start = ['-euc', 'mount -t tmpfs tmpfs /var/tmp; exec "$@"', 'sh', path.join(DAEMONS, name)];
    const child = this.#lab.spawn(this.#node, 'sh', [...start, ...args], {
      name: `${name} ${this.#node}`,
      logFile: path.join(dir, `${name}.log`),
    });
    this.#children.push(child);
    const ask = ['--vty_socket', dir, '--config_dir', dir, '-d', name, '-c', question];
    const answers = async (): Promise<boolean> => {
      const { stdout } = await this.#lab.node(this.#node).exec('vtysh', ask);
      return stdout !== '';
    };
    await waitFor(answers, { timeoutMs: READY_TIMEOUT_MS, what: child.name }).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${child.tail()}`);
    });
  }

  #config(): string {
    const lines = this.#routers.flatMap(({ vrid, version, priority, intervalMs, addresses }) => [
      `vrrp ${vrid} version ${version}`,
      `vrrp ${vrid} priority ${priority}`,
      `vrrp ${vrid} advertisement-interval ${intervalMs}`,
      ...addresses.map((address) => `vrrp ${vrid} ${address.includes(':') ? 'ipv6' : 'ip'} ${address.split('/')[0]}`),
    ]);
    return ['debug vrrp', 'interface eth0', ...lines.map((line) => ` ${line}`), 'exit', ''].join('\n');
  }
}

function linkName(vrid: number, family: 4 | 6): string {
  return `frr${family}-${vrid}`;
}

function familiesOf({ addresses }: FrrRouter): readonly (4 | 6)[] {
  return ([4, 6] as const).filter((family) => addresses.some((address) => isOf(address, family)));
}

function isOf(address: string, family: 4 | 6): boolean {
  return address.includes(':') === (family === 6);
}

/** The kernel would make the link-local address from the virtual MAC: the same one on every router. */
function linkLines(router: FrrRouter, family: 4 | 6): string[] {
  const { vrid, linkLocal, addresses } = router;
  const name = linkName(vrid, family);
  const mac = `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`;
  const own = family === 6 && linkLocal !== undefined ? [`${linkLocal}/64`] : [];
  // Of several the kernel takes the youngest as the source.
  const all = [...addresses.filter((address) => isOf(address, family)), ...own];
  return [
    `link add ${name} link eth0 address ${mac} type macvlan mode bridge`,
    ...(family === 6 ? [`link set ${name} addrgenmode none`] : []),
    ...all.map((address) => `addr add ${address} dev ${name}${family === 6 ? ' nodad' : ''}`),
    `link set ${name} up protodown on`,
  ];
}
