/**
 * The same recorder as notify script of lvsd and of keepalived, on the same director, through the same life: what the two tell
 * it must be the same, line by line, for each virtual router and state; and the lines of their FIFOs.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Child } from '../support/child.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Keepalived } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { SLACK_MS } from './referee.ts';

/** The peer's priority lies between the two that the director under test has. */
const PEER = 100;
const VIP = '10.0.0.100';

/** What one of them told while it lived, by object: "web", "web generic", "pair generic". */
interface Told {
  readonly lines: readonly string[];
  readonly fifo: readonly string[];
}

/** A director under test that can be started with another priority, and stopped. */
interface Subject {
  start(priority: number): { stop(): Promise<void> };
}

describe('notify scripts and FIFO, beside those of keepalived', function () {
  this.timeout(120_000);
  let lab: Lab;
  let log = '';
  let recorder = '';
  const told = new Map<string, Told>();

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    mkdirSync(lab.file('scripts'));
    recorder = lab.file('scripts/recorder');
    // $0 knows where it is; what it gets is one line.
    writeFileSync(recorder, `#!/bin/sh\necho "$*" >> "$(dirname "$0")/log"\n`, { mode: 0o755 });
    log = lab.file('scripts/log');
  });
  after(() => lab?.destroy());

  const linesOf = (file: string): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const heard = (what: string): Promise<true> =>
    waitFor(() => linesOf(log).filter((line) => line === what).length === count(what), {
      timeoutMs: SLACK_MS,
      what: `"${what}" the ${count(what)}. time; there is:\n${linesOf(log).join('\n')}`,
    });
  /** How often each line was waited for. */
  const counts = new Map<string, number>();
  const count = (what: string): number => counts.get(what) ?? 0;
  const next = async (state: string, priority: number): Promise<void> => {
    for (const what of [`all INSTANCE web ${state} ${priority}`, `group GROUP pair ${state} 0`]) {
      counts.set(what, count(what) + 1);
      await heard(what);
    }
  };

  const fifoReader = (): Child => {
    const read = `while read -r line; do echo "$line" >> ${lab.file('read')}; done < ${lab.file('fifo')}`;
    return lab.spawn('d1', 'sh', ['-c', read], { name: 'reader of the FIFO' });
  };

  async function live(subject: Subject): Promise<Told> {
    const peer = Daemon.start(lab, 'd2', { config: peerConfig() });
    await peer.waitForStatus((status) => status.virtualRouters[0]?.role === 'MASTER', SLACK_MS, 'master');
    writeFileSync(log, '');
    writeFileSync(lab.file('read'), '');
    counts.clear();

    // Of the higher priority: it takes over from the peer.
    let one = subject.start(150);
    await waitFor(() => existsSync(lab.file('fifo')), { timeoutMs: SLACK_MS, what: 'the FIFO' });
    let reader = fifoReader();
    await next('BACKUP', 150);
    await next('MASTER', 150);
    // A link that goes down, and comes back.
    await lab.cutCable('d1');
    await next('FAULT', 150);
    await lab.restoreCable('d1');
    await next('BACKUP', 150);
    await next('MASTER', 150);
    // A stop as MASTER.
    await one.stop();
    await next('STOP', 150);
    await reader.exited;

    // Of the lower priority: it takes over when the peer is gone, and hands back.
    one = subject.start(50);
    await waitFor(() => existsSync(lab.file('fifo')), { timeoutMs: SLACK_MS, what: 'the FIFO' });
    reader = fifoReader();
    await next('BACKUP', 50);
    await peer.stop();
    await next('MASTER', 50);
    peer.restart();
    await next('BACKUP', 50);
    // A stop as BACKUP.
    await one.stop();
    await next('STOP', 50);
    await reader.exited;
    await peer.stop();
    return { lines: linesOf(log), fifo: linesOf(lab.file('read')) };
  }

  it('keepalived through its life', async () => {
    const keepalived: Subject = { start: (priority) => Keepalived.start(lab, 'd1', keepalivedConfig(priority)) };
    told.set('keepalived', await live(keepalived));
  });

  it('lvsd through the same life', async () => {
    let running: Daemon | null = null;
    const lvsd: Subject = {
      start: (priority) => {
        running = Daemon.start(lab, 'd1', { config: lvsdConfig(priority) });
        return running;
      },
    };
    told.set('lvsd', await live(lvsd));
  });

  const both = (): { theirs: Told; ours: Told } => {
    const [theirs, ours] = [told.get('keepalived'), told.get('lvsd')];
    assert.ok(theirs !== undefined && ours !== undefined, 'one of them was not recorded');
    return { theirs, ours };
  };

  // keepalived starts its scripts all at once: what of different ones is first is chance.
  for (const who of ['all', 'state', 'group', 'group-state', 'plain']) {
    it(`the lines of the script "${who}" are the same, in the same order`, () => {
      const { theirs, ours } = both();
      const of = ({ lines }: Told): string[] => lines.filter((line) => line.split(' ')[0] === who);
      assert.ok(of(theirs).length >= 9, theirs.lines.join('\n'));
      assert.deepEqual(of(ours), of(theirs));
    });
  }

  it('lvsd runs the script of the state before the generic one, always', () => {
    const lines = both().ours.lines.filter((line) => /^(all|state) /.test(line));
    for (let i = 0; i < lines.length; i += 2) {
      const state = /^state (\w+)$/.exec(lines[i] ?? '')?.[1]?.toUpperCase();
      assert.match(lines[i + 1] ?? '', new RegExp(`^all INSTANCE web ${state} \\d+$`));
    }
  });

  for (const object of ['INSTANCE "web"', 'INSTANCE "other"', 'GROUP "pair"']) {
    it(`the lines of the FIFO for ${object} are the same, in the same order`, () => {
      const { theirs, ours } = both();
      // keepalived also writes when a MASTER hears somebody of lower priority, which takes a race to happen here.
      const of = ({ fifo }: Told): string[] =>
        fifo.filter((line) => line.startsWith(object) && !line.includes('MASTER_RX_LOWER_PRI'));
      assert.ok(of(theirs).length >= 9, theirs.fifo.join('\n'));
      assert.deepEqual(of(ours), of(theirs));
    });
  }

  function peerConfig(): string {
    const router = (name: string, vrid: number, vip: string): string =>
      `  - { name: ${name}, interface: eth0, virtual_router_id: ${vrid}, priority: ${PEER}, advertisement_interval: 200ms, virtual_addresses: [${vip}/32] }\n`;
    return `vrrp:\n${router('web', 51, VIP)}${router('other', 52, '10.0.0.101')}vrrp_groups: [{ name: pair, members: [web, other] }]\n`;
  }

  function lvsdConfig(priority: number): string {
    const state = (word: string): string => `${word}: [${recorder}, state, ${word}]`;
    const ofGroup = (word: string): string => `${word}: "${recorder} group-state ${word}"`;
    const words = ['master', 'backup', 'fault', 'stop'];
    return `
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    priority: ${priority}
    advertisement_interval: 200ms
    virtual_addresses: [${VIP}/32]
    notify: { script: "${recorder} all", ${words.map(state).join(', ')} }
  - name: other
    interface: eth0
    virtual_router_id: 52
    priority: ${priority}
    advertisement_interval: 200ms
    virtual_addresses: [10.0.0.101/32]
    notify: { script: "${recorder} plain 'two  words'" }
vrrp_groups:
  - { name: pair, members: [web, other], notify: { script: "${recorder} group", ${words.map(ofGroup).join(', ')} } }
notifications: { fifo: ${lab.file('fifo')} }
`;
  }

  function keepalivedConfig(priority: number): string {
    const words = ['master', 'backup', 'fault', 'stop'];
    const instance = (name: string, vrid: number, vip: string, notify: string): string => `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int 0.2
  virtual_ipaddress {
    ${vip}/32
  }
  ${notify}
}`;
    const state = (word: string): string => `notify_${word} "${recorder} state ${word}"`;
    const ofGroup = (word: string): string => `notify_${word} "${recorder} group-state ${word}"`;
    return `
global_defs {
  vrrp_version 3
  script_user root
  vrrp_notify_fifo ${lab.file('fifo')}
}
vrrp_sync_group pair {
  group {
    web
    other
  }
  notify "${recorder} group"
  ${words.map(ofGroup).join('\n  ')}
}
${instance('web', 51, VIP, [`notify "${recorder} all"`, ...words.map(state)].join('\n  '))}
${instance('other', 52, '10.0.0.101', `notify "${recorder} plain 'two  words'"`)}
`;
  }
});
