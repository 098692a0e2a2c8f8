/** The memory of what is ours in the kernel, on a real file system. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOwnedMemory } from '../../src/sys/owned-services.ts';

const PLACE = { bootId: 'b1', netns: 'n1' };
const NO_ORIGINALS = { settings: {}, timeouts: { tcpS: null, tcpFinS: null, udpS: null } };
const OWNED = {
  keys: ['fwmark 7', 'tcp 192.0.2.1:80'],
  syncDaemons: true,
  originals: { settings: { sync_threshold: '3\t50' }, timeouts: { tcpS: 900, tcpFinS: null, udpS: null } },
};
const NOTHING = { keys: [], syncDaemons: false, originals: NO_ORIGINALS };

describe('memory of owned services', () => {
  let dir: string;
  let socket: string;
  let file: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lvsd-owned-'));
    socket = join(dir, 'run', 'lvsd.sock');
    file = `${socket}.services`;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('finds what was saved, and removes the file when there is nothing to remember', () => {
    const memory = openOwnedMemory(socket, PLACE);
    assert.deepEqual(memory.found, NOTHING);
    assert.equal(memory.save(OWNED), null);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const later = openOwnedMemory(socket, PLACE);
    assert.deepEqual(later.found, OWNED);
    assert.equal(later.save(NOTHING), null);
    assert.equal(existsSync(file), false);
  });

  it('remembers what settings were though nothing else is left to take down', () => {
    const originals = { ...NO_ORIGINALS, settings: { expire_nodest_conn: '0' } };
    openOwnedMemory(socket, PLACE).save({ ...NOTHING, originals });
    assert.deepEqual(openOwnedMemory(socket, PLACE).found, { ...NOTHING, originals });
    assert.equal(openOwnedMemory(socket, PLACE).save(NOTHING), null);
    assert.equal(existsSync(file), false);
  });

  it('takes no name of a setting that leads elsewhere, and no timeout that is none', () => {
    const originals = {
      settings: { '../../ip_forward': '0', drop_entry: '3', amemthresh: 7 },
      timeouts: { tcpS: '9' },
    };
    openOwnedMemory(socket, PLACE).save(OWNED);
    writeFileSync(file, JSON.stringify({ ...PLACE, keys: [], syncDaemons: false, originals }));
    const { found } = openOwnedMemory(socket, PLACE);
    assert.deepEqual(found.originals, { ...NO_ORIGINALS, settings: { drop_entry: '3' } });
  });

  it('knows the place it runs in', () => {
    assert.equal(openOwnedMemory(socket).save(OWNED), null);
    assert.deepEqual(openOwnedMemory(socket).found, OWNED);
    const { bootId, netns }: { bootId?: unknown; netns?: unknown } = JSON.parse(readFileSync(file, 'utf8'));
    assert.match(String(bootId), /^[0-9a-f-]{36}$/);
    assert.match(String(netns), /^cookie [1-9]\d*$/);
  });

  for (const [what, elsewhere] of Object.entries({
    'another boot': { bootId: 'b2', netns: 'n1' },
    'another network namespace': { bootId: 'b1', netns: 'n2' },
  })) {
    it(`of ${what} counts for nothing, and stays until there is something to save`, () => {
      openOwnedMemory(socket, PLACE).save(OWNED);
      const memory = openOwnedMemory(socket, elsewhere);
      assert.deepEqual(memory.found, NOTHING);
      assert.equal(memory.save(NOTHING), null);
      assert.deepEqual(openOwnedMemory(socket, PLACE).found, OWNED);
    });
  }

  for (const text of [
    '',
    '[]',
    '["tcp 192.0.2.1:80"]',
    'null',
    '{"bootId":"b1","netns":"n1","keys":7}',
    '{',
    '{"bootId":"b1","netns":"n1","originals":{"settings":null,"timeouts":null}}',
  ]) {
    it(`takes ${JSON.stringify(text)} for nothing`, () => {
      openOwnedMemory(socket, PLACE).save(OWNED);
      writeFileSync(file, text);
      assert.deepEqual(openOwnedMemory(socket, PLACE).found, NOTHING);
    });
  }

  it('follows no link, neither reading nor writing', () => {
    openOwnedMemory(socket, PLACE).save(OWNED);
    const victim = join(dir, 'victim');
    writeFileSync(victim, readFileSync(file));
    rmSync(file);
    symlinkSync(victim, file);
    symlinkSync(victim, `${file}.new`);
    const memory = openOwnedMemory(socket, PLACE);
    assert.deepEqual(memory.found, NOTHING);
    const before = readFileSync(victim, 'utf8');
    assert.equal(memory.save({ ...NOTHING, keys: ['fwmark 8'] }), null);
    assert.equal(readFileSync(victim, 'utf8'), before);
    assert.deepEqual(openOwnedMemory(socket, PLACE).found.keys, ['fwmark 8']);
  });

  it('says what it could not write, and tries again', () => {
    writeFileSync(join(dir, 'run'), 'in the way');
    const memory = openOwnedMemory(socket, PLACE);
    for (let i = 0; i < 2; i++) assert.match(memory.save(OWNED) ?? '', /^Cannot write \S+lvsd\.sock\.services: /);
  });
});
