import assert from 'node:assert/strict';
import { vip } from './builders.ts';
import { activeGroup, groupBench, LOW_PEER } from './group-bench.ts';
import { DOWN, linkUp } from './instance-bench.ts';

const HELD = 'sync group pair: mail is in FAULT';
const NO_LINK = 'interface eth0 is down or has no carrier';

describe('vrrp/sync-group: becoming Active', () => {
  it('all start together and take over together', () => {
    const b = groupBench();
    b.start();
    assert.deepEqual(b.happened(), ['web BACKUP: startup', 'mail BACKUP: startup']);
    b.until(3609.375);
    assert.deepEqual(b.happened(), [
      'web advert 100',
      'web MASTER: active-down',
      'mail advert 100',
      'mail MASTER: active-down',
    ]);
    assert.deepEqual(b.roles, ['pair FAULT (web: not started)', 'pair BACKUP (startup)', 'pair MASTER (active-down)']);
  });

  it('one whose time has come waits for the others, and says for whom', () => {
    const b = groupBench();
    b.start();
    b.until(1000);
    b.hear('mail', 150);
    b.until(3609.375);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    assert.equal(b.router('web').dueAt, null);
    assert.equal(b.router('web').report().whyNotMaster, 'sync group pair: mail is not ready');
    b.until(4609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('different intervals: both wait for the slower one', () => {
    const b = groupBench({}, [
      { name: 'web', vrid: 51 },
      { name: 'mail', vrid: 52, advertisementIntervalMs: 300 },
    ]);
    b.start();
    b.until(3609);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    b.until(3609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the peer that leaves with priority 0 is succeeded for all of them', () => {
    const b = groupBench();
    b.start();
    for (const name of ['web', 'mail']) b.hear(name, 150);
    b.until(1000);
    for (const name of ['web', 'mail']) b.hear(name, 0);
    b.until(1609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('owners too are Active together, at once', () => {
    const b = groupBench({ priority: 255 });
    b.start();
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('preempt: false of one keeps all back', () => {
    const b = groupBench({}, [
      { name: 'web', vrid: 51 },
      { name: 'mail', vrid: 52, preempt: false },
    ]);
    b.start();
    for (let at = 1000; at <= 20_000; at += 1000) {
      b.until(at);
      for (const name of ['web', 'mail']) b.hear(name, 50);
    }
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('the preempt delay is one delay, not one for each member', () => {
    const b = groupBench({ preemptDelayMs: 10_000 });
    b.start();
    for (let at = 500; at <= 10_500; at += 1000) {
      b.until(at);
      b.hear('web', 50);
      b.until(at + 100);
      b.hear('mail', 50);
    }
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
    assert.equal(b.router('web').reason, 'preempt-delay');
  });

  it('addresses found at start are resumed together', () => {
    const b = groupBench();
    b.start(true);
    b.until(1609.375);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });
});

describe('vrrp/sync-group: losing', () => {
  it('a higher priority heard by one takes all back, with priority 0 and release', () => {
    const b = activeGroup();
    b.hear('web', 150);
    assert.deepEqual(b.happened(), [
      'web release',
      'web BACKUP: higher-priority',
      'mail advert 0',
      'mail release',
      'mail BACKUP: sync-group',
      'web advert 100',
    ]);
    assert.equal(b.roles.at(-1), 'pair BACKUP (higher-priority)');
  });

  it('is not taken back by the member that hears nobody', () => {
    const b = activeGroup();
    for (let at = 4000; at < 30_000; at += 1000) {
      b.until(at);
      b.hear('web', 150);
    }
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    b.until(40_000);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the first member decides between equals: one that loses the tie-break does not yield while the first has won', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('web', 100, LOW_PEER); // web wins by its address
    b.hear('mail', 100);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('a win is worth two intervals', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 150);
    b.until(4001);
    b.hear('web', 100, LOW_PEER);
    b.until(6000);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
    b.until(6001);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('a later member gives the first one two intervals to decide: its link may be the slower one', () => {
    for (const priority of [100, 150]) {
      const b = activeGroup();
      b.until(4000);
      b.hear('mail', priority);
      b.until(5000);
      b.hear('mail', priority);
      b.until(5999);
      b.hear('mail', priority);
      assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
      b.until(6000);
      b.hear('mail', priority);
      assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
    }
  });

  it('an old contest is not counted to a new one', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 150);
    b.until(20_000);
    b.hear('mail', 150);
    assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  });

  it('the win of a later member is worth nothing to an earlier one', () => {
    const b = activeGroup();
    b.until(4000);
    b.hear('mail', 100, LOW_PEER);
    b.hear('web', 100);
    assert.deepEqual(b.states(), ['BACKUP', 'BACKUP']);
  });

  it('both directors order the members alike, whatever the order in the file: IPv4, then the identifier', () => {
    const b = groupBench({}, [
      { name: 'a', vrid: 60 },
      { name: 'b', vrid: 7 },
    ]);
    const [first] = b.groups.of('pair')?.members ?? [];
    assert.equal(first?.config.name, 'b');
    const mixed = groupBench({}, [
      { name: 'six', vrid: 1, family: 6, virtualAddresses: [vip('fe80::100', 64)] },
      { name: 'four', vrid: 2 },
    ]);
    assert.deepEqual(
      mixed.groups.of('pair')?.members.map(({ config }) => config.name),
      ['four', 'six'],
    );
  });
});

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
