/**
 * `make demo`: a pair of directors in a lab, a real server that fails, a director that loses its power, and what a client
 * saw of it. With --interactive: the lab stays up and a shell opens in it.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from '../../src/status/types.ts';
import { type ClientReport, summarise } from './support/client-report.ts';
import { Daemon, LVSD } from './support/daemon.ts';
import { Lab } from './support/lab.ts';
import { RealServer } from './support/real-server.ts';
import { Traffic } from './support/traffic.ts';

const ROOT = path.resolve(path.dirname(LVSD), '../..');
const WAIT_MS = 30_000;
const HTTP = { protocol: 'http', host: '10.0.0.100', port: 80, everyMs: 50, deadlineMs: 1000 } as const;

const DRAWING = `
        client c1 10.0.0.51
             |
   ----------+---------------------  10.0.0.0/24
    |        |         |        |
   d1 .11   d2 .12   r1 .21   r2 .22
   directors         web servers (direct routing: they answer the client themselves)
   virtual address 10.0.0.100: held by the director that is MASTER
`;

let step = 0;

function heading(text: string): void {
  step += 1;
  console.log(`\n== ${step}. ${text}`);
}

/** The documentation's addresses, replaced by the lab's. */
function configFor(node: 'd1' | 'd2'): string {
  const example = readFileSync(path.join(ROOT, `etc/examples/pair-lb${node.slice(1)}.yaml`), 'utf8');
  const labAddress = { '100': '100', '11': '21', '12': '22', '90': '90' } as const;
  return example.replace(/192\.0\.2\.(100|11|12|90)\b/g, (all, host: string) => {
    const found = Object.entries(labAddress).find(([key]) => key === host);
    return found === undefined ? all : `10.0.0.${found[1]}`;
  });
}

const roleOf = (status: Snapshot): string | undefined => status.virtualRouters[0]?.role;

function statesOf(status: Snapshot): string {
  const servers = status.virtualServers.flatMap((server) => server.realServers);
  return servers.map((server) => `${server.address} ${server.state}`).join(', ');
}

function upCount(status: Snapshot): number {
  return status.virtualServers.flatMap((server) => server.realServers).filter(({ state }) => state === 'UP').length;
}

async function showStatus(daemon: Daemon): Promise<void> {
  console.log(`\n$ lvsd status        (on ${daemon.node})`);
  console.log((await daemon.lvsd(['status'])).stdout.trimEnd());
}

function showReport(report: ClientReport): void {
  const { attempts, failures, outageMs, perServer, survivors, connections } = summarise(report);
  const answers = Object.entries(perServer).map(([server, count]) => `${server} ${count}`);
  const errors = [...new Set(report.attempts.flatMap(({ error }) => (error === null ? [] : [error])))];
  console.log(`   requests        ${attempts}, answered by: ${answers.sort().join(', ')}`);
  console.log(`   failed          ${failures}${errors.length > 0 ? ` (${errors.join(', ')})` : ''}`);
  console.log(`   longest outage  ${failures > 0 ? `${outageMs} ms without an answer` : 'none'}`);
  if (connections > 0) console.log(`   connections     ${survivors} of ${connections} long-lived ones survived`);
}

interface Stage {
  readonly lab: Lab;
  readonly r1: RealServer;
  readonly d1: Daemon;
  readonly d2: Daemon;
}

async function setUp(lab: Lab): Promise<Stage> {
  heading('A lab of five machines (network namespaces), two web servers and lvsd on two directors');
  console.log(DRAWING);
  const [r1] = await Promise.all([RealServer.start(lab, 'r1'), RealServer.start(lab, 'r2')]);
  const d1 = Daemon.start(lab, 'd1', { config: configFor('d1') });
  const d2 = Daemon.start(lab, 'd2', { config: configFor('d2') });
  await d1.waitForStatus((status) => roleOf(status) === 'MASTER', WAIT_MS, 'MASTER');
  await d1.waitForStatus((status) => upCount(status) === 2, WAIT_MS, 'two real servers UP');
  await d2.waitForStatus((status) => roleOf(status) === 'BACKUP' && upCount(status) === 2, WAIT_MS, 'BACKUP, all UP');
  await showStatus(d1);
  await showStatus(d2);
  return { lab, r1, d1, d2 };
}

async function normalTraffic({ lab }: Stage): Promise<void> {
  heading('The client asks for http://10.0.0.100/ twenty times a second');
  const traffic = await Traffic.start(lab, HTTP);
  await sleep(2000);
  showReport(await traffic.stop());
}

async function failRealServer({ lab, r1, d1 }: Stage): Promise<void> {
  heading('The web server on r1 is killed');
  const traffic = await Traffic.start(lab, HTTP);
  await sleep(1000);
  const startedAt = performance.now();
  await r1.child.kill();
  const status = await d1.waitForStatus((seen) => upCount(seen) === 1, WAIT_MS, 'r1 DOWN');
  console.log(`   d1 noticed after ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${statesOf(status)}`);
  await sleep(1500);
  showReport(await traffic.stop());
  await RealServer.start(lab, 'r1');
  await d1.waitForStatus((seen) => upCount(seen) === 2, WAIT_MS, 'r1 UP again');
  console.log('   r1 is started again and takes part again');
}

async function failDirector({ lab, d1, d2 }: Stage): Promise<void> {
  heading('The active director d1 loses its power; 20 long-lived connections are open');
  await d2.waitForStatus((status) => upCount(status) === 2, WAIT_MS, 'two real servers UP');
  const traffic = await Traffic.start(lab, { ...HTTP, connections: 20 });
  await sleep(4000); // the connections are known to d2 after a second or two
  const startedAt = performance.now();
  await Promise.all([lab.cutCable('d1'), lab.cutCable('d1', 'back')]);
  await d1.kill();
  await d2.waitForStatus((status) => roleOf(status) === 'MASTER', WAIT_MS, 'MASTER');
  console.log(`   d2 is MASTER ${((performance.now() - startedAt) / 1000).toFixed(1)} s later`);
  await sleep(4000);
  showReport(await traffic.stop());
  await showStatus(d2);
}

/** Short names for the shell: `d1 COMMAND` runs on d1, `lvsd d1 status` asks its daemon. */
function shellSetup({ lab, d1 }: Stage): string {
  const machines = lab.machines.map(({ name }) => `${name}() { ip netns exec ${name} "$@"; }`);
  return `${machines.join('\n')}
lvsd() { local node=$1 command=$2; shift 2; ip netns exec "$node" ${process.execPath} ${LVSD} "$command" --socket ${path.dirname(d1.socket)}/"$node".sock "$@"; }
PS1='lab# '
cat <<'HELP'

The lab is yours. Examples:
  lvsd d1 status                 what the director says
  d1 ipvsadm -Ln                 the kernel's table
  c1 curl -s http://10.0.0.100/  a request through the virtual address
  d2 tcpdump -nni eth0 proto 112 VRRP on the wire
  ip -n sw link set d1-eth0 down pull d1's cable (up: plug it in)
  tail -f ${lab.dir}/d1.log      log of d1; the configurations are there too
Leave with exit or Ctrl-D: the lab goes away.
HELP
`;
}

async function openShell(stage: Stage): Promise<void> {
  const rcFile = stage.lab.file('shellrc');
  writeFileSync(rcFile, shellSetup(stage));
  process.on('SIGINT', () => {}); // Ctrl-C belongs to what runs in the shell
  const shell = spawn('bash', ['--noprofile', '--rcfile', rcFile, '-i'], { stdio: 'inherit' });
  await new Promise((resolve) => shell.on('close', resolve));
}

async function main(interactive: boolean): Promise<void> {
  const lab = await Lab.create({ method: 'direct' });
  try {
    const stage = await setUp(lab);
    if (interactive) {
      await openShell(stage);
      return;
    }
    await normalTraffic(stage);
    await failRealServer(stage);
    await failDirector(stage);
    console.log('\nThat is all. `make demo ARGS=--interactive` leaves the lab up and opens a shell in it.');
  } finally {
    await lab.destroy();
  }
}

await main(process.argv.includes('--interactive'));
