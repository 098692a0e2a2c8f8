/** The ntp preset against chrony: synchronised (to its own clock), not synchronised, hanging, gone. */
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

describe('ntp checks of chrony', function () {
  this.timeout(30_000);
  let command = '';
  before(function () {
    command = requireProgram(this, 'chronyd', 'chrony');
  });
  afterEach(() => stopPrograms());

  /** It touches no clock (-x) and nothing outside its folder. */
  function chrony(port: number, more: string): Promise<RealProgram> {
    const folder = programFolder();
    const config = `port ${port}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile ${folder}/pid\nallow\n${more}\n`;
    const args = ['-d', '-x', '-u', 'root', '-f', fileIn(folder, 'chrony.conf', config)];
    const anything = checkFromText('{ type: udp, preset: ntp, timeout: 100ms }', port);
    const answers = async (): Promise<boolean> => {
      const result = await probeOnce(anything);
      return result.ok || result.reason === 'answer';
    };
    return startProgram(command, args, { ready: answers });
  }

  it('passes while it runs, and fails with timeout while it hangs, with refused when it is gone', async () => {
    const port = await freeUdpPort();
    const program = await chrony(port, 'local stratum 10');
    const check = '{ type: udp, preset: ntp, timeout: 500ms, tries: 2 }';
    await assertPasses(check, port);
    await program.pause();
    await assertFails(check, port, 'timeout', /no reply within 500 ms/);
    process.kill(program.pid, 'SIGCONT');
    await program.stop('SIGKILL');
    await assertFails(check, port, 'refused', /ECONNREFUSED/);
  });

  it('fails while it has no time to give', async () => {
    const port = await freeUdpPort();
    await chrony(port, '');
    await assertFails('{ type: udp, preset: ntp, timeout: 500ms }', port, 'answer', /does not match/);
  });
});
