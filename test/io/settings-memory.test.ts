/** The memory of what settings of interfaces were, on a real file system with a folder for /proc/sys/net. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SettingsMemory } from '../../src/sys/settings-memory.ts';
import { routerConfig, vip } from '../unit/vrrp/builders.ts';

const PLACE = { bootId: 'b1', netns: 'n1' };
const ON_ETH0 = [routerConfig({ promoteSecondaries: true, virtualAddresses: [vip('192.0.2.100', 24)] })];
const NAME = 'ipv4/conf/eth0/promote_secondaries';

describe('memory of the settings of interfaces', () => {
  let dir: string;
  let socket: string;
  let root: string;

  const open = (place = PLACE): SettingsMemory => new SettingsMemory(socket, assert.fail, place, root);
  const value = (): string => readFileSync(join(root, NAME), 'utf8').trim();
  const set = (to: string, name = NAME): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), to);
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lvsd-settings-'));
    socket = join(dir, 'run', 'lvsd.sock');
    root = join(dir, 'net');
    set('0\n');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('puts back what a VRRP process changed, and removes its file', () => {
    const memory = open();
    memory.note(ON_ETH0);
    set('1\n');
    assert.equal(existsSync(`${socket}.interfaces`), true);
    memory.putBack();
    assert.equal(value(), '0');
    assert.equal(existsSync(`${socket}.interfaces`), false);
  });

  it('the run after a crash knows the original: it does not take what it finds for it', () => {
    open().note(ON_ETH0);
    set('1\n');
    const later = open();
    later.note(ON_ETH0);
    assert.equal(value(), '1');
    later.putBack();
    assert.equal(value(), '0');
  });

  it('what the next run has no use for is put back at once', () => {
    open().note(ON_ETH0);
    set('1\n');
    open().note([]);
    assert.equal(value(), '0');
    assert.equal(existsSync(`${socket}.interfaces`), false);
  });

  it('what somebody else gave another value is theirs', () => {
    open().note(ON_ETH0);
    set('2\n');
    const later = open();
    later.note(ON_ETH0);
    set('1\n');
    later.putBack();
    assert.equal(value(), '1');
  });

  it('of another boot it counts for nothing', () => {
    open().note(ON_ETH0);
    set('1\n');
    open({ ...PLACE, bootId: 'b2' }).putBack();
    assert.equal(value(), '1');
  });

  it('takes no name that leads elsewhere', () => {
    set('1', '../outside');
    mkdirSync(dirname(socket), { recursive: true });
    const settings = {
      'ipv4/conf/../outside': { original: '0', written: '1' },
      '../outside': { original: '0', written: '1' },
    };
    writeFileSync(`${socket}.interfaces`, JSON.stringify({ ...PLACE, settings }));
    set('1', 'ipv4/outside');
    open().putBack();
    assert.equal(readFileSync(join(root, 'ipv4/outside'), 'utf8'), '1');
    assert.equal(readFileSync(join(root, '../outside'), 'utf8'), '1');
  });
});
