/** Checks that ask somebody else: script, file, agent, passive. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { serverOf } from './builders.ts';

const HEAD = `virtual_servers:
  - name: web
    address: 192.0.2.100
    port: 80
    protocol: tcp
    scheduler: wlc
    forwarding: nat
    real_servers: [{ address: 10.0.0.11, port: 8080 }]
    checks:
`;

function checkOf(text: string): object {
  const [check] = serverOf(`${HEAD}      - ${text}\n`).realServers[0]?.checks ?? [];
  assert.ok(check);
  return check;
}

function problemOf(text: string): string {
  const loaded = loadConfig(`${HEAD}      - ${text}\n`);
  assert.ok(!loaded.ok, 'was taken');
  return loaded.error.map(({ message }) => message).join('\n');
}

function has(check: object, wanted: object): void {
  assert.deepEqual({ ...check, ...wanted }, check);
}

describe('config: a script check', () => {
  it('takes its defaults', () => {
    has(checkOf('{ type: script, command: /usr/local/bin/check }'), {
      type: 'script',
      address: '10.0.0.11',
      command: ['/usr/local/bin/check'],
      user: null,
      dynamicWeight: false,
    });
  });

  it('fills {address} and {port} into its arguments, and nothing else', () => {
    const text = `{ type: script, port: 81, user: "nobody:nogroup", dynamic_weight: true,
        command: ["/bin/{port}", "-H", "{address}:{port}", "{address}{address}", "{other}", "{}"] }`;
    has(checkOf(text), {
      port: 81,
      user: 'nobody:nogroup',
      dynamicWeight: true,
      command: ['/bin/{port}', '-H', '10.0.0.11:81', '10.0.0.1110.0.0.11', '{other}', '{}'],
    });
    has(checkOf('{ type: script, command: "/bin/x {port}" }'), { port: 8080, command: ['/bin/x', '8080'] });
    has(checkOf('{ type: script, address: "2001:db8::1", command: "/bin/x {address}" }'), {
      command: ['/bin/x', '2001:db8::1'],
    });
  });

  it('needs no port, unless it has {port}', () => {
    const check = (
      command: string,
    ) => `virtual_servers: [{ name: all, fwmark: 1, checks: [{ type: script, command: ${command} }],
      real_servers: [{ address: 10.0.0.11 }] }]`;
    assert.deepEqual(serverOf(check('x')).realServers[0]?.checks[0]?.port, 0);
    const loaded = loadConfig(check('"x {port}"'));
    assert.match(loaded.ok ? '' : (loaded.error[0]?.message ?? ''), /^missing: `command` has \{port\}/);
  });

  it('says what is wrong', () => {
    assert.match(problemOf('{ type: script }'), /missing: must be a command/);
    assert.match(problemOf('{ type: script, command: x, user: "a b" }'), /must be a user/);
    assert.match(problemOf('{ type: script, command: x, send: x }'), /unknown key `send`/);
  });
});

describe('config: a file check', () => {
  it('takes its defaults, and everything', () => {
    has(checkOf('{ type: file, path: /run/web1 }'), { type: 'file', path: '/run/web1', as: 'words' });
    has(checkOf('{ type: file, path: /run/web1, as: percent }'), { as: 'percent' });
  });

  it('says what is wrong', () => {
    assert.match(problemOf('{ type: file }'), /missing: must be an absolute path/);
    assert.match(problemOf('{ type: file, path: web1 }'), /must be an absolute path; found "web1"/);
    assert.match(problemOf('{ type: file, path: /a, as: percentage }'), /must be one of words, fault, weight, percent/);
  });
});

describe('config: an agent check', () => {
  it('takes its defaults, and everything', () => {
    has(checkOf('{ type: agent, port: 9707 }'), { type: 'agent', address: '10.0.0.11', port: 9707, send: null });
    has(checkOf('{ type: agent, port: 9707, send: "web1\\n" }'), { send: 'web1\n' });
  });

  it("needs the agent's port: the real server's is another one", () => {
    assert.match(problemOf('{ type: agent }'), /missing: must be a whole number from 1 to 65535/);
  });
});

describe('config: a passive check', () => {
  it('is up until a report says otherwise, which counts at once', () => {
    has(checkOf('{ type: passive, name: web1 }'), { type: 'passive', name: 'web1', initial: 'up', rise: 1, fall: 1 });
    has(checkOf('{ type: passive, name: web1, initial: down, rise: 3, fall: 4 }'), {
      initial: 'down',
      rise: 3,
      fall: 4,
    });
  });

  it('says what is wrong', () => {
    assert.match(problemOf('{ type: passive }'), /missing: must be a name/);
    assert.match(problemOf('{ type: passive, name: "a/b" }'), /must be a name/);
    assert.match(problemOf('{ type: passive, name: a, initial: maybe }'), /must be one of up, down/);
  });
});
