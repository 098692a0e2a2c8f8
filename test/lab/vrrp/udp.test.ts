/** The same messages over UDP: multicast, and unicast between named peers. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Lab } from '../support/lab.ts';
import { configText, killDirector, SLACK_MS, Wire, waitForHolder, waitForRole } from './referee.ts';

interface Case {
  readonly title: string;
  readonly vip: string;
  readonly addresses: readonly string[];
  /** More keys of a director whose peer is the given one. */
  readonly more: (peer: string) => string;
  readonly peers: Readonly<Record<'d1' | 'd2', string>>;
  /** An advertisement of a director in tcpdump's words. */
  readonly advert: Readonly<Record<'d1' | 'd2', RegExp>>;
}

const CASES: readonly Case[] = [
  {
    title: 'IPv4 multicast',
    vip: '10.0.0.100',
    addresses: ['10.0.0.100/24'],
    more: () => 'transport: udp',
    peers: { d1: '', d2: '' },
    advert: {
      d1: /10\.0\.0\.11\.8112 > 224\.0\.0\.18\.8112: UDP/,
      d2: /10\.0\.0\.12\.8112 > 224\.0\.0\.18\.8112: UDP/,
    },
  },
  {
    title: 'IPv4 unicast',
    vip: '10.0.0.100',
    addresses: ['10.0.0.100/24'],
    more: (peer) => `transport: udp, peers: [${peer}]`,
    peers: { d1: '10.0.0.12', d2: '10.0.0.11' },
    advert: { d1: /10\.0\.0\.11\.8112 > 10\.0\.0\.12\.8112: UDP/, d2: /10\.0\.0\.12\.8112 > 10\.0\.0\.11\.8112: UDP/ },
  },
  {
    title: 'IPv6 multicast',
    vip: 'fd00::100',
    addresses: ['fe80::5:51/64', 'fd00::100/64'],
    more: () => 'transport: udp',
    peers: { d1: '', d2: '' },
    advert: {
      d1: /fe80::ff:fe00:10b\.8112 > ff02::12\.8112: UDP/,
      d2: /fe80::ff:fe00:10c\.8112 > ff02::12\.8112: UDP/,
    },
  },
  {
    title: 'IPv6 unicast',
    vip: 'fd00::100',
    addresses: ['fe80::5:51/64', 'fd00::100/64'],
    more: (peer) => `transport: udp, udp_port: 9112, peers: ["${peer}"], ttl: { send: 64, least: 64 }`,
    peers: { d1: 'fd00::12', d2: 'fd00::11' },
    advert: { d1: /fd00::11\.9112 > fd00::12\.9112: UDP/, d2: /fd00::12\.9112 > fd00::11\.9112: UDP/ },
  },
];

for (const { title, vip, addresses, more, peers, advert } of CASES) {
  describe(`VRRP over UDP, ${title}`, function () {
    this.timeout(60_000);
    let lab: Lab;
    let wire: Wire;
    let d1: Daemon;
    let d2: Daemon;

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      // On d2: unicast does not pass the client.
      wire = await Wire.start(lab, 'udp port 8112 or udp port 9112', 'd2');
      d1 = Daemon.start(lab, 'd1', { config: configText({ priority: 150, addresses, more: more(peers.d1) }) });
      d2 = Daemon.start(lab, 'd2', { config: configText({ priority: 100, addresses, more: more(peers.d2) }) });
    });
    after(() => lab?.destroy());

    const heard = (pattern: RegExp, since: number) =>
      waitFor(() => wire.packets(since).some(({ text }) => pattern.test(text)), {
        timeoutMs: SLACK_MS,
        what: `${pattern}, got ${wire.packets(since).at(-1)?.text}`,
      });

    it('the higher priority becomes MASTER and advertises', async () => {
      await waitForHolder(lab, 'd1', 'd2', vip);
      await waitForRole(d1, 'MASTER');
      await waitForRole(d2, 'BACKUP');
      await heard(advert.d1, Date.now());
    });

    it('after kill -9 the backup takes over, and gives way again', async () => {
      const since = Date.now();
      await killDirector(d1);
      await waitForRole(d2, 'MASTER');
      await heard(advert.d2, since);
      d1.restart();
      await waitForHolder(lab, 'd1', 'd2', vip);
      await waitForRole(d2, 'BACKUP');
    });

    it('a stop hands over at once', async () => {
      d1.signal('SIGTERM');
      assert.equal((await d1.child.exited).code, 0);
      await waitForHolder(lab, 'd2', 'd1', vip);
    });
  });
}
