/** What neighbours are told: how often, on which interfaces, in which pace, and no more once another one has the address. */
import assert from 'node:assert/strict';
import { Capture, type Packet } from '../support/capture.ts';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { configText, SLACK_MS, Wire, waitForHolder, waitForRole, watchFor } from './referee.ts';

const VIP = '10.0.0.100';
const MAC = { eth0: '02:00:00:00:01:0b', eth1: '02:00:00:00:02:0b' } as const;

/** Gratuitous ARP of the address from the MAC address, with `tcpdump -e`. */
function told(packets: readonly Packet[], address: string, mac: string): readonly Packet[] {
  const who = `(who-has ${address} \\(ff:ff:ff:ff:ff:ff\\) tell ${address}|${address} is-at ${mac}|Reply ${address} is-at)`;
  return packets.filter(({ text }) => text.startsWith(mac) && new RegExp(who).test(text));
}

describe('announcements', function () {
  this.timeout(60_000);
  let lab: Lab;

  beforeEach(async () => {
    lab = await Lab.create({ realServers: 0 });
  });
  afterEach(() => lab?.destroy());

  const listen = (node: string, dev: string) => Capture.start(lab, node, { dev, filter: 'arp', args: ['-e'] });

  it('as requests and replies, on a further interface too, and again and again', async () => {
    const [front, back] = await Promise.all([listen('c1', 'eth0'), listen('d2', 'eth1')]);
    const more =
      'announcements: { count: 3, repeat_delay: 1s, refresh: 700ms, refresh_count: 2, arp: both, interfaces: [eth1] }';
    Daemon.start(lab, 'd1', { config: configText({ priority: 150, more }) });
    for (const [capture, mac] of [
      [front, MAC.eth0],
      [back, MAC.eth1],
    ] as const) {
      // 3 rounds, 2 after 700 ms, 3 after 1 s, 2 after 1400 ms; two frames each.
      const enough = await waitFor(
        () => {
          const seen = told(capture.packets, VIP, mac);
          return seen.length >= 20 ? seen : undefined;
        },
        { timeoutMs: SLACK_MS, what: `20 announcements of ${mac}` },
      );
      const [first] = enough;
      assert.ok(first !== undefined);
      const at = (i: number) => Math.round(((enough[i]?.at ?? 0) - first.at) / 100) / 10;
      assert.deepEqual(
        [0, 5].map((i) => at(i) < 0.5),
        [true, true],
        'the first burst is back to back',
      );
      for (const [i, seconds] of [
        [6, 0.7],
        [10, 1],
        [16, 1.4],
      ] as const)
        assert.ok(at(i) >= seconds - 0.1, `frame ${i} after ${at(i)} s`);
      const replies = enough.slice(0, 6).filter(({ text }) => text.includes('Reply')).length;
      assert.equal(replies, 3);
    }
  });

  it('with spacing: every address once before any twice, with a pause between each two', async () => {
    const capture = await listen('c1', 'eth0');
    const more = 'announcements: { count: 2, repeat_delay: 0s, spacing: 20ms }';
    const config = configText(
      { priority: 150, more, addresses: ['10.0.0.100/24', '10.0.0.101/24'] },
      { name: 'other', vrid: 52, priority: 150, more, addresses: ['10.0.0.102/24'] },
    );
    Daemon.start(lab, 'd1', { config });
    const all = /who-has (10\.0\.0\.10[0-2]) \(ff:ff/;
    const seen = await waitFor(
      () => {
        const found = capture.packets.filter(({ text }) => all.test(text));
        return found.length >= 6 ? found : undefined;
      },
      { timeoutMs: SLACK_MS, what: 'six announcements' },
    );
    const order = seen.map(({ text }) => all.exec(text)?.[1]?.slice(-3));
    // Both take over at nearly the same time; which one first is not ours to say.
    assert.deepEqual(order.slice(0, 3).sort(), ['100', '101', '102']);
    assert.deepEqual(order.slice(3).sort(), ['100', '101', '102']);
    const pauses = seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? 0));
    assert.ok(
      pauses.every((pause) => pause >= 15),
      `pauses of ${pauses.map(Math.round).join(', ')} ms`,
    );
  });

  it('what still waits is taken back when another router takes over', async () => {
    const capture = await listen('c1', 'eth0');
    const addresses = Array.from({ length: 20 }, (_, i) => `10.0.0.${100 + i}/24`);
    // 100 s worth of frames.
    const more = 'announcements: { count: 100, spacing: 50ms }';
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 100, addresses, more }) });
    await waitForRole(d1, 'MASTER');
    await waitFor(() => told(capture.packets, VIP, MAC.eth0).length > 0, { timeoutMs: SLACK_MS, what: 'the first' });
    Daemon.start(lab, 'd2', { config: configText({ priority: 150, addresses }) });
    await waitForHolder(lab, 'd2', 'd1', VIP);
    await waitForRole(d1, 'BACKUP');
    const since = Date.now() + 100;
    await watchFor(10);
    const late = capture.packets.filter(({ at, text }) => at > since && text.startsWith(MAC.eth0));
    assert.deepEqual(
      late.filter(({ text }) => text.includes('ff:ff:ff:ff:ff:ff) tell')).map(({ text }) => text),
      [],
    );
  });

  it('the defaults: five rounds right behind the advertisement, five more after five seconds', async () => {
    const wire = await Wire.start(lab);
    const d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150 }) });
    await waitForRole(d1, 'MASTER');
    await waitFor(() => wire.announcements(VIP).length >= 10, { timeoutMs: SLACK_MS, what: 'the second burst' });
    const [advert] = wire.adverts();
    const seen = wire.announcements(VIP).map(({ at }) => at - (advert?.at ?? 0));
    assert.equal(seen.length, 10);
    assert.ok((seen[0] ?? 0) > 0 && (seen[4] ?? 0) < 200, `first burst at ${seen.slice(0, 5).join(', ')} ms`);
    assert.ok((seen[5] ?? 0) >= 4900, `second burst at ${seen[5]} ms`);
  });
});
