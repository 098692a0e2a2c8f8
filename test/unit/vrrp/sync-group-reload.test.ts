import assert from 'node:assert/strict';
import { activeGroup, groupBench } from './group-bench.ts';
import { DOWN, linkUp } from './instance-bench.ts';

describe('vrrp/sync-group: stop and reload', () => {
  it('a stop hands over all of them, and the group is told once', () => {
    const b = activeGroup();
    b.stop();
    assert.deepEqual(b.happened(), [
      'web advert 0',
      'web LEAVING: shutdown',
      'mail advert 0',
      'mail LEAVING: shutdown',
    ]);
    b.until(6000);
    assert.deepEqual(b.happened(), ['web release', 'web STOPPED: shutdown', 'mail release', 'mail STOPPED: shutdown']);
    assert.deepEqual(b.roles.slice(-2), ['pair LEAVING (shutdown)', 'pair STOPPED (shutdown)']);
  });

  it('a stop of a group in FAULT starts nothing', () => {
    const b = activeGroup();
    b.router('mail').setLink(DOWN);
    b.happened();
    b.stop();
    assert.deepEqual(b.happened(), ['web STOPPED: shutdown', 'mail STOPPED: shutdown']);
    assert.equal(b.roles.at(-1), 'pair STOPPED (shutdown)');
    assert.equal(b.roles.includes('pair LEAVING (shutdown)'), false);
  });

  it('a member that is added leaves the others Active and joins them when its time has come', () => {
    const b = activeGroup();
    b.until(5000);
    b.happened();
    b.groups.together(() => {
      b.reload({ add: { name: 'ftp', vrid: 53 } });
      b.router('ftp').setLink(linkUp());
    });
    assert.deepEqual(b.states(), ['MASTER', 'MASTER', 'BACKUP']);
    b.until(8609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER', 'MASTER']);
    assert.equal(b.happened().includes('web release'), false);
  });

  it('a new member that hears a router above it takes all back: a group is never split', () => {
    const b = activeGroup();
    b.groups.together(() => {
      b.reload({ add: { name: 'ftp', vrid: 53 } });
      b.router('ftp').setLink(linkUp());
    });
    b.hear('ftp', 150);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP', 'BACKUP']);
  });

  it('a stop starts nobody whom a refused claim of another one kept back', () => {
    const b = groupBench();
    b.start();
    b.refuse('web', 'ENOMEM');
    b.until(3609.375);
    b.happened();
    b.stop();
    assert.deepEqual(b.happened(), ['web STOPPED: shutdown', 'mail STOPPED: shutdown']);
  });

  it('a group that is dissolved moves nobody, and frees those that it kept back', () => {
    const b = activeGroup();
    b.dissolve();
    assert.deepEqual(b.happened(), []);
    b.router('mail').setLink(DOWN);
    assert.deepEqual(b.states(), ['MASTER', 'FAULT']);

    const other = activeGroup();
    other.router('mail').setLink(DOWN);
    other.happened();
    other.dissolve();
    assert.deepEqual(other.happened(), ['web BACKUP: startup']);
  });

  it('a group that is dissolved lets go of a member that only waited for the others', () => {
    const b = groupBench();
    b.start();
    b.until(3000);
    b.hear('mail', 200);
    b.until(3700);
    assert.ok(b.router('web').isReady);
    b.happened();
    b.dissolve();
    b.until(3800);
    assert.deepEqual(b.states(), ['MASTER', 'BACKUP']);
  });

  it('a member that is removed leaves alone', () => {
    const b = activeGroup();
    b.happened();
    b.reload({ remove: 'mail' });
    assert.deepEqual(b.happened(), ['mail advert 0', 'mail LEAVING: shutdown']);
    assert.deepEqual(b.states(), ['MASTER']);
  });

  it('a member that leaves the group in FAULT frees the others', () => {
    const b = activeGroup();
    b.router('mail').setLink(DOWN);
    b.happened();
    b.reload({ remove: 'mail' });
    assert.deepEqual(b.happened(), ['mail STOPPED: shutdown', 'web BACKUP: startup']);
  });
});
