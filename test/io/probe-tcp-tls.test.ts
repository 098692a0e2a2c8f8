import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { type Certificate, closeServers, selfSigned, tcpServer } from '../support/probe-servers.ts';
import { written } from '../support/written-check.ts';

const probe = (port: number, keys: object) => new TcpTarget(written(port, keys)).probe();

async function assertFails(port: number, keys: object, reason: string, detail: RegExp) {
  const result = await probe(port, keys);
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return result;
}

interface SecureServer {
  readonly certificate: Certificate;
  /** Said in clear, then, once the client has said `STARTTLS`, with an answer to it; undefined: TLS at once. */
  readonly clear?: { readonly greeting: string; readonly answer: string };
  readonly greeting: string;
  /** Names that the client asked for. */
  readonly names?: string[];
  readonly version?: 'TLSv1.2';
}

/** TLS from the start or after STARTTLS, on a plain TCP server. */
function secureServer({ certificate, clear, greeting, names, version }: SecureServer): Promise<number> {
  return tcpServer((socket) => {
    if (clear === undefined) return secure(socket);
    socket.write(clear.greeting);
    socket.once('data', () => {
      socket.pause();
      socket.write(clear.answer, () => secure(socket));
    });
  });
  function secure(socket: Socket): void {
    const over = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({
        key: certificate.key,
        cert: certificate.cert,
        maxVersion: version ?? 'TLSv1.3',
      }),
    });
    over.on('error', () => {});
    over.on('secure', () => {
      const name: unknown = 'servername' in over ? over.servername : undefined;
      if (typeof name === 'string') names?.push(name);
      over.write(greeting);
    });
    over.resume();
  }
}

describe('sys/probe-tcp: TLS', () => {
  let folder = '';
  let good: Certificate;
  let soon: Certificate;
  let goodFile = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-tls-'));
    good = selfSigned('mail.example', 100);
    soon = selfSigned('mail.example', 3);
    goodFile = join(folder, 'good.pem');
    writeFileSync(goodFile, good.cert);
    writeFileSync(join(folder, 'soon.pem'), soon.cert);
    writeFileSync(join(folder, 'empty.pem'), '');
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(closeServers);

  it('converses in TLS from the start, with the name it asks for', async () => {
    const names: string[] = [];
    const port = await secureServer({ certificate: good, greeting: '220 hello\r\n', names });
    const tls = { server_name: 'mail.example', ca_file: goodFile };
    const result = await probe(port, { tls, expect: '220 ' });
    assert.deepEqual([result.ok, names], [true, ['mail.example']], JSON.stringify(result));
    assert.ok(result.ok && result.warning === undefined);
  });

  it('checks the address without a name, and asks for none', async () => {
    const names: string[] = [];
    const port = await secureServer({ certificate: good, greeting: '220 hello\r\n', names });
    assert.ok((await probe(port, { tls: { ca_file: goodFile }, expect: '220 ' })).ok);
    assert.deepEqual(names, []);
  });

  it('is enough with a handshake', async () => {
    const port = await secureServer({ certificate: good, greeting: '' });
    assert.ok((await probe(port, { tls: { ca_file: goodFile } })).ok);
  });

  it('ends the connection with a close_notify and FIN', async () => {
    const secure = await secureServer({ certificate: good, greeting: '220 hello\r\n', version: 'TLSv1.2' });
    let said = Buffer.alloc(0);
    let end: () => void = () => {};
    const ended = new Promise<void>((done) => {
      end = done;
    });
    const port = await tcpServer((socket) => {
      const onward = connect(secure, '127.0.0.1');
      onward.on('error', () => {}).pipe(socket);
      socket.on('data', (chunk) => {
        said = Buffer.concat([said, chunk]);
        onward.write(chunk);
      });
      socket.on('end', () => {
        onward.destroy();
        end();
      });
    });
    assert.ok((await probe(port, { tls: { ca_file: goodFile }, expect: '220 ' })).ok);
    await ended;
    const types: (number | undefined)[] = [];
    for (let at = 0; at < said.length; at += 5 + said.readUInt16BE(at + 3)) types.push(said[at]);
    // Handshake, change of cipher, handshake, and in the end an alert (RFC 5246 section 6.2.1).
    assert.deepEqual(types, [22, 22, 20, 22, 21]);
  });

  it('fails with tls when nobody that is trusted has signed', async () => {
    const port = await secureServer({ certificate: good, greeting: '220 hello\r\n' });
    await assertFails(port, { tls: true, expect: '220 ' }, 'tls', /self-signed certificate/);
    assert.ok((await probe(port, { tls: { verify: false }, expect: '220 ' })).ok);
  });

  it('fails with tls when the certificate is for another name, or expired', async () => {
    const port = await secureServer({ certificate: good, greeting: 'x' });
    const tls = { server_name: 'other.example', ca_file: goodFile };
    await assertFails(port, { tls }, 'tls', /other\.example/);
    const old = selfSigned('mail.example', -1);
    writeFileSync(join(folder, 'old.pem'), old.cert);
    const expired = await secureServer({ certificate: old, greeting: 'x' });
    await assertFails(expired, { tls: { ca_file: join(folder, 'old.pem') } }, 'tls', /expired/);
  });

  it('warns of a certificate that expires soon, unless told not to', async () => {
    const port = await secureServer({ certificate: soon, greeting: 'x' });
    const ca_file = join(folder, 'soon.pem');
    const result = await probe(port, { tls: { ca_file } });
    assert.ok(result.ok);
    assert.match(result.warning ?? '', /^certificate expires in 2 days, on /);
    const silent = await probe(port, { tls: { ca_file, expiry_warning: '2d' } });
    assert.ok(silent.ok && silent.warning === undefined);
    const off = await probe(port, { tls: { ca_file, expiry_warning: '0d' } });
    assert.ok(off.ok && off.warning === undefined);
  });

  it('is our fault when the CA file cannot be used, and recovers when it can', async () => {
    const port = await secureServer({ certificate: good, greeting: 'x' });
    const late = join(folder, 'late.pem');
    const target = new TcpTarget(written(port, { tls: { ca_file: late } }));
    const result = await target.probe();
    assert.ok(!result.ok && result.reason === 'local');
    assert.match(result.detail, /cannot use the CA file .*late\.pem: ENOENT/);
    writeFileSync(late, good.cert);
    assert.ok((await target.probe()).ok);
    // A file that has changed is read again.
    writeFileSync(late, `${soon.cert}\n`);
    await assertFails(port, { tls: { ca_file: late } }, 'tls', /self-signed/);
    await assertFails(port, { tls: { ca_file: join(folder, 'empty.pem') } }, 'local', /no PEM certificate/);
  });

  it('fails when the server does not speak TLS', async () => {
    const port = await tcpServer((socket) => socket.write('220 plain text\r\n'));
    await assertFails(port, { tls: true }, 'tls', /wrong version number|packet length/i);
  });

  it('fails with timeout when the handshake does not go on', async () => {
    const port = await tcpServer(() => {});
    const check = { ...written(port, { tls: true }), timeoutMs: 100 };
    const result = await new TcpTarget(check).probe();
    assert.ok(!result.ok && result.reason === 'timeout');
    assert.match(result.detail, /no TLS handshake within 100 ms/);
  });

  it('fails with closed when the server hangs up during the handshake', async () => {
    const port = await tcpServer((socket) => socket.once('data', () => socket.end()));
    await assertFails(port, { tls: true }, 'closed', /disconnected|closed/);
  });

  describe('STARTTLS', () => {
    const steps = [
      { expect: { regex: '^220 .*\\n' } },
      { send: 'STARTTLS\r\n', expect: { regex: '^220 .*\\n' } },
      { starttls: true },
      { expect: { regex: '^secret' } },
    ];

    it('goes on in TLS', async () => {
      const clear = { greeting: '220 hello\r\n', answer: '220 go on\r\n' };
      const port = await secureServer({ certificate: good, clear, greeting: 'secret\r\n' });
      const result = await probe(port, { steps, tls: { ca_file: goodFile } });
      assert.ok(result.ok, JSON.stringify(result));
    });

    it('checks the certificate', async () => {
      const clear = { greeting: '220 hello\r\n', answer: '220 go on\r\n' };
      const port = await secureServer({ certificate: good, clear, greeting: 'secret\r\n' });
      await assertFails(port, { steps }, 'tls', /^tls: self-signed certificate/);
    });

    it('fails on bytes in clear behind the go-ahead: somebody put them there', async () => {
      const clear = { greeting: '220 hello\r\n', answer: '220 go on\r\nsecret\r\n' };
      const port = await secureServer({ certificate: good, clear, greeting: '' });
      const tls = { ca_file: goodFile };
      await assertFails(port, { steps, tls }, 'protocol', /8 bytes in clear before the TLS handshake: "secret/);
    });

    it('fails when the server refuses', async () => {
      const port = await tcpServer((socket) => {
        socket.write('220 hello\r\n');
        socket.once('data', () => socket.end('454 not now\r\n'));
      });
      await assertFails(port, { steps }, 'answer', /454 not now/);
    });

    it('lets go of the connection after a deadline in the handshake', async () => {
      const closed: Promise<void>[] = [];
      const port = await tcpServer((socket) => {
        closed.push(new Promise((done) => socket.on('close', () => done())));
        socket.write('220 hello\r\n');
        socket.once('data', () => socket.write('220 go on\r\n'));
        socket.resume();
      });
      const result = await new TcpTarget({ ...written(port, { steps }), timeoutMs: 150 }).probe();
      assert.ok(!result.ok && result.reason === 'timeout');
      await Promise.all(closed);
    });
  });
});
