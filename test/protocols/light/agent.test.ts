/** The agent check beside HAProxy's agent-check: the same agents, asked by both, mean the same. */
import assert from 'node:assert/strict';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { AgentTarget } from '../../../src/sys/probe-agent.ts';
import { PLAIN_CHECK } from '../../support/plain-check.ts';
import {
  fileIn,
  freePort,
  listening,
  programFolder,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';
import { sleep } from '../../support/wait.ts';

/** A configured weight that percentages of are whole. */
const WEIGHT = 100;

/** What agents say, and what it means, in words of HAProxy's statistics: status and weight. */
const AGENTS: readonly (readonly [string, string])[] = [
  ['up\n', 'up 100'],
  ['ready up 100%\n', 'up 100'],
  ['50%\n', 'up 50'],
  ['UP,25% maxconn:10\n', 'up 25'],
  ['75% ready\tup\r\n', 'up 75'],
  ['drain\n', 'drain'],
  ['ready drain 40%\n', 'drain'],
  ['down\n', 'out'],
  ['down # database gone\n', 'out'],
  ['fail\n', 'out'],
  ['stopped #by hand\n', 'out'],
  ['maint\n', 'out'],
  ['up 100% nonsense\n', 'up 100'],
];

describe("the agent check beside HAProxy's", () => {
  const servers: Server[] = [];
  after(async () => {
    await stopPrograms();
    for (const server of servers) server.close();
  });

  it('takes what agents say for the same', async function () {
    this.timeout(20_000);
    const haproxy = requireProgram(this, 'haproxy', 'haproxy');
    const ports = await Promise.all(AGENTS.map(([answer]) => agent(answer, servers)));
    const folder = programFolder();
    const socket = join(folder, 'stats.sock');
    const frontend = await freePort();
    const lines = ports.map(
      (port, i) =>
        `  server s${i} 127.0.0.1:1 weight ${WEIGHT} agent-check agent-addr 127.0.0.1 agent-port ${port} agent-inter 100ms`,
    );
    const config = fileIn(
      folder,
      'haproxy.cfg',
      `global\n  stats socket ${socket}\ndefaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s
listen all\n  bind 127.0.0.1:${frontend}\n  balance roundrobin\n${lines.join('\n')}\n`,
    );
    await startProgram(haproxy, ['-db', '-f', config], { ready: listening(frontend) });

    const wanted = AGENTS.map(([, meaning]) => meaning);
    let theirs: readonly string[] = [];
    for (let tries = 0; tries < 60 && theirs.join() !== wanted.join(); tries++) {
      await sleep(100);
      theirs = await haproxysView(socket);
    }
    const ours = await Promise.all(ports.map(ourView));
    const table = (views: readonly string[]) => AGENTS.map(([answer], i) => `${JSON.stringify(answer)}: ${views[i]}`);
    assert.deepEqual(table(theirs), table(wanted), "HAProxy's view");
    assert.deepEqual(table(ours), table(wanted), 'our view');
  });
});

async function agent(answer: string, servers: Server[]): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(answer);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function ourView(port: number): Promise<string> {
  const place = { address: '127.0.0.1', port };
  const result = await new AgentTarget({ ...PLAIN_CHECK, ...place, type: 'agent', send: null }).probe();
  if (!result.ok) return result.reason === 'told' ? 'out' : `${result.reason}: ${result.detail}`;
  const { drain = false, weightPercent = 100 } = result.advice ?? {};
  return drain ? 'drain' : `up ${(WEIGHT * weightPercent) / 100}`;
}

/** Of each server, from the table of `show stat`. */
async function haproxysView(socket: string): Promise<readonly string[]> {
  const [head = '', ...rows] = (await ask(socket, 'show stat\n')).trim().split('\n');
  const columns = head.replace(/^# /, '').split(',');
  const at = (row: readonly string[], name: string): string => row[columns.indexOf(name)] ?? '';
  return rows
    .map((row) => row.split(','))
    .filter((row) => /^s\d+$/.test(at(row, 'svname')))
    .map((row) => {
      const status = at(row, 'status');
      if (/^DRAIN/.test(status)) return 'drain';
      return /^(UP|no check)/.test(status) ? `up ${at(row, 'weight')}` : 'out';
    });
}

function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.write(command));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
