/** Presets of the tcp check against slapd, mariadb and postgresql. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
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
import { sleep } from '../../support/wait.ts';

describe('database presets against real servers', () => {
  after(closeServers);
  afterEach(stopPrograms);

  describe('slapd', () => {
    async function slapd(context: Mocha.Context, more: string) {
      const command = requireProgram(context, 'slapd', 'slapd');
      const folder = programFolder();
      const { key, cert } = selfSigned('ldap.example', 100);
      const certFile = fileIn(folder, 'cert.pem', cert);
      const keyFile = fileIn(folder, 'key.pem', key);
      mkdirSync(`${folder}/data`);
      const config = fileIn(
        folder,
        'slapd.conf',
        `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${certFile}
TLSCertificateKeyFile ${keyFile}
${more}
database mdb
suffix dc=example
directory ${folder}/data
`,
      );
      const [plain, secure] = [await freePort(), await freePort()];
      const urls = `ldap://127.0.0.1:${plain} ldaps://127.0.0.1:${secure}`;
      const args = ['-d', '0', '-f', config, '-h', urls];
      const program = await startProgram(command, args, { ready: listening(secure) });
      return { plain, secure, program, tls: { ca_file: certFile, server_name: 'ldap.example' } };
    }

    it('is up, and down when it is stopped', async function () {
      const { plain, secure, program, tls } = await slapd(this, '');
      await passes(plain, { preset: 'ldap' });
      await passes(secure, { preset: 'ldaps', tls });
      await passes(plain, { preset: 'ldap-starttls', tls });
      await fails(secure, { preset: 'ldaps' }, 'tls', /self-signed certificate/);
      await program.stop();
      await fails(plain, { preset: 'ldap' }, 'refused', /ECONNREFUSED/);
    });

    it('is up though it wants no anonymous binds', async function () {
      const { plain } = await slapd(this, 'disallow bind_anon');
      await passes(plain, { preset: 'ldap' });
    });
  });

  describe('mariadb', () => {
    async function mariadb(context: Mocha.Context, ...more: string[]) {
      const command = requireProgram(context, 'mariadbd', 'mariadb-server');
      const user = isRoot() ? 'nobody' : undefined;
      const folder = programFolder(user);
      const common = ['--no-defaults', `--datadir=${folder}/data`, ...(user === undefined ? [] : [`--user=${user}`])];
      execFileSync('mariadb-install-db', [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], {
        stdio: 'pipe',
      });
      const port = await freePort();
      const place = [
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${folder}/sock`,
        `--pid-file=${folder}/pid`,
      ];
      const program = await startProgram(command, [...common, ...place, ...more], { ready: listening(port) });
      const sql = (text: string) =>
        execFileSync('mariadb', ['--no-defaults', `--socket=${folder}/sock`, '-u', 'root', '-N', '-e', text], {
          encoding: 'utf8',
        });
      return { port, program, sql };
    }

    it('is up, blocks nobody for being probed, and is down when it is full or stopped', async function () {
      const { port, program, sql } = await mariadb(this, '--max-connect-errors=3', '--max-connections=10');
      for (let i = 0; i < 10; i++) await passes(port, { preset: 'mysql' });
      sql("CREATE USER probe@'%'");
      for (let i = 0; i < 5; i++) await passes(port, { preset: 'mysql', preset_values: { user: 'probe' } });
      assert.equal(sql("SHOW STATUS LIKE 'Aborted_clients'").trim(), 'Aborted_clients\t0');
      const held = Array.from({ length: 10 }, () =>
        startProgram(
          'mariadb',
          [
            '--no-defaults',
            '--protocol=tcp',
            '-h',
            '127.0.0.1',
            '-P',
            `${port}`,
            '-u',
            'probe',
            '-e',
            'SELECT SLEEP(20)',
          ],
          { ready: (running) => running.running() },
        ),
      );
      await Promise.all(held);
      const sleeping = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'";
      // Not asked again and again: each question would take one of the places.
      await sleep(2000);
      assert.equal(sql(sleeping).trim(), '10');
      // A user that exists is told that there is no room.
      const existing = { preset: 'mysql', preset_values: { user: 'probe' } };
      await fails(port, existing, 'answer', /rejected by .*Too many connections/s);
      await program.stop('SIGKILL');
      await fails(port, { preset: 'mysql' }, 'refused', /ECONNREFUSED/);
    });
  });

  describe('postgresql', () => {
    const VERSIONS = '/usr/lib/postgresql';
    const newest = existsSync(VERSIONS) ? Math.max(...readdirSync(VERSIONS).map(Number)) : 0;
    const BIN = `${VERSIONS}/${newest}/bin`;

    async function postgres(context: Mocha.Context, auth: string, ...more: string[]) {
      requireProgram(context, `${BIN}/postgres`, 'postgresql');
      const user = isRoot() ? 'postgres' : undefined;
      const folder = programFolder(user);
      chmodSync(folder, 0o755);
      const data = `${folder}/data`;
      const shell = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
      const [first = `${BIN}/initdb`, ...rest] = [...shell, `${BIN}/initdb`];
      execFileSync(
        first,
        [...rest, '-D', data, '-A', auth, '-U', 'postgres', ...(auth === 'trust' ? [] : pwfile(folder))],
        {
          stdio: 'pipe',
        },
      );
      const port = await freePort();
      const args = [
        '-D',
        data,
        '-p',
        `${port}`,
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        `unix_socket_directories=${folder}`,
      ];
      const program = await startProgram(`${BIN}/postgres`, [...args, ...more], {
        ready: (running) => running.output().includes('ready to accept connections'),
        ...(user === undefined ? {} : { user }),
      });
      return { port, program };
    }

    it('is up, asks for a password, and is down when it is stopped', async function () {
      const { port, program } = await postgres(this, 'scram-sha-256');
      await passes(port, { preset: 'postgres' });
      assert.doesNotMatch(program.output(), /FATAL|incomplete/, program.output());
      await program.stop('SIGINT');
      await fails(port, { preset: 'postgres' }, 'refused', /ECONNREFUSED/);
    });

    it('is up when it lets everybody in, or does not know the user or the database', async function () {
      const { port } = await postgres(this, 'trust');
      await passes(port, { preset: 'postgres', preset_values: { user: 'postgres' } });
      await passes(port, { preset: 'postgres' });
      await passes(port, { preset: 'postgres', preset_values: { user: 'postgres', database: 'none' } });
    });

    it('is down when it is full', async function () {
      const full = ['-c', 'max_connections=2', '-c', 'superuser_reserved_connections=1', '-c', 'max_wal_senders=0'];
      const { port } = await postgres(this, 'trust', ...full);
      const psql = ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'postgres', '-c', 'SELECT pg_sleep(20)'];
      const running = { ready: (program: { running(): boolean }) => program.running() };
      await Promise.all([startProgram('psql', psql, running), startProgram('psql', psql, running)]);
      await sleep(1000);
      await fails(
        port,
        { preset: 'postgres', preset_values: { user: 'postgres' } },
        'answer',
        /rejected.*53300|too many/s,
      );
    });
  });
});

function pwfile(folder: string): readonly string[] {
  const file = fileIn(folder, 'password', 'secret\n');
  chmodSync(file, 0o644);
  return ['--pwfile', file];
}
