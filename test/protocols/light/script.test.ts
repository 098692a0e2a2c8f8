/** Script checks that log in and ask: redis-cli against a Redis server with a password, as docs/checks.md has it. */
import assert from 'node:assert/strict';
import type { ScriptCheckConfig } from '../../../src/config/checks/script.ts';
import { ScriptTarget } from '../../../src/sys/probe-script.ts';
import {
  freePort,
  listening,
  programFolder,
  type RealProgram,
  requireProgram,
  startProgram,
  stopPrograms,
} from '../../support/real-program.ts';
import { serverOf } from '../../unit/config/builders.ts';

describe('a script check against Redis', function () {
  this.timeout(20_000);
  let port = 0;
  let server: RealProgram;

  before(async function () {
    const redis = requireProgram(this, 'redis-server', 'redis-server');
    requireProgram(this, 'redis-cli', 'redis-tools');
    port = await freePort();
    const args = ['--bind', '127.0.0.1', '--port', String(port), '--requirepass', 'secret', '--save', ''];
    server = await startProgram(redis, args, { ready: listening(port), cwd: programFolder() });
  });
  after(stopPrograms);

  function checkOf(command: string): ScriptCheckConfig {
    const [check] =
      serverOf(`virtual_servers:
  - name: cache
    address: 192.0.2.100
    port: 6379
    real_servers: [{ address: 127.0.0.1 }]
    checks: [{ type: script, port: ${port}, timeout: 1s, command: ${command} }]
`).realServers[0]?.checks ?? [];
    assert.ok(check?.type === 'script');
    return check;
  }

  async function probe(command: string): Promise<string> {
    const result = await new ScriptTarget(checkOf(command)).probe();
    return result.ok ? 'passed' : `${result.reason}: ${result.detail}`;
  }

  const ask = (password: string) => `"redis-cli -h {address} -p {port} -a ${password} --no-auth-warning -e get key"`;

  it('passes when it gets its answer', async () => {
    assert.equal(await probe(ask('secret')), 'passed');
  });

  it('fails when it is refused, with what the server said', async () => {
    assert.match(await probe(ask('wrong')), /^script: exit code 1: .*(AUTH|NOAUTH|WRONGPASS)/);
  });

  it('fails at its deadline when the server hangs', async () => {
    process.kill(server.pid, 'SIGSTOP');
    try {
      assert.match(await probe(ask('secret')), /^script: not finished in time/);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    assert.equal(await probe(ask('secret')), 'passed');
  });

  it('fails when the server is gone', async () => {
    await server.stop();
    assert.match(await probe(ask('secret')), /^script: exit code 1: Could not connect to Redis .*refused/);
  });
});
