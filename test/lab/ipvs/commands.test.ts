/** What the kernel refuses and what becomes of it, the sync daemons, and the timeouts, on a real kernel. */
import assert from 'node:assert/strict';
import { planDaemons } from '../../../src/ipvs/plan.ts';
import {
  daemonOf,
  delDest,
  fwmark,
  newDaemon,
  newDest,
  newService,
  real,
  setDest,
  setService,
  tcp,
} from '../../unit/ipvs/builders.ts';
import { run } from '../support/exec.ts';
import { listed, useIpvs } from './referee.ts';

const WEB = tcp('192.0.2.1', 80);
const A = real('10.0.0.1', 80);

describe('IPVS commands to a real kernel', function () {
  this.timeout(60_000);
  const { ipvs, applied } = useIpvs();

  describe('refusals', () => {
    it('of what exists, is missing or is gone already are made good', async () => {
      await applied(newService(WEB, { scheduler: 'rr' }), newDest(WEB, A, { weight: 1 }));
      await applied(newService(WEB, { scheduler: 'lc' }), newDest(WEB, A, { weight: 2 }));
      await applied(setDest(WEB, real('10.0.0.2', 80), {}), setService(fwmark(7), { scheduler: 'rr' }));
      await applied(
        delDest(WEB, real('10.0.0.9', 80)),
        delDest(tcp('192.0.2.9', 80), A),
        { command: 'del-service', service: tcp('192.0.2.9', 80) },
        { command: 'del-daemon', role: 'master' },
      );
      assert.deepEqual(await listed('-Ln'), [
        'FWM 7 rr',
        'TCP 192.0.2.1:80 lc',
        '  10.0.0.1:80 Route 2 0 0',
        '  10.0.0.2:80 Route 1 0 0',
      ]);
    });

    it('for good are told in full, and the rest of the batch is done', async () => {
      const MISSING = tcp('192.0.2.9', 80);
      const outcome = await ipvs().apply([
        newService(fwmark(1), { scheduler: 'nosuch' }),
        newService(WEB, {}),
        newDest(MISSING, A, {}),
        setDest(MISSING, A, {}),
        newDest(WEB, real('224.0.0.5', 80), {}),
        newDest(WEB, real('10.0.0.3', 80), { upperThreshold: 5, lowerThreshold: 10 }),
        newDest(WEB, A, {}),
        newDaemon({ interface: 'nosuch0' }),
        newDaemon({ group: '10.0.0.1' }),
        { command: 'set-timeouts', timeouts: { tcpS: 0x7fffffff, tcpFinS: null, udpS: null } },
        { command: 'zero', service: MISSING },
      ]);
      assert.ok(outcome.complete);
      assert.deepEqual(
        outcome.refused.map(({ text }) => text),
        [
          'Cannot add service fwmark 1: ENOENT (scheduler nosuch not found; try: modprobe ip_vs_nosuch)',
          'Cannot add destination 10.0.0.1:80 to tcp 192.0.2.9:80: ESRCH (no such service)',
          'Cannot change destination 10.0.0.1:80 of tcp 192.0.2.9:80: ESRCH (no such service)',
          'Cannot add destination 224.0.0.5:80 to tcp 192.0.2.1:80: EINVAL (the address must be a unicast address, a GUE ' +
            'tunnel needs a port, and another family than the service has takes the tunnel method and no running sync daemon)',
          'Cannot add destination 10.0.0.3:80 to tcp 192.0.2.1:80: ERANGE (the weight is negative or the lower threshold is ' +
            'above the upper one)',
          'Cannot start the master sync daemon on nosuch0: ENODEV (no interface nosuch0)',
          'Cannot start the master sync daemon on lo: EINVAL (the group must be multicast, and no destination may be of ' +
            'another family than its service)',
          'Cannot set the connection timeouts: EINVAL (a timeout is too long; 2678400 seconds are safe)',
          'Cannot zero the statistics of tcp 192.0.2.9:80: ESRCH (no such service)',
        ],
      );
      assert.deepEqual(await listed('-Ln'), ['TCP 192.0.2.1:80 wlc', '  10.0.0.1:80 Route 1 0 0']);
    });

    it('to those without CAP_NET_ADMIN say so at once', async () => {
      const program = `import(${JSON.stringify(new URL('../../../src/sys/ipvs.js', import.meta.url).href)})
        .then(({ Ipvs }) => Ipvs.open()).catch((error) => console.log(error.code, error.message))`;
      const { stdout } = await run('setpriv', ['--reuid=65534', '--clear-groups', process.execPath, '-e', program]);
      assert.equal(stdout, 'EPERM Cannot use IPVS: EPERM (needs root or CAP_NET_ADMIN)\n');
    });
  });

  describe('sync daemons', () => {
    const BACKUP = daemonOf({ role: 'backup', syncId: 9, maxLength: 1400, group: '224.0.0.90', port: 9000, ttl: 2 });

    it('run with the parameters given, and with the defaults of the kernel', async () => {
      assert.equal(ipvs().setDaemon(daemonOf({})), null);
      assert.equal(ipvs().setDaemon(BACKUP), null);
      assert.deepEqual(ipvs().daemons(), [
        daemonOf({ maxLength: 1472, group: '224.0.0.81', port: 8848, ttl: 1 }),
        BACKUP,
      ]);
      assert.deepEqual(await listed('-L', '--daemon'), [
        'master sync daemon (mcast=lo, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)',
        'backup sync daemon (mcast=lo, syncid=9, maxlen=1400, group=224.0.0.90, port=9000, ttl=2)',
      ]);
      assert.deepEqual(planDaemons([daemonOf({}), BACKUP], ipvs().daemons()), []);
    });

    it('are left alone when they run as wanted and restarted when not', () => {
      assert.equal(ipvs().setDaemon(daemonOf({ maxLength: 65535 })), null);
      assert.equal(ipvs().daemons()[0]?.maxLength, 65507);
      assert.deepEqual(planDaemons([daemonOf({ maxLength: 65535 })], ipvs().daemons()), []);
      assert.equal(ipvs().setDaemon(daemonOf({ syncId: 8 })), null);
      assert.deepEqual(
        ipvs()
          .daemons()
          .map(({ role, syncId }) => `${role} ${syncId}`),
        ['master 8'],
      );
    });

    it('stop, although the kernel may give no verdict right after a start', () => {
      for (let round = 0; round < 20; round++) {
        const role = round % 2 === 0 ? 'master' : 'backup';
        assert.equal(ipvs().setDaemon(daemonOf({ role })), null);
        assert.equal(ipvs().stopDaemon(role), null);
        assert.deepEqual(ipvs().daemons(), []);
      }
    });

    it('change role in one list of commands', async () => {
      await applied(newDaemon({ role: 'backup' }));
      await applied(...planDaemons([daemonOf({ role: 'master' })], ipvs().daemons()));
      assert.deepEqual(
        ipvs()
          .daemons()
          .map(({ role }) => role),
        ['master'],
      );
    });
  });

  it('timeouts and version', async () => {
    const before = ipvs().timeouts();
    await applied({ command: 'set-timeouts', timeouts: { tcpS: 120, tcpFinS: null, udpS: 0 } });
    assert.deepEqual(ipvs().timeouts(), { ...before, tcpS: 120 });
    const listing = (await run('ipvsadm', ['-L', '--timeout'])).stdout;
    assert.equal(listing, `Timeout (tcp tcpfin udp): 120 ${before.tcpFinS} ${before.udpS}\n`);
    await applied({ command: 'set-timeouts', timeouts: before });
    assert.deepEqual(ipvs().timeouts(), before);
    const { version, connectionTableSize } = ipvs().info();
    const [title] = (await run('ipvsadm', ['-Ln'])).stdout.split('\n');
    assert.equal(title, `IP Virtual Server version ${version} (size=${connectionTableSize})`);
  });
});
