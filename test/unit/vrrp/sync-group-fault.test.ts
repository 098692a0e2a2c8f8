import assert from 'node:assert/strict';
import { activeGroup, groupBench } from './group-bench.ts';
import { DOWN, linkUp } from './instance-bench.ts';

const HELD = 'sync group pair: mail is in FAULT';
const NO_LINK = 'interface eth0 is down or has no carrier';

describe('vrrp/sync-group: FAULT', () => {
  it('of one is FAULT of all; those that were Active say priority 0', () => {
    const b = activeGroup();
    b.router('mail').setLink(DOWN);
    assert.deepEqual(b.happened(), [
      'mail advert 0',
      'mail release',
      `mail FAULT: ${NO_LINK}`,
      'web advert 0',
      'web release',
      `web FAULT: ${HELD}`,
    ]);
    assert.deepEqual([b.router('web').report().fault, b.router('web').report().whyNotMaster], [HELD, HELD]);
    assert.equal(b.roles.at(-1), `pair FAULT (mail: ${NO_LINK})`);
  });

  it('ends for all when the last one recovers: BACKUP, then an ordinary election', () => {
    const b = activeGroup();
    b.router('mail').setLink(DOWN);
    b.router('web').setLink(DOWN);
    b.router('mail').setLink(linkUp());
    b.happened();
    b.until(10_000);
    b.router('web').setLink(linkUp());
    assert.deepEqual(b.happened(), ['web BACKUP: startup', 'mail BACKUP: startup']);
    b.until(13_609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('a claim that the kernel refuses one hands over all', () => {
    const b = groupBench();
    b.start();
    b.happened();
    b.refuse('mail', 'ENOMEM');
    b.until(3609.375);
    assert.deepEqual(b.happened(), [
      'web advert 100',
      'web MASTER: active-down',
      'mail advert 100',
      'mail advert 0',
      'mail release',
      'mail FAULT: ENOMEM',
      'web advert 0',
      'web release',
      `web FAULT: ${HELD}`,
    ]);
    b.until(4700); // asked again in vain
    assert.deepEqual(b.states(), ['FAULT', 'FAULT']);
    b.refuse('mail', null);
    b.until(5700);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('a refused claim of the first one spares the others the attempt', () => {
    const b = groupBench();
    b.start();
    b.happened();
    b.refuse('web', 'ENOMEM');
    b.until(3609.375);
    assert.deepEqual(b.happened(), [
      'web advert 100',
      'web advert 0',
      'web release',
      'web FAULT: ENOMEM',
      'mail FAULT: sync group pair: web is in FAULT',
    ]);
  });

  it('what is tracked without weight counts for all', () => {
    const b = activeGroup();
    b.router('mail').setTracking({ fault: 'script x is down: exit code 2', adds: 0, tracks: [] });
    assert.deepEqual(b.states(), ['FAULT', 'FAULT']);
    b.router('mail').setTracking({ fault: null, adds: 0, tracks: [] });
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });
});
