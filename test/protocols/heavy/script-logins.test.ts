/** Script checks that log in and query with the client that comes with the server, as docs/checks.md has them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { ScriptTarget } from '../../../src/sys/probe-script.ts';
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
import { serverOf } from '../../unit/config/builders.ts';

async function probe(port: number, command: string): Promise<string> {
  const [check] =
    serverOf(`virtual_servers:
  - name: data
    address: 192.0.2.100
    port: 80
    real_servers: [{ address: 127.0.0.1 }]
    checks: [{ type: script, port: ${port}, timeout: 10s, command: '${command}' }]
`).realServers[0]?.checks ?? [];
  assert.ok(check?.type === 'script');
  const result = await new ScriptTarget(check).probe();
  return result.ok ? 'passed' : `${result.reason}: ${result.detail}`;
}

describe('script checks that log in', function () {
  this.timeout(120_000);
  afterEach(stopPrograms);

  it('to LDAP', async function () {
    const slapd = requireProgram(this, 'slapd', 'slapd');
    requireProgram(this, 'ldapwhoami', 'ldap-utils');
    const folder = programFolder();
    mkdirSync(`${folder}/data`);
    const text = `include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb
suffix dc=example,dc=org\nrootdn cn=check,dc=example,dc=org\nrootpw secret\ndirectory ${folder}/data\n`;
    const port = await freePort();
    const args = ['-d', '0', '-f', fileIn(folder, 'slapd.conf', text), '-h', `ldap://127.0.0.1:${port}`];
    const server = await startProgram(slapd, args, { ready: listening(port) });
    const command = (password: string) => {
      const file = fileIn(folder, password, password);
      chmodSync(file, 0o600);
      return `ldapwhoami -x -H ldap://{address}:{port} -D cn=check,dc=example,dc=org -y ${file}`;
    };
    assert.equal(await probe(port, command('secret')), 'passed');
    assert.match(await probe(port, command('wrong')), /^script: exit code 49: ldap_bind: Invalid credentials/);
    await server.stop();
    assert.match(await probe(port, command('secret')), /^script: exit code 255: ldap_sasl_bind.*contact LDAP server/);
  });

  it('to MariaDB', async function () {
    const mariadbd = requireProgram(this, 'mariadbd', 'mariadb-server');
    requireProgram(this, 'mariadb', 'mariadb-client');
    const user = isRoot() ? 'nobody' : undefined;
    const folder = programFolder(user);
    const common = ['--no-defaults', `--datadir=${folder}/data`, ...(user === undefined ? [] : [`--user=${user}`])];
    const install = [...common, '--auth-root-authentication-method=normal', '--skip-test-db'];
    execFileSync('mariadb-install-db', install, { stdio: 'pipe' });
    const port = await freePort();
    const place = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${folder}/sock`, `--pid-file=${folder}/pid`];
    const server = await startProgram(mariadbd, [...common, ...place], { ready: listening(port) });
    const sql = "CREATE USER check_user@'%' IDENTIFIED BY 'secret'";
    execFileSync('mariadb', ['--no-defaults', `--socket=${folder}/sock`, '-u', 'root', '-e', sql], { stdio: 'pipe' });
    const command = (password: string) => {
      const file = fileIn(folder, `${password}.cnf`, `[client]\nuser=check_user\npassword=${password}\n`);
      return `mariadb --defaults-file=${file} -h {address} -P {port} -e "select 1"`;
    };
    assert.equal(await probe(port, command('secret')), 'passed');
    assert.match(await probe(port, command('wrong')), /^script: exit code 1: ERROR 1045 .*Access denied/);
    await server.stop('SIGKILL');
    assert.match(await probe(port, command('secret')), /^script: exit code 1: ERROR 200[23] /);
  });

  it('to PostgreSQL', async function () {
    const bin = '/usr/lib/postgresql/15/bin';
    const postgres = requireProgram(this, existsSync(bin) ? `${bin}/postgres` : 'postgres', 'postgresql');
    requireProgram(this, 'psql', 'postgresql-client');
    const user = isRoot() ? 'postgres' : undefined;
    const folder = programFolder(user);
    chmodSync(folder, 0o755);
    const { uid, gid } = statSync(folder);
    const secretFile = (name: string, text: string): string => {
      const file = fileIn(folder, name, text);
      chownSync(file, uid, gid);
      chmodSync(file, 0o600);
      return file;
    };
    const initdb = postgres.replace(/postgres$/, 'initdb');
    const shell = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const [first = initdb, ...rest] = [...shell, initdb];
    const password = `--pwfile=${secretFile('password', 'secret')}`;
    const data = `${folder}/data`;
    execFileSync(first, [...rest, '-D', data, '-A', 'scram-sha-256', '-U', 'postgres', password], { stdio: 'pipe' });
    const port = await freePort();
    const places = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`];
    const server = await startProgram(postgres, ['-D', data, '-p', `${port}`, ...places], {
      ready: (running) => running.output().includes('ready to accept connections'),
      ...(user === undefined ? {} : { user }),
    });
    const command = (word: string) => {
      const file = secretFile(`${word}.pgpass`, `*:*:*:*:${word}\n`);
      const place = `host={address} port={port} user=postgres dbname=postgres passfile=${file} connect_timeout=2`;
      return `psql "${place}" -Atc "select 1"`;
    };
    assert.equal(await probe(port, command('secret')), 'passed');
    assert.match(await probe(port, command('wrong')), /^script: exit code 2: psql: error: .*failed/);
    await server.stop('SIGINT');
    assert.match(await probe(port, command('secret')), /^script: exit code 2: psql: error: .*refused/);
  });
});
