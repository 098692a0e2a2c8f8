/**
 * Checks that send datagrams, on a network with a router: what the network says of hosts that it cannot reach is heard, and
 * packets leave as the check says. The prober is 10.9.0.1, the router 10.9.0.254; 10.64/16 is the router itself.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { ProbeResult } from '../../../src/health/types.ts';
import { sleep } from '../../support/wait.ts';
import { run } from '../support/exec.ts';
import { Namespace } from '../support/namespace.ts';
import type { ProbeReport } from '../support/probe-program.ts';

const PROGRAM = fileURLToPath(new URL('../support/probe-program.js', import.meta.url));
const MARK = 7;
/** A router that finds no route says so once a second to each host, after a few at once (net.ipv4.route.error_cost). */
const PATIENT = 'timeout: 6s, tries: 5';

const prober = new Namespace('prober');
const router = new Namespace('router');

async function build(): Promise<void> {
  for (const { name } of [prober, router]) await run('ip', ['netns', 'add', name]);
  const cable = (name: string) => `link add ${name} netns prober type veth peer name ${name} netns router\n`;
  await run('ip', ['-batch', '-'], { input: cable('eth0') + cable('eth1') });
  const up = ['link set lo up', 'link set eth0 up', 'link set eth1 up'];
  await prober.ip([
    ...up,
    'addr add 10.9.0.1/24 dev eth0',
    'addr add 10.9.0.2/24 dev eth0',
    'addr add 10.10.0.1/24 dev eth1',
    'addr add fd00:9::1/64 dev eth0 nodad',
    'route add default via 10.9.0.254',
    'route add default via fd00:9::fe',
    // What is marked finds no way.
    'route add unreachable 0.0.0.0/0 table 100',
    'route add unreachable ::/0 table 100',
    `rule add fwmark ${MARK} table 100`,
  ]);
  await prober.sh(`ip -6 rule add fwmark ${MARK} table 100`);
  await router.ip([
    ...up,
    'addr add 10.9.0.254/24 dev eth0',
    'addr add 10.10.0.254/24 dev eth1',
    'addr add fd00:9::fe/64 dev eth0 nodad',
    'route add local 10.64.0.0/16 dev lo',
    'route add unreachable 10.65.0.0/16',
    'route add prohibit 10.66.0.0/16',
    'route add blackhole 10.67.0.0/16',
    'route add local fd00:64::/64 dev lo',
    'route add unreachable fd00:65::/64',
  ]);
  // Else it says so once a second only.
  await router.sysctl({
    'net.ipv4.ip_forward': 1,
    // It does not answer on one interface for the addresses of another.
    'net.ipv4.conf.all.arp_ignore': 1,
    'net.ipv6.conf.all.forwarding': 1,
    'net.ipv4.icmp_ratelimit': 0,
    'net.ipv6.icmp.ratelimit': 0,
  });
}

async function probe(checks: readonly string[], times = 1, pauseMs = 0): Promise<ProbeReport> {
  const args = ['--enable-source-maps', PROGRAM, String(times), String(pauseMs)];
  const { stdout } = await prober.exec(process.execPath, args, { timeoutMs: 60_000, input: JSON.stringify(checks) });
  const report: ProbeReport = JSON.parse(stdout);
  return report;
}

async function first(check: string): Promise<ProbeResult> {
  const [results] = (await probe([check])).results;
  return results?.[0] ?? assert.fail('no result');
}

function word(result: ProbeResult): string {
  return result.ok ? 'ok' : result.reason;
}

describe('checks that send datagrams', function () {
  this.timeout(120_000);
  before(build);
  after(async () => {
    for (const { name } of [prober, router]) await run('ip', ['netns', 'del', name]);
  });

  for (const [socket, groups] of [
    ['a raw socket', '1 0'],
    ['a ping socket', '0 0'],
  ] as const) {
    describe(`icmp with ${socket}`, () => {
      before(() => prober.sh(`echo "${groups}" > /proc/sys/net/ipv4/ping_group_range`));

      it('tells the reachable from the unreachable, and why', async () => {
        const wanted: readonly [string, RegExp][] = [
          ['10.64.1.1', / ok$/],
          ['10.65.1.1', / unreachable: host unreachable$/],
          ['10.66.1.1', / unreachable: administratively prohibited$/],
          ['10.67.1.1', / timeout: no echo reply within 6000 ms$/],
          ['"fd00:64::1"', / ok$/],
          ['"fd00:65::1"', / unreachable: no route to the host$/],
        ];
        const { results } = await probe(wanted.map(([address]) => `{ type: icmp, address: ${address}, ${PATIENT} }`));
        for (const [i, [address, pattern]] of wanted.entries()) {
          const result = results[i]?.[0] ?? assert.fail(address);
          const told = result.ok ? 'ok' : `${result.reason}: ${result.detail}`;
          assert.match(`${address} ${told}`, pattern);
          if (word(result) === 'unreachable') assert.ok(result.latencyMs < 5500, `${address}: ${result.latencyMs} ms`);
        }
      });

      it('hears that nobody answers ARP or neighbour solicitations', async () => {
        const hosts = ['10.9.0.77', '"fd00:9::77"'];
        const { results } = await probe(hosts.map((address) => `{ type: icmp, address: ${address}, timeout: 8s }`));
        for (const [result] of results)
          assert.equal(result === undefined ? '' : word(result), 'unreachable', JSON.stringify(result));
      });

      it('does not mix up hosts of which some are unreachable', async () => {
        const hosts = Array.from({ length: 40 }, (_, n) => `10.${n % 10 === 3 ? 65 : 64}.2.${n}`);
        const { results } = await probe(hosts.map((address) => `{ type: icmp, address: ${address}, ${PATIENT} }`));
        const unreachable = results.flatMap(([result], n) => (result?.ok === false ? [`${n} ${result.reason}`] : []));
        assert.deepEqual(unreachable, ['3 unreachable', '13 unreachable', '23 unreachable', '33 unreachable']);
      });

      it('asks the others while 400 hosts answer no neighbour solicitations: a cut cable', async () => {
        const hosts = [...Array.from({ length: 400 }, (_, n) => `fd00:9::1:${n.toString(16)}`), 'fd00:9::fe'];
        const { results } = await probe(
          hosts.map((address) => `{ type: icmp, address: "${address}", timeout: 1s }`),
          2,
        );
        const told = results.flat();
        assert.deepEqual(told.slice(-2).map(word), ['ok', 'ok'], JSON.stringify(told.slice(-2)));
        assert.equal(told.filter((result) => word(result) === 'local').length, 0);
      });

      it('asks 10 000 hosts on one socket', async () => {
        const hosts = Array.from({ length: 10_000 }, (_, n) => `10.64.${100 + (n >> 8)}.${n & 255}`);
        const { results, wallMs, cpuMs } = await probe(
          hosts.map((address) => `{ type: icmp, address: ${address}, timeout: 10s }`),
          3,
        );
        assert.equal(results.flat().filter(({ ok }) => ok).length, 30_000);
        console.log(`      20 000 probes in ${Math.round(wallMs)} ms, ${(cpuMs / 20).toFixed(1)} ms of CPU per 1 000`);
      });
    });
  }

  for (const [kind, keys] of [
    ['icmp', 'type: icmp'],
    ['udp', 'type: udp, require_reply: true'],
    ['dns', 'type: dns'],
  ] as const) {
    it(`${kind} leaves by its mark, from its source address, by its interface`, async () => {
      // Nothing listens there: "refused" says that the packet came to the router and its answer back.
      const arrived = kind === 'icmp' ? 'ok' : 'refused';
      const to = 'address: 10.64.0.1, timeout: 1s';
      const six = 'address: "fd00:64::1", timeout: 1s';
      const wanted: readonly [string, string][] = [
        [to, arrived],
        [`${to}, mark: ${MARK}`, 'unreachable'],
        [`${to}, mark: 8`, arrived],
        [`${to}, source_address: 10.9.0.2`, arrived],
        [`${to}, interface: eth0`, arrived],
        // Nobody has the address on that side.
        [`${to}, interface: eth1`, 'timeout'],
        ['address: 10.10.0.254, timeout: 1s, interface: eth1', arrived],
        [`${to}, source_address: 10.9.0.3`, 'local'],
        [six, arrived],
        [`${six}, mark: ${MARK}`, 'unreachable'],
        [`${six}, source_address: "fd00:9::1", interface: eth0`, arrived],
      ];
      const { results } = await probe(wanted.map(([way]) => `{ ${keys}, ${way} }`));
      const told = results.map(([result]) => (result === undefined ? '' : word(result)));
      assert.deepEqual(
        told.map((one, i) => `${wanted[i]?.[0]}: ${one}`),
        wanted.map((row) => row.join(': ')),
        JSON.stringify(results),
      );
    });
  }

  it('a udp check whose interface is taken away says nothing about the server', async () => {
    await prober.ip([
      'link add spare type veth peer name spare-end',
      'link set spare-end up',
      'link set spare up',
      'addr add 10.77.0.1/24 dev spare',
    ]);
    // Silence is health there, so its socket is kept for the second probe.
    const probing = probe(['{ type: udp, address: 10.77.0.9, interface: spare, timeout: 300ms }'], 2, 3000);
    await sleep(2000);
    await prober.ip(['link del spare']);
    assert.deepEqual((await probing).results[0]?.map(word), ['ok', 'local']);
  });

  it('a udp check does not take its own datagram for a reply', async () => {
    // The only port that the kernel can give its socket is the one that it probes.
    await prober.sh('echo "7777 7777" > /proc/sys/net/ipv4/ip_local_port_range');
    const result = await first('{ type: udp, require_reply: true, timeout: 1s }');
    await prober.sh('echo "32768 60999" > /proc/sys/net/ipv4/ip_local_port_range');
    assert.equal(word(result), 'refused', JSON.stringify(result));
  });

  describe('a udp check that takes silence for health', () => {
    it('is told that a host is unreachable, by a router', async () => {
      assert.equal(word(await first(`{ type: udp, address: 10.65.1.1, ${PATIENT} }`)), 'unreachable');
      assert.equal(word(await first('{ type: udp, address: "fd00:65::1", timeout: 1s }')), 'unreachable');
    });

    it('fails, soon after, of a host that answers no ARP, and does not believe the silence then', async () => {
      const { results } = await probe(['{ type: udp, address: 10.9.0.78, timeout: 1s }'], 6);
      const told = results[0]?.map(word) ?? [];
      // The kernel asks three times, a second apart. Until then the silence is believed, after that no more.
      const at = told.indexOf('unreachable');
      assert.ok(at >= 1 && at <= 4, told.join(' '));
      assert.ok(
        told.slice(at).every((one) => one === 'unreachable' || one === 'local'),
        told.join(' '),
      );
    });

    it('fails each time of such a host when it is asked more seldom than the kernel gives up', async () => {
      const { results } = await probe(['{ type: udp, address: 10.9.0.80, timeout: 500ms }'], 4, 4000);
      assert.deepEqual(results[0]?.map(word), ['ok', 'unreachable', 'unreachable', 'unreachable']);
    });

    it('does not spin on errors that it has heard', async () => {
      const { cpuMs } = await probe(['{ type: udp, address: 10.9.0.79, timeout: 1s }'], 8);
      assert.ok(cpuMs < 500, `${cpuMs} ms of CPU in 7 s`);
    });
  });
});
