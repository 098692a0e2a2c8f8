/** Presets of the udp check against freeradius, snmpd and chronyd. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { PRESETS } from '../../../src/config/checks/presets.ts';
import { resolveUdpCheck, udpCheck as udpSchema } from '../../../src/config/checks/udp.ts';
import { UdpTarget } from '../../../src/sys/probe-udp.ts';
import { udpCheck } from '../../support/probe-servers.ts';
import {
  fileIn,
  freeUdpPort,
  isRoot,
  programFolder,
  requireProgram,
  saying,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';
import { sleep } from '../../support/wait.ts';

/** Probes 127.0.0.1 once by preset. */
async function probe(port: number, preset: string, values?: object, timeoutMs = 2000) {
  const context = {
    presets: PRESETS,
    path: [],
    report: (path: readonly unknown[], message: string) => assert.fail(`${path.join('.')}: ${message}`),
  };
  const raw = udpSchema.parse({ type: 'udp', preset, ...(values === undefined ? {} : { preset_values: values }) });
  const target = new UdpTarget({ ...resolveUdpCheck(raw, udpCheck(port), context), timeoutMs });
  const result = await target.probe();
  target.close();
  return result;
}

async function passes(port: number, preset: string, values?: object): Promise<void> {
  const result = await probe(port, preset, values);
  assert.ok(result.ok, JSON.stringify(result));
}

async function fails(port: number, preset: string, values: object | undefined, reasons: RegExp): Promise<void> {
  const result = await probe(port, preset, values, 300);
  assert.ok(!result.ok, 'passed');
  assert.match(result.reason, reasons, result.detail);
}

describe('udp presets against real servers', () => {
  afterEach(stopPrograms);

  it('freeradius: status of authentication and accounting, signed with the secret', async function () {
    const command = requireProgram(this, 'freeradius', 'freeradius');
    const folder = programFolder();
    const [auth, accounting] = [await freeUdpPort(), await freeUdpPort()];
    mkdirSync(`${folder}/log`);
    fileIn(
      folder,
      'radiusd.conf',
      `prefix = /usr
logdir = ${folder}/log
raddbdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/pid
security {
  status_server = yes
  max_attributes = 200
}
client probes {
  ipaddr = 127.0.0.1
  secret = testing123
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${auth}
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = ${accounting}
  }
  authorize {
  }
  authenticate {
  }
  preacct {
  }
  accounting {
  }
}
`,
    );
    // It names its dictionaries by where its configuration is, unless told otherwise.
    const program = await startProgram(command, ['-f', '-X', '-d', folder, '-D', '/usr/share/freeradius'], {
      ready: saying('Ready to process requests'),
    });
    await passes(auth, 'radius', { secret: 'testing123' });
    await passes(accounting, 'radius-accounting', { secret: 'testing123' });
    await fails(auth, 'radius', { secret: 'wrong' }, /timeout/);
    await program.stop();
    await fails(auth, 'radius', { secret: 'testing123' }, /refused/);
  });

  it('snmpd', async function () {
    const command = requireProgram(this, 'snmpd', 'snmpd');
    const folder = programFolder();
    const port = await freeUdpPort();
    const config = fileIn(folder, 'snmpd.conf', 'rocommunity probes 127.0.0.1\n');
    const args = ['-f', '-Le', '-C', '-c', config, '-p', `${folder}/pid`, `udp:127.0.0.1:${port}`];
    const program = await startProgram(command, args, { ready: saying('NET-SNMP version') });
    await passes(port, 'snmp', { community: 'probes' });
    await fails(port, 'snmp', undefined, /timeout/);
    await program.stop();
    await fails(port, 'snmp', { community: 'probes' }, /refused/);
  });

  it('chronyd: synchronised, and not', async function () {
    const command = requireProgram(this, 'chronyd', 'chrony');
    if (!isRoot()) this.skip();
    for (const [local, good] of [
      ['local stratum 10\n', true],
      ['', false],
    ] as const) {
      const folder = programFolder();
      chmodSync(folder, 0o755);
      const port = await freeUdpPort();
      const config = fileIn(
        folder,
        'chrony.conf',
        `port ${port}\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile ${folder}/pid\nuser root\n${local}`,
      );
      // -x: it leaves the clock alone.
      const program = await startProgram(command, ['-d', '-x', '-f', config], { ready: saying(/starting|Disabled/) });
      if (good) await passes(port, 'ntp');
      else await fails(port, 'ntp', undefined, /answer/);
      await program.stop();
      await fails(port, 'ntp', undefined, /refused/);
    }
  });

  it('kamailio: sip, well and full', async function () {
    const command = requireProgram(this, 'kamailio', 'kamailio');
    for (const [status, good] of [
      ['200', true],
      ['404', true],
      ['503', false],
    ] as const) {
      const folder = programFolder();
      const port = await freeUdpPort();
      const config = fileIn(
        folder,
        'kamailio.cfg',
        `#!KAMAILIO
debug=2
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:127.0.0.1:${port}
loadmodule "sl.so"
request_route {
  sl_send_reply("${status}", "Said");
}
`,
      );
      const args = ['-DD', '-E', '-f', config, '-Y', folder, '-m', '16', '-M', '4'];
      const program = await startProgram(command, args, {
        ready: async () => (await probe(port, 'sip')).latencyMs < 100,
      });
      await sleep(500);
      if (good) await passes(port, 'sip');
      else await fails(port, 'sip', undefined, /answer/);
      await program.stop();
      await fails(port, 'sip', undefined, /refused/);
    }
  });

  it('coturn: stun', async function () {
    const command = requireProgram(this, 'turnserver', 'coturn');
    const folder = programFolder();
    const port = await freeUdpPort();
    const place = ['-n', '-L', '127.0.0.1', '-p', `${port}`, '--no-tcp', '--no-tls', '--no-dtls', '--no-cli', '-S'];
    const files = ['--log-file=stdout', `--pidfile=${folder}/pid`, `--userdb=${folder}/db`];
    const program = await startProgram(command, [...place, ...files], {
      cwd: folder,
      ready: async () => (await probe(port, 'stun', undefined, 200)).ok,
    });
    await passes(port, 'stun');
    await program.stop();
    await fails(port, 'stun', undefined, /refused/);
  });
});
