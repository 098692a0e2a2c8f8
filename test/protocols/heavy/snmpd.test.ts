/** The snmp preset against Net-SNMP's agent. */
import { assertFails, assertPasses, checkFromText, probeOnce } from '../../support/check-from-text.ts';
import {
  fileIn,
  freeUdpPort,
  programFolder,
  type RealProgram,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

const COMMUNITY = 'lvsd-test';

describe('snmp checks of snmpd', function () {
  this.timeout(30_000);
  let port = 0;
  let snmpd: RealProgram;
  const check = (community: string) =>
    `{ type: udp, preset: snmp, preset_values: { community: ${community} }, timeout: 500ms, tries: 2 }`;

  before(async function () {
    const command = requireProgram(this, 'snmpd', 'snmpd');
    const folder = programFolder();
    port = await freeUdpPort();
    const config = fileIn(folder, 'snmpd.conf', `rocommunity ${COMMUNITY} 127.0.0.1\n`);
    const args = ['-f', '-Lo', '-C', '-c', config, '-p', `${folder}/pid`];
    const answers = async () => (await probeOnce(checkFromText(check(COMMUNITY), port))).ok;
    snmpd = await startProgram(command, [...args, `udp:127.0.0.1:${port}`], {
      ready: answers,
      env: { SNMP_PERSISTENT_DIR: folder, MIBS: '' },
    });
  });
  after(() => stopPrograms());

  it('passes with its community', () => assertPasses(check(COMMUNITY), port));

  it('fails with another one: the agent does not answer', () =>
    assertFails(check('other'), port, 'timeout', /no reply within 500 ms/));

  it('fails with timeout while it hangs, with refused when it is gone', async () => {
    await snmpd.pause();
    await assertFails(check(COMMUNITY), port, 'timeout', /no reply/);
    process.kill(snmpd.pid, 'SIGCONT');
    await snmpd.stop('SIGKILL');
    await assertFails(check(COMMUNITY), port, 'refused', /ECONNREFUSED/);
  });
});
