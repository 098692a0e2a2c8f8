/** Presets of the tcp check against vsftpd and mosquitto. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { fails, passes } from '../../support/preset-probes.ts';
import { closeServers, selfSigned } from '../../support/probe-servers.ts';
import {
  fileIn,
  freePort,
  isRoot,
  listening,
  programFolder,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';

describe('other presets against real servers', () => {
  after(closeServers);
  afterEach(stopPrograms);

  it('vsftpd: ftp and ftp-starttls', async function () {
    const command = requireProgram(this, 'vsftpd', 'vsftpd');
    if (!isRoot()) this.skip();
    const folder = programFolder();
    const { key, cert } = selfSigned('ftp.example', 100);
    const certFile = fileIn(folder, 'cert.pem', cert);
    mkdirSync(`${folder}/empty`);
    const port = await freePort();
    const config = fileIn(
      folder,
      'vsftpd.conf',
      `listen=YES
background=NO
listen_address=127.0.0.1
listen_port=${port}
anonymous_enable=YES
ssl_enable=YES
rsa_cert_file=${certFile}
rsa_private_key_file=${fileIn(folder, 'key.pem', key)}
secure_chroot_dir=${folder}/empty
seccomp_sandbox=NO
`,
    );
    const program = await startProgram(command, [config], { ready: listening(port) });
    await passes(port, { preset: 'ftp' });
    await passes(port, { preset: 'ftp-starttls', tls: { ca_file: certFile, server_name: 'ftp.example' } });
    await program.stop();
    await fails(port, { preset: 'ftp' }, 'refused', /ECONNREFUSED/);
  });

  it('mosquitto: mqtt, open and with a password', async function () {
    const command = requireProgram(this, 'mosquitto', 'mosquitto');
    const folder = programFolder();
    chmodSync(folder, 0o755);
    for (const anonymous of ['true', 'false']) {
      const port = await freePort();
      const text = `listener ${port} 127.0.0.1\nallow_anonymous ${anonymous}\npersistence false\n`;
      const config = fileIn(folder, `${anonymous}.conf`, text);
      const program = await startProgram(command, ['-c', config], { ready: listening(port) });
      await passes(port, { preset: 'mqtt' });
      await program.stop();
      await fails(port, { preset: 'mqtt' }, 'refused', /ECONNREFUSED/);
    }
  });

  it('rsync', async function () {
    const command = requireProgram(this, 'rsync', 'rsync');
    const port = await freePort();
    const config = fileIn(programFolder(), 'rsyncd.conf', 'use chroot = no\nlog file = /dev/stderr\n');
    const args = ['--daemon', '--no-detach', `--port=${port}`, '--address=127.0.0.1', `--config=${config}`];
    const program = await startProgram(command, args, { ready: listening(port) });
    await passes(port, { preset: 'rsync' });
    await program.stop();
    await fails(port, { preset: 'rsync' }, 'refused', /ECONNREFUSED/);
  });

  it('rabbitmq: amqp', async function () {
    const command = requireProgram(this, '/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server');
    if (!isRoot()) this.skip();
    const folder = programFolder();
    const [port, distribution, registry] = [await freePort(), await freePort(), await freePort()];
    const env = {
      HOME: folder,
      RABBITMQ_BASE: folder,
      RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_LOGS: '-',
      RABBITMQ_NODENAME: `lvsd${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: `${port}`,
      RABBITMQ_DIST_PORT: `${distribution}`,
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_CONFIG_FILE: `${folder}/none`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
      // Its own registry of names instead of one for the whole machine; it outlives the server.
      ERL_EPMD_PORT: `${registry}`,
    };
    const program = await startProgram(command, [], { ready: listening(port), env, limitMs: 60_000 });
    await passes(port, { preset: 'amqp' });
    await fails(port, { preset: 'mqtt' }, 'answer', /AMQP/);
    await program.stop();
    execFileSync('epmd', ['-port', `${registry}`, '-kill'], { stdio: 'pipe' });
    await fails(port, { preset: 'amqp' }, 'refused', /ECONNREFUSED/);
  });

  it('kamailio: sip', async function () {
    const command = requireProgram(this, 'kamailio', 'kamailio');
    const folder = programFolder();
    const port = await freePort();
    const config = fileIn(
      folder,
      'kamailio.cfg',
      `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
listen=tcp:127.0.0.1:${port}
loadmodule "sl.so"
request_route {
  if (method == "OPTIONS") {
    sl_send_reply("200", "Keepalive");
    exit;
  }
  sl_send_reply("503", "Full");
}
`,
    );
    const args = ['-DD', '-E', '-f', config, '-Y', folder, '-m', '16', '-M', '4'];
    const program = await startProgram(command, args, { ready: listening(port) });
    await passes(port, { preset: 'sip' });
    await program.stop();
    await fails(port, { preset: 'sip' }, 'refused', /ECONNREFUSED/);
  });
});
