/** Presets of the tcp check against exim (SMTP, STARTTLS) and dovecot (IMAP, POP3, LMTP, submission). */
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

/** A folder that servers which give up root can read, with a key and a certificate. */
function folderWithKey(user: string) {
  const folder = programFolder(user);
  chmodSync(folder, 0o755);
  const { key, cert } = selfSigned('mail.example', 100);
  return { folder, key: fileIn(folder, 'key.pem', key), cert: fileIn(folder, 'cert.pem', cert) };
}

describe('mail presets against real servers', () => {
  after(closeServers);
  afterEach(stopPrograms);

  it('exim: smtp, smtp-starttls, smtps', async function () {
    const command = requireProgram(this, 'exim4', 'exim4-daemon-light');
    if (!isRoot()) this.skip();
    const user = 'Debian-exim';
    const { folder, key, cert } = folderWithKey(user);
    const [plain, secure] = [await freePort(), await freePort()];
    mkdirSync(`${folder}/spool`, { mode: 0o777 });
    chmodSync(`${folder}/spool`, 0o777);
    chmodSync(key, 0o644);
    const config = fileIn(
      folder,
      'exim.conf',
      `primary_hostname = mail.example
exim_user = ${user}
exim_group = ${user}
spool_directory = ${folder}/spool
log_file_path = ${folder}/%slog
pid_file_path = ${folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${plain} : ${secure}
tls_on_connect_ports = ${secure}
tls_advertise_hosts = *
tls_certificate = ${cert}
tls_privatekey = ${key}
acl_smtp_rcpt = accept
begin acl
begin routers
begin transports
begin retry
begin rewrite
`,
    );
    const program = await startProgram(command, ['-bdf', '-C', config], { ready: listening(secure) });
    const tls = { ca_file: cert, server_name: 'mail.example' };
    await passes(plain, { preset: 'smtp' });
    await passes(plain, { preset: 'smtp-starttls', tls });
    await passes(plain, { preset: 'submission' });
    await passes(plain, { preset: 'submission-starttls', tls });
    await passes(secure, { preset: 'smtps', tls });
    await passes(secure, { preset: 'submissions', tls });
    await fails(plain, { preset: 'smtp-starttls' }, 'tls', /self-signed certificate/);
    await fails(secure, { preset: 'smtps', tls: { ...tls, server_name: 'other.example' } }, 'tls', /other\.example/);
    await fails(plain, { preset: 'imap' }, 'timeout', /220 mail\.example/);
    await program.stop();
    await fails(plain, { preset: 'smtp' }, 'refused', /ECONNREFUSED/);
    await fails(secure, { preset: 'smtps', tls }, 'refused', /ECONNREFUSED/);
  });

  it('dovecot: imap, pop3, lmtp, in clear, STARTTLS and TLS', async function () {
    const command = requireProgram(this, 'dovecot', 'dovecot-imapd dovecot-pop3d dovecot-lmtpd');
    if (!isRoot()) this.skip();
    const { folder, key, cert } = folderWithKey('root');
    const [imap, imaps, pop3, pop3s] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const lmtp = await freePort();
    const config = fileIn(
      folder,
      'dovecot.conf',
      `protocols = imap pop3 lmtp
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
ssl = yes
ssl_cert = <${cert}
ssl_key = <${key}
mail_location = maildir:${folder}/mail
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = ${imaps}
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3}
  }
  inet_listener pop3s {
    port = ${pop3s}
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = ${lmtp}
  }
}
passdb {
  driver = static
  args = password=x
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=${folder}
}
`,
    );
    mkdirSync(`${folder}/run`);
    mkdirSync(`${folder}/state`);
    const all = [imap, imaps, pop3, pop3s, lmtp].map((port) => listening(port));
    const ready = async () => (await Promise.all(all.map((listens) => listens()))).every((listens) => listens);
    const program = await startProgram(command, ['-F', '-c', config], { ready });
    const tls = { ca_file: cert, server_name: 'mail.example' };
    await passes(imap, { preset: 'imap' });
    await passes(imap, { preset: 'imap-starttls', tls });
    await passes(imaps, { preset: 'imaps', tls });
    await passes(pop3, { preset: 'pop3' });
    await passes(pop3, { preset: 'pop3-starttls', tls });
    await passes(pop3s, { preset: 'pop3s', tls });
    await passes(lmtp, { preset: 'lmtp' });
    await fails(imaps, { preset: 'imaps' }, 'tls', /self-signed certificate/);
    await fails(pop3, { preset: 'imap' }, 'timeout', /\+OK/);
    await program.stop();
    await fails(imap, { preset: 'imap' }, 'refused', /ECONNREFUSED/);
    await fails(pop3s, { preset: 'pop3s', tls }, 'refused', /ECONNREFUSED/);
  });
});
