/** Presets of the tcp check against servers that start in no time: redis, memcached, sshd, openssl. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { TcpTarget } from '../../../src/sys/probe-tcp.ts';
import { fails, passes } from '../../support/preset-probes.ts';
import { closeServers, selfSigned } from '../../support/probe-servers.ts';
import {
  fileIn,
  freePort,
  isRoot,
  listening,
  programFolder,
  requireProgram,
  saying,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';
import { written } from '../../support/written-check.ts';

const probe = (port: number, keys: object) => new TcpTarget(written(port, keys)).probe();

describe('tcp presets against real servers', () => {
  afterEach(stopPrograms);
  after(closeServers);

  describe('redis', () => {
    async function redis(context: Mocha.Context, ...more: string[]) {
      const command = requireProgram(context, 'redis-server', 'redis-server');
      const port = await freePort();
      const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', programFolder(), '--save', ''];
      const ready = saying('Ready to accept connections');
      return { port, program: await startProgram(command, [...place, ...more], { ready }) };
    }

    it('is up, and down when it is stopped', async function () {
      const { port, program } = await redis(this);
      await passes(port, { preset: 'redis' });
      await fails(port, { preset: 'redis-auth', preset_values: { password: 'x' } }, 'answer', /rejected.*ERR AUTH/s);
      await program.stop();
      await fails(port, { preset: 'redis' }, 'refused', /ECONNREFUSED/);
    });

    it('is up when it wants a password, and takes one', async function () {
      const { port } = await redis(this, '--requirepass', 'secret');
      await passes(port, { preset: 'redis' });
      await passes(port, { preset: 'redis-auth', preset_values: { password: 'secret' } });
      const wrong = { preset: 'redis-auth', preset_values: { password: 'wrong' } };
      await fails(port, wrong, 'answer', /rejected.*WRONGPASS/s);
    });

    it('is down while it says no to everybody', async function () {
      const master = await freePort();
      const { port } = await redis(this, '--replicaof', `127.0.0.1 ${master}`, '--replica-serve-stale-data', 'no');
      await fails(port, { preset: 'redis' }, 'answer', /MASTERDOWN/);
    });

    it('is down when it is stopped in its tracks', async function () {
      const { port, program } = await redis(this);
      await program.pause();
      try {
        const check = { ...written(port, { preset: 'redis' }), timeoutMs: 150 };
        const result = await new TcpTarget(check).probe();
        assert.ok(!result.ok && result.reason === 'timeout', JSON.stringify(result));
      } finally {
        process.kill(program.pid, 'SIGCONT');
      }
    });
  });

  it('memcached is up, and down when it is stopped', async function () {
    const command = requireProgram(this, 'memcached', 'memcached');
    const port = await freePort();
    const user = isRoot() ? ['-u', 'nobody'] : [];
    const args = ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0', ...user];
    const program = await startProgram(command, args, { ready: listening(port) });
    await passes(port, { preset: 'memcached' });
    await program.stop();
    await fails(port, { preset: 'memcached' }, 'refused', /ECONNREFUSED/);
  });

  it('ssh is up, and down when it is stopped', async function () {
    const command = requireProgram(this, '/usr/sbin/sshd', 'openssh-server');
    if (!isRoot()) this.skip();
    const folder = programFolder();
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${folder}/key`]);
    execFileSync('mkdir', ['-p', '/run/sshd']);
    const port = await freePort();
    const config = fileIn(
      folder,
      'sshd_config',
      `ListenAddress 127.0.0.1:${port}\nHostKey ${folder}/key\nPidFile none\nUsePAM no\n`,
    );
    const program = await startProgram(command, ['-D', '-e', '-f', config], { ready: listening(port) });
    await passes(port, { preset: 'ssh' });
    assert.doesNotMatch(program.output(), /identification string|Bad protocol/);
    // Not an SSH server at all.
    await fails(port, { preset: 'redis' }, 'answer', /SSH-2\.0/);
    await program.stop();
    await fails(port, { preset: 'ssh' }, 'refused', /ECONNREFUSED/);
  });

  describe('openssl s_server', () => {
    async function server(context: Mocha.Context, days: number, ...more: string[]) {
      const command = requireProgram(context, 'openssl', 'openssl');
      const folder = programFolder();
      const { key, cert } = selfSigned('tls.example', days);
      const keyFile = fileIn(folder, 'key.pem', key);
      const certFile = fileIn(folder, 'cert.pem', cert);
      const port = await freePort();
      const files = ['s_server', '-key', keyFile, '-cert', certFile, '-accept', `127.0.0.1:${port}`, '-quiet', '-rev'];
      const program = await startProgram(command, [...files, ...more], { ready: listening(port) });
      return { port, certFile, program };
    }

    // `-rev` answers each line backwards.
    const hello = { send: 'olleh\n', expect: 'hello\n' };

    for (const version of ['-tls1_2', '-tls1_3']) {
      it(`is talked to with ${version}`, async function () {
        const { port, certFile, program } = await server(this, 100, version);
        await passes(port, { ...hello, tls: { ca_file: certFile, server_name: 'tls.example' } });
        await fails(port, { ...hello, tls: true }, 'tls', /self-signed certificate/);
        await fails(port, { ...hello, tls: { ca_file: certFile, server_name: 'b.example' } }, 'tls', /b\.example/);
        await program.stop();
        await fails(port, { ...hello, tls: { ca_file: certFile } }, 'refused', /ECONNREFUSED/);
      });
    }

    it('has an expired certificate', async function () {
      const { port, certFile } = await server(this, -1);
      await fails(port, { ...hello, tls: { ca_file: certFile } }, 'tls', /expired/);
      const result = await probe(port, { ...hello, tls: { verify: false } });
      assert.ok(result.ok && /^certificate expired on/.test(result.warning ?? ''), JSON.stringify(result));
    });

    it('speaks only what is too old', async function () {
      const { port, certFile } = await server(this, 100, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
      await fails(port, { ...hello, tls: { ca_file: certFile } }, 'tls', /version|alert/i);
    });
  });
});
