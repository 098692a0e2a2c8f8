import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReload } from '../../src/cli/reload.ts';
import { runStatus } from '../../src/cli/status.ts';
import { type ControlHandlers, openControl } from '../../src/sys/control.ts';
import { request } from '../../src/sys/control-client.ts';
import { snapshot } from '../support/snapshot.ts';

const calm: ControlHandlers = {
  snapshot: async () => snapshot,
  reload: async () => ({ ok: true, problems: [] }),
  plan: async () => ({ ok: true, changes: [] }),
  events: async () => null,
  report: () => ({ ok: true, value: undefined }),
};

describe('sys/control-client', () => {
  let folder = '';
  let path = '';
  const closing: (() => unknown)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-client-'));
    path = join(folder, 'lvsd.sock');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    rmSync(folder, { recursive: true });
  });

  async function open(handlers: Partial<ControlHandlers> = {}): Promise<void> {
    const control = await openControl(path, { ...calm, ...handlers });
    closing.push(() => control.close());
  }

  /** Another server at the same place, that is not lvsd. */
  async function serve(listener: RequestListener): Promise<void> {
    path = join(folder, 'other.sock');
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    closing.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
  }

  function sinks() {
    const text = { out: '', err: '' };
    const out = { write: (more: string) => (text.out += more) };
    const err = { write: (more: string) => (text.err += more) };
    return { text, out, err };
  }

  async function status(json = false) {
    const { text, out, err } = sinks();
    const code = await runStatus({ socket: path, json }, out, err);
    return { code, ...text };
  }

  async function reload() {
    const { text, out, err } = sinks();
    const code = await runReload({ socket: path }, out, err);
    return { code, ...text };
  }

  describe('lvsd status', () => {
    it('shows tables, and 0', async () => {
      await open();
      const { code, out, err } = await status();
      assert.equal(err, '');
      assert.equal(code, 0);
      assert.match(out, /^lb1: lvsd 0\.1\.0, pid 1234, up 3h12m/);
      assert.match(out, /10\.0\.0\.12:80 {2}direct {3}DOWN/);
    });

    it('--json prints the snapshot as it is', async () => {
      await open();
      const { code, out } = await status(true);
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(out), snapshot);
    });

    it('4 when the daemon cannot tell', async () => {
      await open({ snapshot: () => Promise.reject(new Error('Cannot dump IPVS: EPERM')) });
      assert.deepEqual(await status(), {
        code: 4,
        out: '',
        err: 'lvsd status: the daemon answered with an error: Cannot dump IPVS: EPERM\n',
      });
    });

    it('4 when the answer has another format', async () => {
      await serve((_, response) => response.end('{"format":2}'));
      assert.deepEqual(await status(), {
        code: 4,
        out: '',
        err: `lvsd status: ${path} answered in another format: use the lvsd of the daemon's own version, or --json\n`,
      });
    });

    it('3 when no daemon answers', async () => {
      assert.deepEqual(await status(), {
        code: 3,
        out: '',
        err: `lvsd status: no lvsd answers at ${path}: is it running? (--socket PATH or LVSD_SOCKET names another)\n`,
      });
    });
  });

  describe('lvsd reload', () => {
    it('0 when it went well', async () => {
      await open();
      assert.deepEqual(await reload(), { code: 0, out: 'reloaded\n', err: '' });
    });

    it('0 and what the kernel refused of it', async () => {
      await open({ reload: async () => ({ ok: true, problems: ['Cannot add service fwmark 7: ENOENT', 'second'] }) });
      assert.deepEqual(await reload(), {
        code: 0,
        out: '',
        err: 'reloaded, but:\nCannot add service fwmark 7: ENOENT\nsecond\n',
      });
    });

    it('1 and every problem when it was refused', async () => {
      await open({ reload: async () => ({ ok: false, problems: ['lvsd.yaml:3:1: name: missing', 'second'] }) });
      assert.deepEqual(await reload(), {
        code: 1,
        out: '',
        err: 'lvsd.yaml:3:1: name: missing\nsecond\nnothing was changed\n',
      });
    });

    it('4 when the daemon failed at it', async () => {
      await open({ reload: () => Promise.reject(new Error('boom')) });
      assert.deepEqual(await reload(), {
        code: 4,
        out: '',
        err: 'lvsd reload: the daemon answered with an error: boom\n',
      });
    });

    it('3 when no daemon answers', async () => {
      assert.equal((await reload()).code, 3);
    });
  });

  describe('client errors', () => {
    const rows: readonly {
      readonly name: string;
      readonly listener: RequestListener;
      readonly kind: string;
      readonly text: RegExp;
    }[] = [
      {
        name: 'no answer in time',
        listener: () => {},
        kind: 'timeout',
        text: /^lvsd at .* did not answer within 0\.2 s$/,
      },
      {
        name: 'an answer that stops in the middle',
        listener: (_, response) => response.write('{'),
        kind: 'timeout',
        text: /did not answer within 0\.2 s$/,
      },
      {
        name: 'a connection that ends without an answer',
        listener: (incoming) => incoming.socket.destroy(),
        kind: 'ended',
        text: /ended the connection without an answer: is it stopping\?$/,
      },
      {
        name: 'a connection that ends in the middle of an answer',
        listener: (incoming, response) => {
          response.writeHead(200, { 'content-length': 10 });
          response.write('{', () => incoming.socket.destroy());
        },
        kind: 'ended',
        text: /ended the connection without an answer/,
      },
      {
        name: 'an answer that is not JSON',
        listener: (_, response) => response.end('<html>'),
        kind: 'protocol',
        text: /^an answer that is not JSON came from .*: is it lvsd's socket\?$/,
      },
    ];
    for (const { name, listener, kind, text } of rows) {
      it(`${name}: ${kind}`, async () => {
        await serve(listener);
        const answer = await request(path, 'GET', '/status', 200);
        assert.ok(!answer.ok);
        assert.equal(answer.error.kind, kind, answer.error.text);
        assert.match(answer.error.text, text);
      });
    }

    it('nobody listens at a socket left behind: no-daemon', async () => {
      path = join(folder, 'file');
      writeFileSync(path, '');
      const answer = await request(path, 'GET', '/status', 200);
      assert.ok(!answer.ok);
      assert.equal(answer.error.kind, 'no-daemon');
    });

    it('no permission: denied', async () => {
      if (process.getuid?.() === 0) {
        // Root may open every socket; an unprivileged effective user may not.
        await open();
        chmodSync(folder, 0o755);
        chmodSync(path, 0o600);
        process.seteuid?.(65_534);
        closing.push(() => process.seteuid?.(0));
      } else {
        await open();
        chmodSync(path, 0);
      }
      const answer = await request(path, 'GET', '/status', 1000);
      assert.ok(!answer.ok);
      assert.deepEqual(answer.error, {
        kind: 'denied',
        text: `permission denied at ${path}: run as root or as a member of the socket's group`,
      });
    });
  });
});
