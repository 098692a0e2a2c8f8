/** Tracked files on a real file system: written, replaced, gone, not there yet, and whatever else happens to files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrackFile } from '../../src/sys/track-file.ts';
import { sleep, until } from '../support/wait.ts';

/** Found by inotify; the slow look comes after two seconds. */
const SOON_MS = 1200;

describe('a tracked file', function () {
  this.timeout(10_000);
  let folder = '';
  let path = '';
  let file: TrackFile | null = null;
  let values: number[] = [];
  let warnings: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-file-'));
    path = join(folder, 'prio');
    values = [];
    warnings = [];
  });
  afterEach(() => {
    file?.close();
    file = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (at = path): TrackFile => {
    file = new TrackFile(
      at,
      (state) => values.push(state.kind === 'value' ? state.value : Number.NaN),
      (text) => warnings.push(text),
    );
    return file;
  };
  const becomes = (value: number, limitMs = SOON_MS): Promise<void> => until(() => values.at(-1) === value, limitMs);

  it('is read at once', () => {
    writeFileSync(path, '-20\n');
    assert.deepEqual(open().state, { kind: 'value', value: -20 });
    assert.deepEqual(values, []);
  });

  it('that is not there counts as 0, and is seen when it comes, is written and goes', async () => {
    assert.deepEqual(open().state, { kind: 'value', value: 0 });
    writeFileSync(path, '5');
    await becomes(5);
    writeFileSync(path, '6');
    await becomes(6);
    unlinkSync(path);
    await becomes(0);
    assert.deepEqual(values, [5, 6, 0]);
    assert.deepEqual(warnings, []);
  });

  it('may be replaced by a rename', async () => {
    writeFileSync(path, '1');
    open();
    writeFileSync(join(folder, 'new'), '2');
    renameSync(join(folder, 'new'), path);
    await becomes(2);
  });

  it('is not read between being emptied and being written', async () => {
    writeFileSync(path, '7');
    open();
    for (let i = 0; i < 50; i++) {
      truncateSync(path);
      await sleep(4); // the event has been heard
      writeFileSync(path, '7');
      await sleep(i % 10);
    }
    assert.deepEqual(values, []);
    truncateSync(path);
    await becomes(0);
  });

  it('with something else in it keeps the last number, and says so once', async () => {
    writeFileSync(path, '10');
    const it = open();
    writeFileSync(path, 'ten');
    await until(() => warnings.length === 1, SOON_MS);
    writeFileSync(path, 'ten');
    await sleep(300);
    assert.deepEqual(warnings, [
      `tracked file ${path}: it holds "ten", which is no whole number; it still counts as 10`,
    ]);
    assert.deepEqual([it.state, values], [{ kind: 'value', value: 10 }, []]);
    writeFileSync(path, '11');
    await becomes(11);
    assert.equal(it.problem, null);
  });

  it('is seen in a directory that comes later, goes, and comes again', async () => {
    const below = join(folder, 'run', 'lvsd');
    open(join(below, 'prio'));
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, 'prio'), '3');
    await becomes(3, 3500);
    rmSync(join(folder, 'run'), { recursive: true });
    await becomes(0);
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, 'prio'), '4');
    await becomes(4, 3500);
    // The slow look has just been: this one is inotify's again.
    writeFileSync(join(below, 'prio'), '5');
    await becomes(5, 500);
  });

  it('may be a link to another directory: found by the slow look', async () => {
    const other = mkdtempSync(join(tmpdir(), 'lvsd-file-'));
    writeFileSync(join(other, 'prio'), '1');
    symlinkSync(join(other, 'prio'), path);
    assert.deepEqual(open().state, { kind: 'value', value: 1 });
    writeFileSync(join(other, 'prio'), '2');
    await becomes(2, 3500);
    rmSync(other, { recursive: true });
  });

  it('that is a FIFO, a directory or too long to be a number does not hold anybody up', () => {
    execFileSync('mkfifo', [path]);
    open();
    assert.match(warnings[0] ?? '', /it is not a regular file; it still counts as 0/);
    file?.close();
    const long = join(folder, 'long');
    writeFileSync(long, 'x'.repeat(1_000_000));
    open(long);
    assert.match(warnings[1] ?? '', /it holds "x{20}"/);
  });

  it('whose path leads in circles is warned of, and taken when it is mended', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    assert.deepEqual(open(join(folder, 'loop', 'prio')).state, { kind: 'value', value: 0 });
    assert.match(warnings.join(), /it cannot be read: ELOOP.*; it still counts as 0/);
    unlinkSync(join(folder, 'loop'));
    mkdirSync(join(folder, 'loop'));
    writeFileSync(join(folder, 'loop', 'prio'), '7');
    await becomes(7, 4000);
  });

  it('that is written all the time is read now and then', async () => {
    writeFileSync(path, '0');
    open();
    const startedAt = performance.now();
    for (let i = 1; i <= 80; i++) {
      writeFileSync(path, `${i}`);
      await sleep(8);
    }
    await becomes(80);
    const most = (performance.now() - startedAt) / 200 + 3;
    assert.ok(values.length >= 2 && values.length <= most, values.join());
  });

  it('that is closed is not watched any more', async () => {
    writeFileSync(path, '1');
    open().close();
    writeFileSync(path, '2');
    await sleep(100);
    assert.deepEqual(values, []);
  });
});
