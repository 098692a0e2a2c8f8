/** The radius presets against FreeRADIUS: Status-Server on the authentication and the accounting port. */
import { assertFails, assertPasses } from '../../support/check-from-text.ts';
import {
  fileIn,
  freeUdpPort,
  programFolder,
  type RealProgram,
  requireProgram,
  saying,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

const SECRET = 'a secret of 24 characters';

describe('radius checks of FreeRADIUS', function () {
  this.timeout(30_000);
  let auth = 0;
  let accounting = 0;
  let radius: RealProgram;

  before(async function () {
    const command = requireProgram(this, 'freeradius', 'freeradius');
    const folder = programFolder();
    auth = await freeUdpPort();
    accounting = await freeUdpPort();
    const listen = (type: string, port: number) => `listen {\n type = ${type}\n ipaddr = 127.0.0.1\n port = ${port}\n}`;
    fileIn(
      folder,
      'radiusd.conf',
      `prefix = /usr
name = radiusd
logdir = ${folder}
raddbdir = ${folder}
run_dir = ${folder}
log {
  destination = stdout
}
modules {
  always ok {
    rcode = ok
  }
}
security {
  status_server = yes
  reject_delay = 0
  max_attributes = 200
}
client local {
  ipaddr = 127.0.0.1
  secret = "${SECRET}"
}
server default {
  ${listen('auth', auth)}
  ${listen('acct', accounting)}
  authorize {
    Autz-Type Status-Server {
      ok
    }
  }
  accounting {
    ok
  }
}
`,
    );
    const dictionary = '$INCLUDE /usr/share/freeradius/dictionary\n';
    fileIn(folder, 'dictionary', dictionary);
    radius = await startProgram(command, ['-f', '-l', 'stdout', '-d', folder, '-D', '/usr/share/freeradius'], {
      ready: saying('Ready to process requests'),
    });
  });
  after(() => stopPrograms());

  const check = (preset: string, secret: string) =>
    `{ type: udp, preset: ${preset}, preset_values: { secret: "${secret}" }, timeout: 500ms, tries: 2 }`;

  it('passes with its secret, on both ports', async () => {
    await assertPasses(check('radius', SECRET), auth);
    await assertPasses(check('radius-accounting', SECRET), accounting);
  });

  it('fails with another secret: the server does not answer', async () => {
    await assertFails(check('radius', 'wrong'), auth, 'timeout', /no reply within 500 ms/);
  });

  it('fails on the other port, whose answer has another code', async () => {
    await assertFails(check('radius', SECRET), accounting, 'answer', /does not match/);
  });

  it('fails with timeout while it hangs, with refused when it is gone', async () => {
    await radius.pause();
    await assertFails(check('radius', SECRET), auth, 'timeout', /no reply/);
    process.kill(radius.pid, 'SIGCONT');
    await radius.stop('SIGKILL');
    await assertFails(check('radius', SECRET), auth, 'refused', /ECONNREFUSED/);
  });
});
