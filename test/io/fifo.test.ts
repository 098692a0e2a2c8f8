import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Fifo } from '../../src/sys/fifo.ts';

describe('sys/fifo', () => {
  let folder = '';
  let path = '';
  let warnings: string[] = [];
  const open: Fifo[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-fifo-'));
    path = join(folder, 'fifo');
    warnings = [];
  });
  afterEach(() => {
    for (const fifo of open.splice(0)) fifo.close();
    rmSync(folder, { recursive: true });
  });

  function openFifo(): Fifo {
    const fifo = Fifo.open(path, null, (text) => warnings.push(text));
    assert.ok(fifo.ok, fifo.ok ? '' : fifo.error);
    open.push(fifo.value);
    return fifo.value;
  }

  /** Everything that is in the pipe now. */
  function read(): string {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const chunk = new Uint8Array(65_536);
    let text = '';
    try {
      for (;;) text += new TextDecoder().decode(chunk.subarray(0, readSync(fd, chunk)));
    } catch {
      return text; // EAGAIN: empty
    } finally {
      closeSync(fd);
    }
  }

  it('is made for its owner only, and removed again', () => {
    const umask = process.umask(0);
    try {
      const fifo = openFifo();
      assert.ok(statSync(path).isFIFO());
      assert.equal(statSync(path).mode & 0o777, 0o600);
      open.pop();
      fifo.close();
      assert.ok(!existsSync(path));
    } finally {
      process.umask(umask);
    }
  });

  it('one that is there is taken as it is, and left there', () => {
    execFileSync('mkfifo', ['-m', '640', path]);
    openFifo().write('a\n');
    assert.equal(read(), 'a\n');
    open.pop()?.close();
    assert.equal(statSync(path).mode & 0o777, 0o640);
  });

  it('belongs to whom it is for', function () {
    if (process.geteuid?.() !== 0) this.skip(); // only root may give something away
    const nobody = { uid: 65_534, gid: 65_534, name: 'nobody', home: '/' };
    const fifo = Fifo.open(path, nobody, () => {});
    assert.ok(fifo.ok);
    open.push(fifo.value);
    const { uid, gid, mode } = statSync(path);
    assert.deepEqual([uid, gid, mode & 0o777], [65_534, 65_534, 0o600]);
  });

  it('one of ours from a life before is given to whom it is for now', function () {
    if (process.geteuid?.() !== 0) this.skip();
    execFileSync('mkfifo', ['-m', '600', path]);
    const nobody = { uid: 65_534, gid: 65_534, name: 'nobody', home: '/' };
    const fifo = Fifo.open(path, nobody, () => {});
    assert.ok(fifo.ok);
    open.push(fifo.value);
    assert.equal(statSync(path).uid, 65_534);
  });

  it('does not remove what took its place', () => {
    openFifo();
    rmSync(path);
    writeFileSync(path, 'precious');
    open.pop()?.close();
    assert.equal(statSync(path).size, 8);
  });

  it('nobody reads: writing takes no time and loses nothing of what the pipe holds', () => {
    const fifo = openFifo();
    const startedAt = performance.now();
    for (let i = 0; i < 500; i++) fifo.write(`${i}\n`);
    assert.ok(performance.now() - startedAt < 1000);
    assert.equal(read(), Array.from({ length: 500 }, (_, i) => `${i}\n`).join(''));
    assert.equal(fifo.dropped, 0);
  });

  it('full: the oldest of what waits is dropped, counted and said once; a reader gets the rest, whole and in order', async () => {
    const fifo = openFifo();
    const line = (i: number): string => `${String(i).padStart(6, '0')} ${'x'.repeat(24)}\n`;
    const inPipe = 65_536 / 32;
    const many = inPipe + 1000 + 50;
    for (let i = 0; i < many; i++) fifo.write(line(i));
    assert.equal(fifo.dropped, 50);
    assert.deepEqual(warnings, [`Nobody reads the FIFO ${path}: it is full, and its oldest waiting lines are dropped`]);
    let got = read();
    const end = performance.now() + 2000;
    while (!got.endsWith(line(many - 1)) && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      got += read();
    }
    const numbers = got
      .split('\n')
      .slice(0, -1)
      .map((text) => Number(text.slice(0, 6)));
    const expected = Array.from({ length: many }, (_, i) => i).filter((i) => i < inPipe || i >= inPipe + 50);
    assert.deepEqual(numbers, expected);
  });
});
