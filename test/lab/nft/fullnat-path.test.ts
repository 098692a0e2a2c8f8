/**
 * The data path of full NAT on a real kernel: IPVS set by ipvsadm, the rules by `src/nft`, and the server says which source
 * address arrives. r1 and r2 are behind the director; without full NAT they answer clients through it, or not at all.
 */
import assert from 'node:assert/strict';
import { changeScript, type NatMember, natTable, replaceScript } from '../../../src/nft/ruleset.ts';
import { fwmark, real, tcp, udp } from '../../unit/ipvs/builders.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import type { Namespace } from '../support/namespace.ts';
import { askPeer, PeerConnection, startPeerServer } from '../support/peer.ts';

const MASQUERADE = 'masquerade';
const FLOATING = ['10.1.0.200'];
const FLOATING6 = ['fd01::200'];
const SPREAD = ['10.1.0.200', '10.1.0.201'];

/** By port: 80 masquerade, 81 floating, 82 spread, 83 plain NAT, 84 a stranger's. */
const MEMBERS: readonly NatMember[] = [
  ...[tcp, udp].flatMap((on): NatMember[] => [
    { service: on('10.0.0.100', 80), destination: real('10.1.0.21', 7000), source: MASQUERADE },
    { service: on('fd00::100', 80), destination: real('fd01::21', 7000), source: MASQUERADE },
    { service: on('10.0.0.100', 81), destination: real('10.1.0.21', 7000), source: FLOATING },
    { service: on('fd00::100', 81), destination: real('fd01::21', 7000), source: FLOATING6 },
  ]),
  { service: tcp('10.0.0.100', 82), destination: real('10.1.0.21', 7000), source: SPREAD },
  { service: tcp('10.0.0.100', 83), destination: real('10.1.0.21', 7000), source: 'keep' },
  // A stranger's rule takes its connections before IPVS sees them.
  { service: tcp('10.0.0.100', 84), destination: real('10.1.0.21', 7001), source: FLOATING },
  { service: fwmark(7), destination: real('10.1.0.21', 0), source: FLOATING },
  { service: fwmark(7, 6), destination: real('fd01::21', 0), source: FLOATING6 },
  { service: tcp('10.0.0.101', 0), destination: real('10.1.0.21', 0), source: FLOATING },
  { service: tcp('10.0.0.101', 7001), destination: real('10.1.0.21', 7001), source: 'keep' },
];

const TABLE = `
-A -t 10.0.0.100:80 -s rr
-a -t 10.0.0.100:80 -r 10.1.0.21:7000 -m
-A -u 10.0.0.100:80 -s rr
-a -u 10.0.0.100:80 -r 10.1.0.21:7000 -m
-A -t [fd00::100]:80 -s rr
-a -t [fd00::100]:80 -r [fd01::21]:7000 -m
-A -u [fd00::100]:80 -s rr
-a -u [fd00::100]:80 -r [fd01::21]:7000 -m
-A -t 10.0.0.100:81 -s rr
-a -t 10.0.0.100:81 -r 10.1.0.21:7000 -m
-A -u 10.0.0.100:81 -s rr
-a -u 10.0.0.100:81 -r 10.1.0.21:7000 -m
-A -t [fd00::100]:81 -s rr
-a -t [fd00::100]:81 -r [fd01::21]:7000 -m
-A -u [fd00::100]:81 -s rr
-a -u [fd00::100]:81 -r [fd01::21]:7000 -m
-A -t 10.0.0.100:82 -s rr
-a -t 10.0.0.100:82 -r 10.1.0.21:7000 -m
-A -t 10.0.0.100:83 -s rr
-a -t 10.0.0.100:83 -r 10.1.0.21:7000 -m
-A -f 7 -s rr
-a -f 7 -r 10.1.0.21:0 -m
-A -f 7 -6 -s rr
-a -f 7 -6 -r [fd01::21]:0 -m
-A -t 10.0.0.101:0 -s rr -p 60
-a -t 10.0.0.101:0 -r 10.1.0.21:0 -m
-A -t 10.0.0.101:7001 -s rr
-a -t 10.0.0.101:7001 -r 10.1.0.21:7001 -m
`;

/** Marks everything to port 7000, real servers included, and hands what is marked for 192.0.2.0/24 to IPVS. */
const FOREIGN = `
table inet marks {
  chain prerouting {
    type filter hook prerouting priority mangle;
    th dport 7000 meta l4proto { tcp, udp } meta mark set 7
  }
}
table ip stranger {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr 10.0.0.100 tcp dport 84 dnat to 10.1.0.21:7001
  }
}
`;

describe('full NAT, data path', function () {
  this.timeout(120_000);
  let lab: Lab;
  let director: Namespace;

  before(async () => {
    requireIpvs();
    lab = await Lab.create({ directors: 1, realServers: 2, method: 'nat', family: 'both' });
    director = lab.node('d1');
    const front = ['10.0.0.100/32', '10.0.0.101/32', 'fd00::100/128'];
    const back = ['10.1.0.1/24', '10.1.0.200/32', '10.1.0.201/32', 'fd01::1/64'];
    await director.ip([
      ...front.map((address) => `addr add ${address} dev eth0 ${address.includes(':') ? 'nodad' : ''}`),
      ...back.map((address) => `addr add ${address} dev eth1 ${address.includes(':') ? 'nodad' : ''}`),
      // Not chosen as a source by itself: IPv6 knows no primary address.
      'addr add fd01::200/128 dev eth1 nodad preferred_lft 0',
      'rule add fwmark 7 to 192.0.2.0/24 table 7',
      'route add local 0.0.0.0/0 dev lo table 7',
    ]);
    await director.sh('ip -6 rule add fwmark 7 to 2001:db8::/64 table 7; ip -6 route add local ::/0 dev lo table 7');
    await lab
      .node('c1')
      .ip([
        'route add 10.1.0.0/24 via 10.0.0.11',
        'route add 192.0.2.0/24 via 10.0.0.11',
        'route add fd01::/64 via fd00::11',
        'route add 2001:db8::/64 via fd00::11',
      ]);
    await director.sysctl({ 'net.ipv4.vs.conntrack': 1 });
    await director.exec('ipvsadm', ['-R'], { input: TABLE.trimStart() });
    await director.exec('nft', ['-f', '-'], { input: FOREIGN });
    await director.exec('nft', ['-f', '-'], { input: replaceScript(natTable(MEMBERS)) });
    await Promise.all([startPeerServer(lab, 'r1', [7000, 7001]), startPeerServer(lab, 'r2', [7000])]);
  });
  after(() => lab?.destroy());

  const rows: readonly (readonly [what: string, from: string, host: string, port: number, seen: RegExp])[] = [
    ['masquerades IPv4, another port', 'c1', '10.0.0.100', 80, /^r1 10\.1\.0\.11?$/],
    ['masquerades IPv6, another port', 'c1', 'fd00::100', 80, /^r1 fd01::1?1$/],
    ['rewrites IPv4 to a floating address', 'c1', '10.0.0.100', 81, /^r1 10\.1\.0\.200$/],
    ['rewrites IPv6 to a floating address', 'c1', 'fd00::100', 81, /^r1 fd01::200$/],
    ['serves an IPv4 client on the director', 'd1', '10.0.0.100', 80, /^r1 10\.1\.0\.11?$/],
    ['serves an IPv6 client on the director', 'd1', 'fd00::100', 80, /^r1 fd01::1?1$/],
    ['serves an IPv4 client on the director, floating address', 'd1', '10.0.0.100', 81, /^r1 10\.1\.0\.200$/],
    ['serves an IPv4 client in the subnet of the real server', 'r2', '10.0.0.100', 80, /^r1 10\.1\.0\.11?$/],
    ['serves an IPv6 client in the subnet of the real server', 'r2', 'fd00::100', 80, /^r1 fd01::1?1$/],
    ['leaves IPv4 traffic alone that is only routed', 'c1', '10.1.0.22', 7000, /^r2 10\.0\.0\.51$/],
    ['leaves IPv6 traffic alone that is only routed', 'c1', 'fd01::22', 7000, /^r2 fd00::51$/],
    ['leaves marked IPv4 traffic to a member alone that is only routed', 'c1', '10.1.0.21', 7000, /^r1 10\.0\.0\.51$/],
    ['leaves marked IPv6 traffic to a member alone that is only routed', 'c1', 'fd01::21', 7000, /^r1 fd00::51$/],
    ['serves an IPv4 service by firewall mark', 'c1', '192.0.2.9', 7000, /^r1 10\.1\.0\.200$/],
    ['serves an IPv6 service by firewall mark', 'c1', '2001:db8::9', 7000, /^r1 fd01::200$/],
  ];
  for (const [what, node, host, port, seen] of rows) {
    for (const protocol of ['tcp', 'udp'] as const) {
      it(`${what} (${protocol})`, async () => {
        assert.match(await askPeer(lab, node, { protocol, host, port }), seen);
      });
    }
  }

  it('keeps the source of a plain NAT service that shares the real server', async () => {
    assert.equal(await askPeer(lab, 'c1', { host: '10.0.0.100', port: 83 }), 'r1 10.0.0.51');
  });

  it('plain NAT fails for a client in the subnet of the real server', async () => {
    assert.equal(await askPeer(lab, 'r2', { host: '10.0.0.100', port: 83 }), 'no answer');
  });

  it("leaves a stranger's destination NAT to the same real server alone", async () => {
    assert.equal(await askPeer(lab, 'c1', { host: '10.0.0.100', port: 84 }), 'r1 10.0.0.51');
  });

  it('serves all ports of an address, except one that is plain NAT', async () => {
    assert.equal(await askPeer(lab, 'c1', { host: '10.0.0.101', port: 7000 }), 'r1 10.1.0.200');
    assert.equal(await askPeer(lab, 'c1', { host: '10.0.0.101', port: 7001 }), 'r1 10.0.0.51');
  });

  it('spreads connections over several source addresses', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 30 && seen.size < SPREAD.length; i++) {
      seen.add(await askPeer(lab, 'c1', { host: '10.0.0.100', port: 82 }));
    }
    assert.deepEqual([...seen].sort(), ['r1 10.1.0.200', 'r1 10.1.0.201']);
  });

  it('no update breaks a connection: elements, chains, the whole table', async () => {
    const masqueraded = await PeerConnection.open(lab, 'c1', { host: '10.0.0.100', port: 80 });
    const floating = await PeerConnection.open(lab, 'c1', { host: 'fd00::100', port: 81 });
    const moved = MEMBERS.map((member) =>
      member.source === MASQUERADE && member.service.family === 4 ? { ...member, source: FLOATING } : member,
    ).filter(({ service }) => service.kind === 'fwmark' || service.port !== 82);
    const scripts = [
      changeScript(natTable(MEMBERS), natTable(moved)) ?? '',
      replaceScript(natTable(moved)),
      replaceScript(natTable(MEMBERS)),
    ];
    for (const input of scripts) {
      await director.exec('nft', ['-f', '-'], { input });
      assert.match(await masqueraded.ask(), /^r1 10\.1\.0\.11?$/);
      assert.equal(await floating.ask(), 'r1 fd01::200');
      const expected = input === scripts.at(-1) ? /^r1 10\.1\.0\.11?$/ : /^r1 10\.1\.0\.200$/;
      assert.match(await askPeer(lab, 'c1', { host: '10.0.0.100', port: 80 }), expected);
    }
    await Promise.all([masqueraded.close(), floating.close()]);
  });

  it('strangers keep their tables', async () => {
    const { stdout } = await director.exec('nft', ['list', 'tables']);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['table inet lvsd', 'table inet marks', 'table ip stranger']);
  });
});
