/**
 * Our view of the kernel's IPVS table against a real kernel, with ipvsadm as the referee: what we wrote is what it lists,
 * what it wrote is what we read.
 */
import assert from 'node:assert/strict';
import { serviceKey } from '../../../src/ipvs/key.ts';
import { plan } from '../../../src/ipvs/plan.ts';
import type { Service, ServiceId } from '../../../src/ipvs/types.ts';
import {
  delDest,
  destination,
  fwmark,
  newDest,
  newService,
  real,
  sctp,
  serviceOf,
  setDest,
  setService,
  tcp,
  udp,
} from '../../unit/ipvs/builders.ts';
import { run } from '../support/exec.ts';
import { listed, useIpvs } from './referee.ts';

const NAT = { forwardMethod: 0 };
const TUNNEL = { forwardMethod: 2 };
const PERSISTENT = 0x1;
const ONE_PACKET = 0x4;
const SH_FALLBACK_AND_PORT = 0x18;
const WEB = tcp('192.0.2.1', 80);
const A = real('10.0.0.1', 80);

/** One service of every kind, and what `ipvsadm -Ln` makes of it. */
const EVERYTHING: readonly Service[] = [
  serviceOf(WEB, [
    destination(real('10.0.0.1', 8080), { ...NAT, weight: 5 }),
    destination(real('10.0.0.2', 80), { weight: 0, upperThreshold: 100, lowerThreshold: 50 }),
    destination(real('10.0.0.3', 80), { ...TUNNEL, weight: 70000 }),
    destination(real('10.0.0.4', 80), { ...TUNNEL, tunnelType: 1, tunnelPort: 6080, tunnelFlags: 1 }),
    destination(real('10.0.0.5', 80), { ...TUNNEL, tunnelType: 2 }),
    destination(real('2001:db8::5', 80), TUNNEL),
    destination(real('127.0.0.1', 80)),
  ]),
  serviceOf(tcp('192.0.2.2', 443), [], { scheduler: 'rr', flags: PERSISTENT, timeoutS: 300, prefixLength: 24 }),
  serviceOf(udp('192.0.2.3', 53), [], { scheduler: 'rr', flags: ONE_PACKET }),
  serviceOf(tcp('192.0.2.4', 80), [], { scheduler: 'sh', flags: SH_FALLBACK_AND_PORT }),
  serviceOf(sctp('192.0.2.5', 3868), [], { scheduler: 'fo' }),
  serviceOf(
    tcp('2001:db8::1', 80),
    [destination(real('2001:db8::11', 8080), NAT), destination(real('2001:db8::12', 80))],
    {
      flags: PERSISTENT,
      timeoutS: 60,
      prefixLength: 64,
    },
  ),
  serviceOf(fwmark(7), [destination(real('10.0.0.1', 0))], { scheduler: 'wrr' }),
  serviceOf(fwmark(7, 6), [destination(real('2001:db8::11', 0))], { scheduler: 'mh', flags: 0x10 }),
];

const LISTED = [
  'FWM 7 IPv6 mh (mh-port)',
  '  [2001:db8::11]:0 Route 1 0 0',
  'FWM 7 wrr',
  '  10.0.0.1:0 Route 1 0 0',
  'SCTP 192.0.2.5:3868 fo',
  'TCP 192.0.2.1:80 wlc',
  '  10.0.0.1:8080 Masq 5 0 0',
  '  10.0.0.2:80 Route 0 0 0',
  '  10.0.0.3:80 Tunnel 70000 0 0',
  '  10.0.0.4:80 Tunnel 1 0 0',
  '  10.0.0.5:80 Tunnel 1 0 0',
  '  127.0.0.1:80 Route 1 0 0',
  '  [2001:db8::5]:80 Tunnel 1 0 0',
  'TCP 192.0.2.2:443 rr persistent 300 mask 255.255.255.0',
  'TCP 192.0.2.4:80 sh (sh-fallback,sh-port)',
  'TCP [2001:db8::1]:80 wlc persistent 60 mask 64',
  '  [2001:db8::11]:8080 Masq 1 0 0',
  '  [2001:db8::12]:80 Route 1 0 0',
  'UDP 192.0.2.3:53 rr ops',
];

describe('the IPVS table of a real kernel', function () {
  this.timeout(60_000);
  const { ipvs, applied } = useIpvs();

  /** Makes the table the desired one, as the daemon does. Returns how many commands that took. */
  async function reconcile(desired: readonly Service[], owned: (id: ServiceId) => boolean): Promise<number> {
    const commands = plan(desired, await ipvs().dump(), owned);
    await applied(...commands);
    return commands.length;
  }
  const nothingElse = (): boolean => false;

  describe('services and destinations', () => {
    it('of every kind are listed by ipvsadm as we wrote them', async () => {
      await reconcile(EVERYTHING, nothingElse);
      assert.deepEqual(await listed('-Ln'), LISTED);
    });

    it('keep their thresholds', async () => {
      await reconcile(EVERYTHING, nothingElse);
      const rows = await listed('-Ln', '--thresholds');
      assert.ok(rows.includes('  10.0.0.2:80 100 50 0 0'), rows.join('\n'));
      assert.ok(rows.includes('  10.0.0.1:8080 0 0 0 0'), rows.join('\n'));
    });

    it('keep their tunnels', async () => {
      await reconcile(EVERYTHING, nothingElse);
      const rows = await listed('-Ln', '--tun-info');
      for (const row of [
        '  10.0.0.1:8080 Masq n/a 5 0 0',
        '  10.0.0.3:80 Tunnel ipip 70000 0 0',
        '  10.0.0.4:80 Tunnel gue:6080:+c 1 0 0',
        '  10.0.0.5:80 Tunnel gre:-c 1 0 0',
      ]) {
        assert.ok(rows.includes(row), `${row} in\n${rows.join('\n')}`);
      }
    });

    it('are changed and deleted', async () => {
      const tunnel = { ...TUNNEL, tunnelType: 1, tunnelPort: 6080, tunnelFlags: 2, weight: 3 };
      await applied(newService(WEB, {}), newDest(WEB, A, tunnel), newDest(WEB, real('10.0.0.2', 80), {}));
      await applied(
        setService(WEB, { scheduler: 'sh', flags: PERSISTENT | SH_FALLBACK_AND_PORT, timeoutS: 90 }),
        setDest(WEB, A, { ...tunnel, weight: 0 }),
        delDest(WEB, real('10.0.0.2', 80)),
      );
      assert.deepEqual(await listed('-Ln', '--tun-info'), [
        'TCP 192.0.2.1:80 sh (sh-fallback,sh-port) persistent 90',
        '  10.0.0.1:80 Tunnel gue:6080:r+c 0 0 0',
      ]);
      await applied(setService(WEB, { scheduler: 'rr' }), setDest(WEB, A, {}));
      assert.deepEqual(await listed('-Ln'), ['TCP 192.0.2.1:80 rr', '  10.0.0.1:80 Route 1 0 0']);
      await applied({ command: 'del-service', service: WEB });
      assert.deepEqual(await listed('-Ln'), []);
    });

    it('written by ipvsadm are read as it wrote them', async () => {
      await run('ipvsadm', ['-R'], {
        input: `-A -t 192.0.2.1:80 -s sh -b sh-port -p 77 -M 255.255.0.0
-a -t 192.0.2.1:80 -r 10.0.0.4:80 -i -w 9 -x 20 -y 10 --tun-type gue --tun-port 6080 --tun-remcsum
-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip
-A -f 9 -6 -s lc -p 5 -M 64
`,
      });
      const table = await ipvs().dump();
      const seen = table.map(({ id, settings, destinations }) => ({
        id,
        settings,
        destinations: destinations.map(plain),
      }));
      assert.deepEqual(
        new Map(seen.map((service) => [serviceKey(service.id), service])),
        new Map([
          [
            'tcp 192.0.2.1:80',
            serviceOf(
              WEB,
              [
                destination(real('10.0.0.4', 80), {
                  ...TUNNEL,
                  weight: 9,
                  upperThreshold: 20,
                  lowerThreshold: 10,
                  tunnelType: 1,
                  tunnelPort: 6080,
                  tunnelFlags: 2,
                }),
              ],
              { scheduler: 'sh', flags: 0x11, timeoutS: 77, prefixLength: 16 },
            ),
          ],
          [
            'udp 192.0.2.1:5060',
            serviceOf(udp('192.0.2.1', 5060), [], {
              scheduler: 'rr',
              flags: PERSISTENT,
              timeoutS: 60,
              persistenceEngine: 'sip',
            }),
          ],
          [
            'fwmark 9 ipv6',
            serviceOf(fwmark(9, 6), [], { scheduler: 'lc', flags: PERSISTENT, timeoutS: 5, prefixLength: 64 }),
          ],
        ]),
      );
    });
  });

  describe('reconciliation', () => {
    it('has nothing left to do once it is done', async () => {
      assert.ok((await reconcile(EVERYTHING, nothingElse)) > 0);
      assert.deepEqual(
        plan(EVERYTHING, await ipvs().dump(), () => true),
        [],
      );
    });

    it('repairs what a stranger changed in our services, and leaves his own alone', async () => {
      await reconcile(EVERYTHING, nothingElse);
      await run('ipvsadm', ['-R'], {
        input: `-E -t 192.0.2.1:80 -s rr -p
-e -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 99
-d -t 192.0.2.1:80 -r 10.0.0.3:80
-a -t 192.0.2.1:80 -r 10.0.0.99:80 -g
-D -f 7
-A -t 198.51.100.1:80 -s rr
-a -t 198.51.100.1:80 -r 10.0.0.98:80 -g
`,
      });
      assert.equal(await reconcile(EVERYTHING, nothingElse), 6);
      const strangers = ['TCP 198.51.100.1:80 rr', '  10.0.0.98:80 Route 1 0 0'];
      const rows = await listed('-Ln');
      assert.deepEqual(
        rows.filter((row) => !strangers.includes(row)),
        LISTED,
      );
      assert.deepEqual(
        rows.filter((row) => strangers.includes(row)),
        strangers,
      );
    });

    it('deletes what is ours and no longer wanted, only that', async () => {
      await applied(newService(WEB, {}), newDest(WEB, A, {}));
      await run('ipvsadm', ['-A', '-f', '9', '-s', 'rr']);
      assert.equal(await reconcile([], (id) => serviceKey(id) === serviceKey(WEB)), 1);
      assert.deepEqual(await listed('-Ln'), ['FWM 9 rr']);
    });

    it('dumps only the services asked for', async () => {
      await reconcile(EVERYTHING, nothingElse);
      const table = await ipvs().dump((id) => id.kind === 'fwmark');
      assert.deepEqual(table.map(({ id }) => serviceKey(id)).sort(), ['fwmark 7', 'fwmark 7 ipv6']);
    });

    it('manages 1000 services of 10 destinations without holding up the event loop', async () => {
      const desired = Array.from({ length: 1000 }, (_, i) =>
        serviceOf(
          tcp(`10.9.${i >> 8}.${i & 255}`, 80),
          Array.from({ length: 10 }, (__, j) => destination(real(`10.8.${i & 255}.${j + 1}`, 80))),
        ),
      );
      let turns = 0;
      const counting = setInterval(() => {
        turns += 1;
      }, 1);
      assert.equal(await reconcile(desired, nothingElse), 11_000);
      assert.deepEqual(
        plan(desired, await ipvs().dump(), () => true),
        [],
      );
      clearInterval(counting);
      assert.ok(turns >= 30, `the event loop had ${turns} turns`);
      const rows = await listed('-Ln');
      assert.equal(rows.filter((row) => row.startsWith('TCP')).length, 1000);
      assert.equal(rows.filter((row) => row.startsWith('  ')).length, 10_000);
      await applied({ command: 'flush' });
      assert.deepEqual(await ipvs().dump(), []);
    });
  });
});

/** Identity and settings, without what only the kernel knows. */
function plain({ id, settings }: ReturnType<typeof destination>): ReturnType<typeof destination> {
  return { id, settings };
}
