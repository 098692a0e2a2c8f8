/** Streaming a connection table, and names for addresses, on this machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ListConnections } from '../../src/ipvsadm/types.ts';
import { listConnections } from '../../src/sys/connections.ts';
import { KnownNames } from '../../src/sys/names.ts';

const TITLE = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n';
const FILTER = { service: null, server: null, state: null };
const REQUEST: ListConnections = {
  kind: 'connections',
  numeric: true,
  persistentConn: false,
  json: false,
  filter: FILTER,
};

function line(number: number, state = 'ESTABLISHED'): string {
  const port = (number & 0xffff).toString(16).toUpperCase().padStart(4, '0');
  return `TCP 0A000002 ${port} 0A000001 0050 C0A8010B 0050 ${state.padEnd(11)}     897\n`;
}

function row(number: number): string {
  return `TCP 14:57  ESTABLISHED ${`10.0.0.2:${number & 0xffff}`.padEnd(18)} 10.0.0.1:80        192.168.1.11:80`;
}

describe('the stream of connections', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'connections-'));
  const file = path.join(dir, 'ip_vs_conn');
  after(() => rmSync(dir, { recursive: true, force: true }));

  async function listed(content: string, request: ListConnections = REQUEST): Promise<string> {
    writeFileSync(file, content, 'latin1');
    const out = new PassThrough();
    const all = text(out);
    assert.deepEqual(await listConnections(request, out, file), { ok: true, value: undefined });
    out.end();
    return all;
  }

  it('has every line of a table of many pages', async () => {
    const count = 50_000;
    const rows = (await listed(TITLE + Array.from({ length: count }, (_, number) => line(number)).join(''))).split(
      '\n',
    );
    assert.equal(rows.length, count + 3);
    assert.deepEqual(
      rows.slice(2, -1),
      Array.from({ length: count }, (_, number) => row(number)),
    );
  });

  it('has the titles alone of an empty table, and nothing as JSON', async () => {
    assert.equal((await listed(TITLE)).split('\n').length, 3);
    assert.equal(await listed(TITLE, { ...REQUEST, json: true }), '');
  });

  it('has what the filter takes, as JSON lines too', async () => {
    const content = TITLE + line(1) + line(2, 'NONE') + line(3);
    const filter = { ...FILTER, state: 'NONE' };
    assert.equal((await listed(content, { ...REQUEST, filter })).split('\n').length, 4);
    const lines = (await listed(content, { ...REQUEST, filter, json: true })).trim().split('\n');
    assert.deepEqual(
      lines.map((json) => JSON.parse(json).source.port),
      [2],
    );
  });

  it('has names, looked up for every page', async () => {
    const content = TITLE + line(8).replace('0A000002', '7F000001');
    assert.match(await listed(content, { ...REQUEST, numeric: false }), / localhost:8 +10\.0\.0\.1:(?:http|80) /);
  });

  it('leaves out what is no connection and cuts what is no line', async () => {
    const rows = await listed(`${TITLE}${'x'.repeat(1_000_000)}\n${line(7)}rubbish\n`);
    assert.deepEqual(rows.split('\n').slice(2), [row(7), '']);
  });

  it('says that a file is missing or empty, as ipvsadm does', async () => {
    const missing = path.join(dir, 'missing');
    const out = new PassThrough();
    assert.deepEqual(await listConnections(REQUEST, out, missing), {
      ok: false,
      error: { text: `cannot open file ${missing}` },
    });
    writeFileSync(file, '');
    assert.deepEqual(await listConnections(REQUEST, out, file), {
      ok: false,
      error: { text: `unexpected input from ${file}` },
    });
  });

  it('waits for its output: nothing is written before the piece before is taken', async () => {
    let open = 0;
    let written = 0;
    const out = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        assert.equal(++open, 1);
        written += chunk.length;
        setImmediate(() => {
          open--;
          done();
        });
      },
    });
    writeFileSync(file, TITLE + line(1).repeat(20_000));
    await listConnections(REQUEST, out, file);
    assert.ok(written > 1_000_000, String(written));
    assert.equal(out.writableLength, 0);
  });

  for (const [code, quiet] of [
    ['EPIPE', true],
    ['ENOSPC', false],
  ] as const) {
    it(`${quiet ? 'ends quietly' : 'fails'} when the output says ${code}`, async () => {
      const fault = Object.assign(new Error(code), { code });
      const out = new Writable({ write: (_chunk, _encoding, done) => done(fault) });
      writeFileSync(file, TITLE + line(1).repeat(20_000));
      const listing = listConnections(REQUEST, out, file);
      if (quiet) assert.deepEqual(await listing, { ok: true, value: undefined });
      else await assert.rejects(listing, { code });
    });
  }
});

describe('names', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'names-'));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('of addresses are those of the C library; what was not asked for has none', async () => {
    const names = new KnownNames();
    await names.lookUp(['127.0.0.1', 'no address']);
    assert.equal(names.host('127.0.0.1'), 'localhost');
    assert.equal(names.host('127.0.0.2'), null);
    assert.equal(names.host('no address'), null);
  });

  it('of services are the first in services(5) for the protocol', () => {
    const servicesFile = path.join(dir, 'services');
    writeFileSync(
      servicesFile,
      '# none\nhttp\t80/tcp www # web\nother 80/tcp\ndomain 53/udp\n\nbad line\ndiameter 3868/sctp\nzero 0/tcp\n',
    );
    const names = new KnownNames({ servicesFile });
    assert.equal(names.service(80, 6), 'http');
    assert.equal(names.service(80, 17), null);
    assert.equal(names.service(53, 17), 'domain');
    assert.equal(names.service(3868, 132), 'diameter');
    assert.equal(names.service(80, 0), null);
    assert.equal(new KnownNames({ servicesFile: path.join(dir, 'missing') }).service(80, 6), null);
  });

  it('are not waited for when the time is up', async () => {
    const names = new KnownNames({ limitMs: 0 });
    await names.lookUp(['127.0.0.1']);
    assert.equal(names.host('127.0.0.1'), null);
  });
});
