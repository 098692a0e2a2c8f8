/** Notify programs that hang, a reader that does not read, and two active routers: what is told, and what must not suffer. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isEventsAnswer } from '../../../src/status/render-events.ts';
import { request } from '../../../src/sys/control-client.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { INTERVAL_MS, longestGap, SLACK_MS, Wire, waitForRole, watchFor } from './referee.ts';

/** `lvsd run` gives up after 2.9 s; starting and ending processes takes a moment. */
const STOP_MOST_MS = 3500;

describe('notify programs in trouble', function () {
  this.timeout(60_000);
  let lab: Lab;
  let wire: Wire;
  let d1: Daemon;
  let d2: Daemon;

  const router = (name: string, vrid: number, priority: number, notify: string, more = ''): string => `
  - name: ${name}
    interface: eth0
    virtual_router_id: ${vrid}
    priority: ${priority}
    advertisement_interval: ${INTERVAL_MS}ms
    virtual_addresses: [10.0.0.${49 + vrid}/32]
    notify: ${notify}
    ${more}`;
  const record = (what: string): string => `[sh, -c, 'echo "$0 $*" >> ${lab.file('log')}', ${what}]`;
  const linesOf = (name: string): string[] =>
    existsSync(lab.file(name)) ? readFileSync(lab.file(name), 'utf8').split('\n').slice(0, -1) : [];
  const waitForLine = (line: string): Promise<true> =>
    waitFor(() => linesOf('log').includes(line), { timeoutMs: SLACK_MS, what: `${line} in ${linesOf('log').join()}` });

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    wire = await Wire.start(lab);
    const hanging = router('hanging', 51, 150, '{ master: sleep 60, stop: sleep 60, timeout: 1h }');
    const lively = router(
      'lively',
      52,
      150,
      `{ script: ${record('lively')}, conflict: ${record('conflict')} }`,
      'track: [{ interface: eth1, weight: 1 }]',
    );
    // A FIFO that nobody reads.
    const config = `vrrp:${hanging}${lively}\nnotifications: { fifo: ${lab.file('fifo')} }\n`;
    d1 = Daemon.start(lab, 'd1', { config });
    await waitForRole(d1, 'MASTER', 'hanging');
    await waitForRole(d1, 'MASTER', 'lively');
  });
  after(() => lab?.destroy());

  it('one that hangs delays no advertisement and no program of another router', async () => {
    await waitForLine('lively INSTANCE lively MASTER 151');
    const since = Date.now();
    await watchFor(20);
    for (const vrid of [51, 52]) {
      const adverts = wire.adverts(since).filter((advert) => advert.vrid === vrid);
      assert.ok(adverts.length >= 18, `${adverts.length} advertisements of ${vrid}`);
      assert.ok(longestGap(adverts) < 2 * INTERVAL_MS, `${longestGap(adverts)} ms between two of ${vrid}`);
    }
  });

  it('two active routers that meet again: the winner is told, and that it is over', async () => {
    const other = router('lively', 52, 100, `{ script: ${record('loser')} }`);
    d2 = Daemon.start(lab, 'd2', { config: `vrrp:${other}\n` });
    await waitForRole(d2, 'BACKUP', 'lively');
    await lab.isolate('d2');
    await waitForRole(d2, 'MASTER', 'lively');
    await lab.restoreCable('d2');
    await waitFor(() => linesOf('log').some((line) => line.startsWith('conflict INSTANCE lively HEALED')), {
      timeoutMs: SLACK_MS,
      what: 'HEALED',
    });
    const conflicts = linesOf('log').filter((line) => line.startsWith('conflict '));
    assert.match(conflicts[0] ?? '', /^conflict INSTANCE lively TWO-ACTIVES .*10\.0\.0\.12/);
    assert.match(conflicts.at(-1) ?? '', /^conflict INSTANCE lively HEALED/);
    const losers = linesOf('log').filter((line) => line.startsWith('loser '));
    assert.deepEqual(
      losers,
      ['BACKUP', 'MASTER', 'BACKUP'].map((state) => `loser INSTANCE lively ${state} 100`),
    );
  });

  it('all of it is among the events, in order', async () => {
    const answer = await request(d1.socket, 'GET', '/v1/events', 5000);
    assert.ok(answer.ok && isEventsAnswer(answer.value.body));
    const { events, lost } = answer.value.body;
    assert.equal(lost, 0);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, i) => i + 1),
    );
    const told = events.filter(({ object }) => object === 'lively').map(({ kind, to }) => `${kind} ${to}`);
    assert.deepEqual(told.slice(0, 3), ['router BACKUP', 'router MASTER', 'conflict TWO-ACTIVES']);
    assert.equal(told.at(-1), 'conflict HEALED');
    const { stdout } = await d1.lvsd(['events']);
    assert.match(stdout, /#1 daemon lvsd: started/);
    assert.match(stdout, /router lively: BACKUP -> MASTER \(active-down\)/);
  });

  it('a tracked interface and a repair are events too', async () => {
    await lab.node('d1').ip(['link set eth1 down', 'addr del 10.0.0.101/32 dev eth0']);
    await lab.node('d1').ip(['link set eth1 up']);
    await waitFor(
      async () => {
        const { stdout } = await d1.lvsd(['events']);
        const all = [/track interface eth1: UP -> DOWN/, /track interface eth1: DOWN -> UP/, /repair lively: put back/];
        return all.every((pattern) => pattern.test(stdout));
      },
      { timeoutMs: SLACK_MS, what: 'the events' },
    );
  });

  it('a reload runs nothing for what stays', async () => {
    const before = linesOf('log');
    await d1.reload();
    await watchFor(3);
    assert.deepEqual(linesOf('log'), before);
  });

  it('a router that leaves the configuration is told STOP', async () => {
    d2.writeConfig('vrrp: []\n');
    await d2.reload();
    await waitForLine('loser INSTANCE lively STOP 100');
  });

  it('lvsd stops in time, says which program it killed, and the others are told STOP', async () => {
    writeFileSync(lab.file('log'), '');
    const startedAt = performance.now();
    await d1.stop();
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < STOP_MOST_MS, `${tookMs} ms`);
    assert.deepEqual(linesOf('log'), ['lively INSTANCE lively STOP 151']);
    assert.ok(d1.lines.some(({ text }) => text.includes('hanging: its STOP script did not end in time')));
    assert.ok(d1.lines.some(({ text }) => text.includes('Stopped')));
    const { stdout } = await lab.node('d1').exec('pgrep', ['-f', '^sleep 60$'], { check: false });
    assert.equal(lab.node('d1').pids().length, 0, stdout);
  });
});
