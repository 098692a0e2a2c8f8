/** What the VRRP tests share: configurations, and referees that are not ours (tcpdump on the client, `ip`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from '../../../src/status/types.ts';
import type { RouterReport } from '../../../src/vrrp/messages.ts';
import { Capture, type Packet } from '../support/capture.ts';
import type { Child } from '../support/child.ts';
import type { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import type { Keepalived } from '../support/keepalived.ts';
import type { Lab } from '../support/lab.ts';

/** keepalived's words for an advertisement that it does not like. */
const COMPLAINT =
  /warning|invalid|checksum|mismatch|bogus|dropping|discard|incorrect|malformed|too short|unexpected|error|not configured|different/i;

/** What a router of higher priority does by the standard (RFC 9568 section 6.4.3). */
const NO_COMPLAINT = /received lower priority \(\d+\) advert from \S+ - discarding/;

/** What keepalived logged against us in some runs. @throws Error when it logged no state at all: then it heard nothing. */
export function complaintsOf(...runs: readonly Keepalived[]): string[] {
  const lines = runs.flatMap((run) => run.lines.map(({ text }) => text));
  assert.ok(
    lines.some((line) => /Entering (MASTER|BACKUP) STATE/.test(line)),
    'keepalived logged nothing',
  );
  return lines.filter((line) => COMPLAINT.test(line) && !NO_COMPLAINT.test(line));
}

/** Enough for anything that should take about a second, on a machine that is busy with something else. */
export const SLACK_MS = 10_000;
export const INTERVAL_MS = 200;

export interface RouterText {
  readonly name?: string;
  readonly vrid?: number;
  readonly priority: number;
  readonly intervalMs?: number;
  readonly addresses?: readonly string[];
  /** More keys in YAML flow style: "preempt: false". */
  readonly more?: string;
}

/** A configuration with nothing but virtual routers; the first is named "web", 51, 10.0.0.100 unless told otherwise. */
export function configText(...routers: readonly RouterText[]): string {
  const items = routers.map((router) => {
    const { name = 'web', vrid = 51, priority, intervalMs = INTERVAL_MS, more } = router;
    const addresses = (router.addresses ?? ['10.0.0.100/24']).map((address) => `"${address}"`).join(', ');
    const rest = more === undefined ? '' : `, ${more}`;
    return `  - { name: ${name}, interface: eth0, virtual_router_id: ${vrid}, priority: ${priority}, advertisement_interval: ${intervalMs}ms, virtual_addresses: [${addresses}]${rest} }\n`;
  });
  return `vrrp:\n${items.join('')}`;
}

export interface Advert {
  /** Unix milliseconds. */
  readonly at: number;
  readonly source: string;
  readonly vrid: number;
  readonly priority: number;
}

/** An advertisement as tcpdump prints it; undefined for other lines. */
export function parseAdvert({ at, text }: Packet): Advert | undefined {
  const [, source, vrid, priority] =
    /^IP6? (\S+) > \S+: VRRPv[23], Advertisement, vrid (\d+), prio (\d+),/.exec(text) ?? [];
  if (source === undefined) return undefined;
  return { at, source, vrid: Number(vrid), priority: Number(priority) };
}

/** What the client hears: every broadcast and multicast of the segment, also of a director that cannot hear itself. */
export class Wire {
  readonly #capture: Capture;

  private constructor(capture: Capture) {
    this.#capture = capture;
  }

  static async start(
    lab: Lab,
    filter = 'ip proto 112 or ip6 proto 112 or arp or icmp6 or udp port 8112',
    node = 'c1',
  ): Promise<Wire> {
    return new Wire(await Capture.start(lab, node, { filter }));
  }

  /** All packets since a time (Unix milliseconds), in order. */
  packets(since = 0): Packet[] {
    return this.#capture.packets.filter(({ at }) => at >= since);
  }

  adverts(since = 0, source?: string): Advert[] {
    const all = this.packets(since).flatMap((packet) => parseAdvert(packet) ?? []);
    return source === undefined ? all : all.filter((advert) => advert.source === source);
  }

  /** Gratuitous ARP or unsolicited NA for an address. */
  announcements(address: string, since = 0): Packet[] {
    const arp = new RegExp(
      `^ARP, \\w+ .*\\b${address.replaceAll('.', '\\.')}\\b.* tell ${address.replaceAll('.', '\\.')},`,
    );
    const na = `neighbor advertisement, tgt is ${address},`;
    return this.packets(since).filter(({ text }) => arp.test(text) || text.includes(na));
  }

  /** The first advertisement since a time that matches, seen or still to come. */
  waitForAdvert(matches: (advert: Advert) => boolean, since: number, what: string): Promise<Advert> {
    return waitFor(() => this.adverts(since).find(matches), { timeoutMs: SLACK_MS, pollMs: 20, what });
  }

  async stop(): Promise<void> {
    await this.#capture.stop();
  }
}

/** The longest time between two advertisements, in milliseconds. */
export function longestGap(adverts: readonly Advert[]): number {
  return adverts.slice(1).reduce((most, { at }, i) => Math.max(most, at - (adverts[i]?.at ?? at)), 0);
}

export interface AddressEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly deleted: boolean;
  /** "10.0.0.100/24". */
  readonly address: string;
}

/** Addresses that come and go on a machine, by `ip monitor`. */
export class AddressWatch {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(lab: Lab, node: string): Promise<AddressWatch> {
    const child = lab.spawn(node, 'ip', ['-ts', 'monitor', 'address'], { name: `ip monitor ${node}` });
    // It says nothing when it listens: an address on another interface, again and again until it is reported.
    await waitFor(
      async () => {
        await lab.node(node).ip(['addr add 192.0.2.1/32 dev lo', 'addr del 192.0.2.1/32 dev lo']);
        return child.lines.some(({ text }) => text.includes('192.0.2.1/32'));
      },
      { timeoutMs: SLACK_MS, what: `ip monitor on ${node}` },
    );
    return new AddressWatch(child);
  }

  events(address: string, since = 0): AddressEvent[] {
    const all = this.#child.lines.flatMap(({ text }) => {
      const [, time = '', deleted, found = ''] = /^\[(\S+)\] (Deleted )?\d+: eth0 +inet6? (\S+)/.exec(text) ?? [];
      return found === '' ? [] : [{ at: Date.parse(time), deleted: deleted !== undefined, address: found }];
    });
    return all.filter((event) => event.address.startsWith(`${address}/`) && event.at >= since);
  }
}

/** Whether `ip` shows the address on the machine's eth0. */
export async function holds(lab: Lab, node: string, address: string): Promise<boolean> {
  const { stdout } = await lab.node(node).exec('ip', ['-o', 'addr', 'show', 'dev', 'eth0']);
  return stdout.includes(` ${address}/`);
}

/** Whether a machine has an address on any interface. */
export async function hasAddress(lab: Lab, node: string, address: string): Promise<boolean> {
  const { stdout } = await lab.node(node).exec('ip', ['-o', 'addr']);
  return stdout.includes(` ${address}/`);
}

/** The link-layer address that the client remembers; '' when none. */
export async function neighborOf(lab: Lab, address: string): Promise<string> {
  const { stdout } = await lab.node('c1').exec('ip', ['neigh', 'show', address]);
  return /lladdr (\S+)/.exec(stdout)?.[1] ?? '';
}

/** Whether nftables works on a machine: User-Mode Linux lacks it. */
export async function hasNftables(lab: Lab, node: string): Promise<boolean> {
  const probe = ['-c', 'add', 'table', 'inet', 'lvsd_probe'];
  return (await lab.node(node).exec('nft', probe, { check: false })).code === 0;
}

/** Waits until the address is on the one machine and not on the other. */
export async function waitForHolder(
  lab: Lab,
  holder: string,
  other: string,
  address: string,
  timeoutMs = SLACK_MS,
): Promise<void> {
  await waitFor(async () => (await holds(lab, holder, address)) && !(await holds(lab, other, address)), {
    timeoutMs,
    what: `${holder} alone to hold ${address}`,
  });
}

export async function snapshotOf(daemon: Daemon): Promise<Snapshot> {
  return JSON.parse((await daemon.lvsd(['status', '--json'])).stdout);
}

export async function routerOf(daemon: Daemon, name = 'web'): Promise<RouterReport> {
  const router = (await snapshotOf(daemon)).virtualRouters.find((found) => found.name === name);
  if (router === undefined) throw new Error(`${daemon.node} reports no virtual router ${name}`);
  return router;
}

export async function waitForRole(daemon: Daemon, role: string, name = 'web'): Promise<RouterReport> {
  return waitFor(
    async () => {
      const router = await routerOf(daemon, name);
      return router.role === role ? router : undefined;
    },
    { timeoutMs: SLACK_MS, what: `${daemon.node} to be ${role}` },
  );
}

export async function vrrpPidOf(daemon: Daemon): Promise<number> {
  const { pid } = (await snapshotOf(daemon)).daemon.vrrpProcess;
  if (pid === null) throw new Error(`${daemon.node} has no VRRP process`);
  return pid;
}

/** kill -9 of both processes at once, like a machine that loses its power: nobody says farewell. */
export async function killDirector(daemon: Daemon): Promise<void> {
  const child = await vrrpPidOf(daemon);
  process.kill(child, 'SIGSTOP');
  daemon.signal('SIGKILL');
  process.kill(child, 'SIGKILL');
  await daemon.kill();
}

/** kill -9 of both its processes; the parent alone would let the child hand over. */
export async function killKeepalived(lab: Lab, node: string, keepalived: Keepalived): Promise<void> {
  const vrrp = Number(readFileSync(lab.file(`keepalived-${node}/vrrp.pid`), 'utf8'));
  process.kill(vrrp, 'SIGSTOP');
  keepalived.child.signal('SIGKILL');
  process.kill(vrrp, 'SIGKILL');
  await keepalived.child.kill();
}

/** For what must not happen: a time in which it would. */
export function watchFor(intervals: number, intervalMs = INTERVAL_MS): Promise<void> {
  return sleep(intervals * intervalMs);
}
