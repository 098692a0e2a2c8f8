/** Unicast peers over IP, beside keepalived's unicast_peer: IPv4 and IPv6, both versions; and what strangers may not do. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { Daemon } from '../support/daemon.ts';
import { authenticationText, Keepalived, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { Pcap } from '../support/pcap.ts';
import type { Strange } from '../support/stranger.ts';
import {
  complaintsOf,
  configText,
  INTERVAL_MS,
  killDirector,
  killKeepalived,
  routerOf,
  Wire,
  waitForHolder,
  waitForRole,
} from './referee.ts';

const STRANGER = path.resolve(import.meta.dirname, '../support/stranger.js');
const TAKE_OVER_MS = 20_000;

interface Case {
  readonly title: string;
  readonly version: 2 | 3;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  readonly vip: string;
  /** The directors' own addresses: d1's and d2's. */
  readonly own: readonly [d1: string, d2: string];
  readonly more: string;
}

const CASES: readonly Case[] = [
  {
    title: 'version 3, IPv4',
    version: 3,
    intervalMs: 200,
    addresses: ['10.0.0.100/32'],
    vip: '10.0.0.100',
    own: ['10.0.0.11', '10.0.0.12'],
    more: '',
  },
  {
    title: 'version 3, IPv4, source address and checksum told',
    version: 3,
    intervalMs: 200,
    addresses: ['10.0.0.100/32', '10.0.0.101/32'],
    vip: '10.0.0.101',
    own: ['10.0.0.11', '10.0.0.12'],
    more: ', source_address: 10.0.0.11, checksum: pseudo',
  },
  {
    title: 'version 2, IPv4',
    version: 2,
    intervalMs: 1000,
    addresses: ['10.0.0.100/32'],
    vip: '10.0.0.100',
    own: ['10.0.0.11', '10.0.0.12'],
    more: ', version: 2, password: s3cret',
  },
  {
    title: 'version 3, IPv6 with global addresses',
    version: 3,
    intervalMs: 200,
    addresses: ['fe80::5:51/64', 'fd00::100/128'],
    vip: 'fd00::100',
    own: ['fd00::11', 'fd00::12'],
    // keepalived 2.2.7 leaves the hop limit of IPv6 unicast at the kernel's 64.
    more: ', ttl: { least: 64 }',
  },
];

function keepalivedConfig({ version, intervalMs, addresses, own }: Case, priority: number): string {
  const [peer, source] = own;
  const unicast = `unicast_src_ip ${source}\n  unicast_peer {\n    ${peer}\n  }\n  check_unicast_src`;
  const more = version === 2 ? `${authenticationText('s3cret')}\n  ${unicast}` : unicast;
  return keepalivedText({ version, priority, intervalMs, addresses, more });
}

for (const given of CASES) {
  const { title, intervalMs, addresses, vip, own, more } = given;
  describe(`unicast beside keepalived: ${title}`, function () {
    this.timeout(90_000);
    let lab: Lab;
    let wire: Wire;
    let pcap: Pcap;
    let lvsd: Daemon;
    let keepalived: Keepalived;
    const text = configText({ priority: 150, intervalMs, addresses, more: `peers: ["${own[1]}"]${more}` });

    before(async () => {
      lab = await Lab.create({ realServers: 0, family: 'both' });
      wire = await Wire.start(lab, 'ip proto 112 or ip6 proto 112', 'd2');
      pcap = await Pcap.start(lab, { node: 'd2', anyTtlFrom: more.includes('ttl') ? [own[1]] : [] });
      lvsd = Daemon.start(lab, 'd1', { config: text });
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(given, 100));
    });
    after(() => lab?.destroy());

    it('the higher priority is MASTER, and keepalived obeys it', async () => {
      await waitForHolder(lab, 'd1', 'd2', vip, TAKE_OVER_MS);
      const advert = await wire.waitForAdvert(
        ({ priority }) => priority === 150,
        Date.now(),
        'an advertisement of lvsd',
      );
      assert.equal(advert.source, own[0]);
      assert.match(wire.packets().find((packet) => packet.at === advert.at)?.text ?? '', new RegExp(`> ${own[1]}: `));
    });

    it('keepalived takes over from a dead lvsd, and lvsd takes back', async () => {
      await killDirector(lvsd);
      await keepalived.waitForLine(/Entering MASTER STATE/, TAKE_OVER_MS);
      lvsd.restart();
      await waitForHolder(lab, 'd1', 'd2', vip, TAKE_OVER_MS);
      await waitForRole(lvsd, 'MASTER');
    });

    it('lvsd obeys keepalived with a higher priority, and takes over when it dies', async () => {
      await keepalived.stop();
      keepalived = Keepalived.start(lab, 'd2', keepalivedConfig(given, 200));
      await waitForRole(lvsd, 'BACKUP');
      await waitForHolder(lab, 'd2', 'd1', vip, TAKE_OVER_MS);
      const { peer, adverts } = await routerOf(lvsd);
      assert.equal(peer?.address, own[1]);
      assert.deepEqual(adverts.refused, {});
      await killKeepalived(lab, 'd2', keepalived);
      await waitForRole(lvsd, 'MASTER');
    });

    it('keepalived found nothing to complain about', () => {
      assert.deepEqual(
        complaintsOf(keepalived).filter((text) => /advert|vrrp|checksum|unicast/i.test(text)),
        [],
      );
    });

    it('tshark has nothing against any packet', () => pcap.assertGood(...own));
  });
}

describe('unicast: strangers', function () {
  this.timeout(90_000);
  let lab: Lab;
  let d1: Daemon;
  let d2: Daemon;
  const FORGED: Strange = {
    source: '10.0.0.51',
    peer: '10.0.0.12',
    ttl: 255,
    vrid: 51,
    priority: 254,
    intervalMs: 40_000,
    addresses: ['10.0.0.100'],
    count: 50,
  };

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    // One socket serves both: the second virtual router uses multicast.
    const config = (priority: number, peer: string) =>
      configText(
        { priority, more: `peers: [${peer}]` },
        { name: 'group', vrid: 52, priority, addresses: ['10.0.0.102/24'] },
      );
    d1 = Daemon.start(lab, 'd1', { config: config(150, '10.0.0.12') });
    d2 = Daemon.start(lab, 'd2', { config: config(100, '10.0.0.11') });
    for (const vip of ['10.0.0.100', '10.0.0.102']) await waitForHolder(lab, 'd1', 'd2', vip);
    await waitForRole(d2, 'BACKUP');
    await waitForRole(d2, 'BACKUP', 'group');
    // The stranger has the address of a peer too.
    await lab.node('c1').ip(['addr add 10.0.0.11/32 dev lo']);
  });
  after(() => lab?.destroy());

  const rows: readonly [name: string, given: Partial<Strange>, router: string, refusal: string][] = [
    ['from an address that is no peer', {}, 'web', 'unknown-peer'],
    ["from behind a router, with a peer's address", { source: '10.0.0.11', ttl: 254 }, '', 'ip-ttl-errors'],
    ['by multicast to a router with peers', { peer: null }, 'web', 'unexpected-multicast'],
    ['by unicast to a router of the group', { vrid: 52, addresses: ['10.0.0.102'] }, 'group', 'unexpected-unicast'],
  ];
  for (const [name, given, router, refusal] of rows) {
    it(`are refused and counted: ${name}`, async () => {
      const names = ['web', 'group'];
      const before = await Promise.all(names.map((one) => routerOf(d2, one)));
      const message: Strange = { ...FORGED, ...given };
      await lab.node('c1').exec(process.execPath, ['--enable-source-maps', STRANGER, JSON.stringify(message)]);
      const { virtualRouters, vrrpRefused } = await d2.status();
      const counted =
        virtualRouters.find((found) => found.name === router)?.adverts.refused ?? vrrpRefused['eth0 ipv4'];
      assert.equal((counted as Record<string, number> | undefined)?.[refusal], FORGED.count);
      for (const [i, one] of names.entries()) {
        const now = virtualRouters.find((found) => found.name === one);
        assert.deepEqual(
          [now?.role, now?.sinceMs, now?.peer?.address, now?.peer?.priority],
          ['BACKUP', before[i]?.sinceMs, '10.0.0.11', 150],
        );
      }
    });
  }

  it('move no timer: the backup still takes over in time', async () => {
    const since = Date.now();
    const stranger = lab.node('c1').exec(process.execPath, [STRANGER, JSON.stringify({ ...FORGED, count: 200 })]);
    await killDirector(d1);
    await waitForRole(d2, 'MASTER');
    await waitForRole(d2, 'MASTER', 'group');
    assert.ok((await routerOf(d2)).sinceMs - since < 10 * INTERVAL_MS);
    await stranger;
    assert.equal((await routerOf(d2)).role, 'MASTER');
  });
});
