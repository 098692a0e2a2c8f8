/** A pair of directors, real servers and a client on bridges (see topology.ts). Runs as root inside `scripts/lab.sh`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Child, ChildOptions } from './child.ts';
import { run } from './exec.ts';
import { Namespace } from './namespace.ts';
import {
  type Family,
  INSIDE_VIP4,
  INSIDE_VIP6,
  interfaceOf,
  ip4,
  ip6,
  type LabOptions,
  type Machine,
  machinesOf,
  macOf,
  type Net,
  portOf,
  VIP4,
  VIP6,
} from './topology.ts';

const SWITCH = 'sw';
const BRIDGE = { front: 'br0', back: 'br1' } as const;

/** @throws Error in a lab without IPVS: to skip there would hide that nothing was tested. */
export function requireIpvs(): void {
  assert.equal(process.env['LVSD_LAB_IPVS'], '1', 'this is no lab with ip_vs: use make lab-ipvs or make lab-nft');
}

export class Lab {
  /** Folder for configurations, sockets and logs; gone after `destroy`. */
  readonly dir: string;
  readonly machines: readonly Machine[];
  readonly family: Family;
  readonly #namespaces: ReadonlyMap<string, Namespace>;
  readonly #switch = new Namespace(SWITCH);
  readonly #children: Child[] = [];

  private constructor(options: LabOptions) {
    this.dir = mkdtempSync(path.join(tmpdir(), 'lab-'));
    this.machines = machinesOf(options);
    this.family = options.family ?? 4;
    this.#namespaces = new Map(this.machines.map(({ name }) => [name, new Namespace(name)]));
  }

  /**
   * Builds the lab; what was built is removed again when a step fails.
   * @throws Error outside `scripts/lab.sh` (it would touch the host's own network), or when a command fails.
   */
  static async create(options: LabOptions = {}): Promise<Lab> {
    if (process.env['LVSD_LAB'] !== '1') {
      throw new Error(
        'Cannot build the lab here: run the test with scripts/lab.sh -- COMMAND, or make lab-vrrp, make lab-ipvs',
      );
    }
    const lab = new Lab(options);
    try {
      await lab.#wire();
      await Promise.all(lab.machines.map((machine) => lab.#configure(machine, options)));
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** The namespace of a machine: "d1". @throws Error when the lab has no such machine. */
  node(name: string): Namespace {
    const found = this.#namespaces.get(name);
    if (found === undefined)
      throw new Error(`This lab has no ${name}, only ${[...this.#namespaces.keys()].join(', ')}`);
    return found;
  }

  /** Starts a process on a machine; `destroy` ends it at the latest. */
  spawn(node: string, command: string, args: readonly string[], options: ChildOptions): Child {
    const child = this.node(node).spawn(command, args, options);
    this.#children.push(child);
    return child;
  }

  /**
   * Does a machine reach an address? It is asked for a connection to a closed port (9): a refusal is an answer. One second
   * without an answer means no. (No ping: it is not on every machine.)
   */
  async reaches(from: string, address: string): Promise<boolean> {
    const connect = ['-k', '1', '1', 'bash', '-c', `exec 3<>/dev/tcp/${address}/9`];
    const { code, stderr } = await this.node(from).exec('timeout', connect, { check: false });
    return code === 0 || stderr.includes('Connection refused');
  }

  /** A file in the lab's folder. */
  file(name: string): string {
    return path.join(this.dir, name);
  }

  /** Pulls the cable: the machine sees its carrier go (NO-CARRIER), like a dead switch port. */
  async cutCable(name: string, net: Net = 'front'): Promise<void> {
    await this.#switch.ip([`link set ${portOf(name, net)} down`]);
  }

  /** Plugs it in again, after `cutCable` or `isolate`. */
  async restoreCable(name: string, net: Net = 'front'): Promise<void> {
    await this.#switch.ip([`link set ${portOf(name, net)} master ${BRIDGE[net]} up`]);
  }

  /** A silent break: the carrier stays, but no frame passes, like a switch that forgot its VLAN. */
  async isolate(name: string, net: Net = 'front'): Promise<void> {
    await this.#switch.ip([`link set ${portOf(name, net)} nomaster`]);
  }

  /** Ends all processes, removes namespaces and files. Never throws, may be called twice. */
  async destroy(): Promise<void> {
    // Not only our children: keepalived and lvsd have children of their own, which may outlive a kill -9.
    for (const pid of [...this.#namespaces.values()].flatMap((node) => node.pids())) kill(pid);
    await Promise.all(this.#children.map((child) => child.kill()));
    const names = [SWITCH, ...this.#namespaces.keys()];
    await run('ip', ['-force', '-batch', '-'], {
      input: names.map((name) => `netns del ${name}\n`).join(''),
      check: false,
    }).catch(() => {});
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Namespaces, bridges, and a cable (veth pair) from each machine to its bridges. */
  async #wire(): Promise<void> {
    const names = [SWITCH, ...this.#namespaces.keys()];
    await run('ip', ['-batch', '-'], { input: names.map((name) => `netns add ${name}\n`).join('') });
    // The settings of "default" are taken over by every interface made later.
    await Promise.all([...this.#namespaces.values()].map((node) => node.sysctl(this.#defaults())));
    await this.#switch.sysctl({ 'net.ipv6.conf.default.disable_ipv6': 1 });
    const lines = Object.values(BRIDGE).map(
      (bridge) => `link add ${bridge} up type bridge stp_state 0 mcast_snooping 0`,
    );
    for (const { name, host, nets } of this.machines) {
      for (const net of nets) {
        const peer = `peer name ${interfaceOf(net)} address ${macOf(host, net)} netns ${name}`;
        lines.push(`link add ${portOf(name, net)} type veth ${peer}`);
        lines.push(`link set ${portOf(name, net)} master ${BRIDGE[net]} up`);
      }
    }
    await this.#switch.ip(lines);
  }

  #defaults(): Record<string, number> {
    const ipv6 = this.family === 4 ? { disable_ipv6: 1 } : { accept_dad: 0, accept_ra: 0, router_solicitations: 0 };
    return {
      'net.ipv4.conf.default.rp_filter': 0,
      'net.ipv4.conf.all.rp_filter': 0,
      ...Object.fromEntries(Object.entries(ipv6).map(([key, value]) => [`net.ipv6.conf.default.${key}`, value])),
    };
  }

  async #configure(machine: Machine, options: LabOptions): Promise<void> {
    const node = this.node(machine.name);
    const lines = ['link set lo up'];
    for (const net of machine.nets) {
      const dev = interfaceOf(net);
      if (this.family !== 6) lines.push(`addr add ${ip4(machine.host, net)}/24 dev ${dev}`);
      if (this.family !== 4) lines.push(`addr add ${ip6(machine.host, net)}/64 dev ${dev} nodad`);
      lines.push(`link set ${dev} up`);
    }
    await node.ip(lines);
    if (machine.role === 'director') await node.sysctl(this.#directorSettings());
    if (machine.role === 'real-server') await this.#configureRealServer(node, options);
  }

  #directorSettings(): Record<string, number> {
    return {
      'net.ipv4.ip_forward': 1,
      // With one interface for both ways the director would tell the client to go around it.
      'net.ipv4.conf.all.send_redirects': 0,
      'net.ipv4.conf.eth0.send_redirects': 0,
      'net.ipv4.conf.eth1.send_redirects': 0,
      'net.ipv4.conf.all.promote_secondaries': 1,
      ...(this.family === 4 ? {} : { 'net.ipv6.conf.all.forwarding': 1 }),
    };
  }

  async #configureRealServer(node: Namespace, options: LabOptions): Promise<void> {
    const { method = 'direct', vips = [VIP4, VIP6] } = options;
    if (method === 'nat') {
      const routes = [`route add default via ${INSIDE_VIP4}`, `route add default via ${INSIDE_VIP6}`];
      await node.ip(routes.filter((_, i) => this.family === 'both' || (this.family === 6) === (i === 1)));
      return;
    }
    // The ARP problem: settings first, then the address, so that the real server never answers for the VIP.
    await node.sysctl({ 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 });
    const device = method === 'tunnel' ? 'tunl0' : 'lo';
    const ours = vips.filter((vip) => this.family === 'both' || (this.family === 6) === vip.includes(':'));
    const lines = ours.map((vip) =>
      vip.includes(':') ? `addr add ${vip}/128 dev lo nodad` : `addr add ${vip}/32 dev ${device}`,
    );
    await node.ip(method === 'tunnel' ? ['link set tunl0 up', ...lines] : lines);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}
