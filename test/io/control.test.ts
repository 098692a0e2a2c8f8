import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, type ControlHandlers, type ControlLimits, openControl } from '../../src/sys/control.ts';
import { request } from '../../src/sys/control-client.ts';
import { snapshot } from '../support/snapshot.ts';

const calm: ControlHandlers = {
  snapshot: async () => snapshot,
  reload: async () => ({ ok: true, problems: [] }),
  plan: async () => ({ ok: true, changes: [] }),
  events: async () => null,
  report: () => ({ ok: true, value: undefined }),
};

describe('sys/control', () => {
  let folder = '';
  let path = '';
  const closing: (() => unknown)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-control-'));
    path = join(folder, 'run', 'lvsd.sock');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    rmSync(folder, { recursive: true });
  });

  async function open(handlers: Partial<ControlHandlers> = {}, at = path, limits?: ControlLimits): Promise<Control> {
    const control = await openControl(at, { ...calm, ...handlers }, limits);
    closing.push(() => control.close());
    return control;
  }

  /** Whatever comes back until the server hangs up. */
  function raw(bytes: string, timeoutMs = 1500): Promise<string> {
    return new Promise((resolve, reject) => {
      let got = '';
      const socket: Socket = connect(path, () => socket.write(bytes));
      socket.setTimeout(timeoutMs, () => reject(new Error('still open')));
      socket.on('data', (data) => {
        got += data.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        resolve(got);
      });
    });
  }

  async function assertAnswers(): Promise<void> {
    const answer = await request(path, 'GET', '/status', 5000);
    assert.ok(answer.ok, 'no answer');
    assert.equal(answer.value.status, 200);
  }

  describe('the socket', () => {
    it('is for owner and group only, in a folder that it makes, and gone afterwards', async () => {
      const umask = process.umask(0);
      try {
        const control = await open();
        assert.equal(statSync(path).mode & 0o777, 0o660);
        assert.equal(statSync(join(folder, 'run')).mode & 0o777, 0o755);
        assert.equal(process.umask(), 0);
        await control.close();
        assert.ok(!existsSync(path));
      } finally {
        process.umask(umask);
      }
    });

    it('leaves a folder that is there as it is', async () => {
      chmodSync(folder, 0o700);
      await open({}, join(folder, 'lvsd.sock'));
      assert.equal(statSync(folder).mode & 0o777, 0o700);
    });

    it('refuses while another daemon answers there, and leaves that one alone', async () => {
      await open();
      await assert.rejects(openControl(path, calm), {
        message: `another daemon answers at ${path}: stop it, or give this one another socket with --socket PATH`,
      });
      await assertAnswers();
    });

    it('replaces a socket that nobody answers', async () => {
      const stale = createServer();
      const at = join(folder, 'lvsd.sock');
      const moved = join(folder, 'moved.sock');
      await new Promise<void>((resolve) => stale.listen(moved, resolve));
      // Closing removes the name that it was made with: under another name it stays behind, as after a crash.
      renameSync(moved, at);
      await new Promise((resolve) => stale.close(resolve));
      assert.ok(statSync(at).isSocket());
      path = at;
      await open();
      await assertAnswers();
    });

    it('never removes what is not a socket', async () => {
      path = join(folder, 'precious');
      writeFileSync(path, 'keep me');
      await assert.rejects(
        openControl(path, calm),
        /Cannot listen at .*precious: a file that is not a socket is there/,
      );
      assert.equal(statSync(path).size, 7);
    });

    it('refuses a path that the kernel would not take whole', async () => {
      const long = join(folder, 'x'.repeat(107));
      await assert.rejects(openControl(long, calm), /has at most 107 bytes/);
    });

    it('says why when the machine refuses', async () => {
      writeFileSync(join(folder, 'file'), '');
      await assert.rejects(openControl(join(folder, 'file', 'sub', 'lvsd.sock'), calm), /Cannot listen at .*: ENOTDIR/);
    });
  });

  describe('bad manners', () => {
    it('unknown requests get a 404 in JSON', async () => {
      await open();
      for (const [method, at] of [
        ['GET', '/'],
        ['GET', '/reload'],
        ['POST', '/status'],
      ] as const) {
        const answer = await request(path, method, at, 5000);
        assert.deepEqual(answer, {
          ok: true,
          value: { status: 404, body: { error: `no such request: ${method} ${at}` } },
        });
      }
    });

    it('what is not HTTP gets a 400 in JSON, and the next one is answered', async () => {
      await open();
      for (const garbage of ['\x16\x03\x01\x02\x00', 'GET\r\n\r\n', 'GET /status HTTP/1.1\r\nHost: a b\r\n\r\n']) {
        const got = await raw(garbage);
        assert.match(got, /^HTTP\/1\.1 400 /, garbage);
        assert.match(got, /\r\n\r\n\{"error":"/, garbage);
      }
      await assertAnswers();
    });

    it('headers without an end are cut off', async () => {
      await open();
      const got = await raw(`GET /status HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`);
      assert.match(got, /^HTTP\/1\.1 4\d\d /);
      await assertAnswers();
    });

    it('a body above the limit is refused, announced or not, and reloads nothing', async () => {
      let reloads = 0;
      await open({
        reload: async () => {
          reloads++;
          return { ok: true, problems: [] };
        },
      });
      const head = 'POST /reload HTTP/1.1\r\nHost: localhost\r\n';
      assert.match(
        await raw(`${head}Content-Length: 1000000\r\n\r\nx`),
        /^HTTP\/1\.1 413 .*\{"error":"a body above 4096/s,
      );
      const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
      const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`;
      assert.match(await raw(chunked), /^HTTP\/1\.1 411 /);
      assert.match(await raw(`${head}Content-Length: oops\r\n\r\n`), /^HTTP\/1\.1 400 /);
      assert.equal(reloads, 0);
      await assertAnswers();
      assert.match(await raw(`${head}Content-Length: 5\r\n\r\nhello`), /^HTTP\/1\.1 200 /);
      assert.equal(reloads, 1);
    });

    it('clients that leave in the middle cost nothing', async () => {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let asked = 0;
      await open({
        snapshot: async () => {
          asked++;
          if (asked <= 5) await held;
          return snapshot;
        },
      });
      const left = Array.from({ length: 5 }, () => request(path, 'GET', '/status', 100));
      for (const answer of await Promise.all(left)) assert.equal(answer.ok, false);
      release();
      await assertAnswers();
    });

    it('more than 64 connections are turned away, and silent ones after a while', async () => {
      await open({}, path, { requestTimeoutMs: 300 });
      const sockets = Array.from({ length: 80 }, () => connect(path).on('error', () => {}));
      closing.push(() => {
        for (const socket of sockets) socket.destroy();
      });
      const ended = sockets.map(
        (socket) => new Promise<'ended'>((resolve) => socket.on('close', () => resolve('ended')).resume()),
      );
      await Promise.race(ended);
      const answered = await request(path, 'GET', '/status', 1000);
      assert.equal(answered.ok, false);
      await Promise.all(ended); // all of them, without our doing
      await assertAnswers();
    });

    it('closing does not wait for those who hang on', async () => {
      const control = await open({ snapshot: () => new Promise(() => {}) });
      const asking = request(path, 'GET', '/status', 5000);
      const silent = connect(path).on('error', () => {});
      await new Promise((resolve) => silent.on('connect', resolve));
      await control.close();
      const answer = await asking;
      assert.ok(!answer.ok);
      assert.equal(answer.error.kind, 'ended');
    });

    it('closing lets an answer under way finish', async () => {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let entered = (): void => {};
      const inside = new Promise<void>((resolve) => {
        entered = resolve;
      });
      const control = await open({
        reload: async () => {
          entered();
          await held;
          return { ok: true, problems: [] };
        },
      });
      const asking = request(path, 'POST', '/reload', 5000);
      await inside;
      const closed = control.close();
      release();
      const answer = await asking;
      await closed;
      assert.deepEqual(answer, { ok: true, value: { status: 200, body: { ok: true, problems: [] } } });
    });
  });
});
