/** What keeps a virtual router from taking part, and how it begins again. */
import assert from 'node:assert/strict';
import { ip } from './builders.ts';
import { activeBench, advert, bench, DOWN, linkUp } from './instance-bench.ts';

const NO_MEMORY = 'Cannot add 192.0.2.100/24 to eth0: ENOMEM';

describe('vrrp/instance: the kernel refuses the addresses', () => {
  it('hands over, releases and says why; asks again a second later', () => {
    const b = bench();
    b.machine.refusal = NO_MEMORY;
    b.router.setLink(linkUp());
    b.happened();
    b.until(3609.375);
    assert.deepEqual(b.happened(), [
      'advert 100',
      'claim',
      `warn: web: ${NO_MEMORY}; handing over and trying again`,
      'advert 0',
      'release',
      `FAULT: ${NO_MEMORY}`,
    ]);
    assert.equal(b.router.report().fault, NO_MEMORY);
    assert.equal(b.router.report().transitionsToMaster, 0);
    assert.equal(b.machine.timer, 4609.375);

    b.until(4609.375);
    assert.deepEqual(b.happened(), ['claim', 'release'], 'a peer that serves is not disturbed');
    assert.equal(b.machine.timer, 5609.375);

    b.machine.refusal = null;
    b.until(5609.375);
    assert.deepEqual(b.happened(), ['claim', 'release', 'BACKUP: startup']);
    assert.equal(b.router.report().fault, null);
    b.until(9218.75);
    assert.deepEqual(b.happened(), ['advert 100', 'claim', 'announce', 'MASTER: active-down']);
  });

  it('what happens on the interface in between does not cut the second short', () => {
    const b = bench({ priority: 255 });
    b.machine.refusal = NO_MEMORY;
    b.router.setLink(linkUp());
    b.happened();
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.timer, 1000);
  });

  it('a link that goes down in between is the fault from then on', () => {
    const b = bench({ priority: 255 });
    b.machine.refusal = NO_MEMORY;
    b.router.setLink(linkUp());
    b.router.setLink(DOWN);
    assert.equal(b.machine.timer, null);
    b.happened();
    b.until(5000);
    assert.deepEqual(b.happened(), []);
    assert.equal(b.router.report().fault, 'interface eth0 is down or has no carrier');
    b.machine.refusal = null;
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), ['advert 255', 'claim', 'announce', 'MASTER: owner']);
  });

  it('is not asked again once it stops', () => {
    const b = bench({ priority: 255 });
    b.machine.refusal = NO_MEMORY;
    b.router.setLink(linkUp());
    b.happened();
    b.router.shutdown();
    assert.deepEqual(b.happened(), ['STOPPED: shutdown']);
    assert.equal(b.machine.timer, null);
    b.tickAt(9000);
    assert.deepEqual(b.happened(), []);
    assert.equal(b.router.role, 'STOPPED');
  });
});

describe('vrrp/instance: the interface', () => {
  it('going down while Active: priority 0, release, FAULT in words; coming back: BACKUP', () => {
    const b = activeBench();
    b.router.setLink(DOWN);
    assert.deepEqual(b.happened(), ['advert 0', 'release', 'FAULT: interface eth0 is down or has no carrier']);
    assert.equal(b.machine.timer, null);
    b.until(9000);
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), ['BACKUP: startup']);
    assert.equal(b.machine.timer, 12_609.375);
  });

  it('going down while Backup', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.happened();
    b.router.setLink(DOWN);
    assert.deepEqual(b.happened(), ['FAULT: interface eth0 is down or has no carrier']);
    b.router.setLink(DOWN);
    assert.deepEqual(b.happened(), []);
    b.router.setLink({ fault: 'interface eth0 does not exist' });
    assert.deepEqual(b.happened(), ['FAULT: interface eth0 does not exist']);
    assert.equal(b.router.report().fault, 'interface eth0 does not exist');
  });

  it('down from the start is told, once', () => {
    const b = bench();
    b.router.setLink(DOWN);
    b.router.setLink(DOWN);
    assert.deepEqual(b.happened(), ['FAULT: interface eth0 is down or has no carrier']);
  });

  it('an event that changes nothing moves neither state nor timer', () => {
    const b = activeBench();
    b.until(4000);
    const { armed } = b.machine;
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.armed, armed);
  });

  it('another primary address is used in the next tie-break', () => {
    const b = activeBench();
    b.router.setLink(linkUp({ primaryAddress: ip('192.0.2.3') }));
    b.hear(advert(100));
    assert.equal(b.router.role, 'MASTER');
    b.router.setLink(linkUp());
    b.hear(advert(100));
    assert.equal(b.router.role, 'BACKUP');
    assert.equal(b.router.report().reason, 'tie-break-lost');
  });
});

describe('vrrp/instance: tracked objects', () => {
  const down = { fault: 'script x is down: exit code 2', adds: 0, tracks: [] };

  it('without weight: FAULT like that of an interface; afterwards an ordinary start, whatever was found at the first', () => {
    const b = bench();
    b.router.setLink(linkUp({ holdsAddresses: true }));
    b.until(1609.375);
    b.happened();
    b.router.setTracking(down);
    assert.deepEqual(b.happened(), ['advert 0', 'release', 'FAULT: script x is down: exit code 2']);
    b.router.setTracking({ ...down, fault: null });
    assert.deepEqual(b.happened(), ['BACKUP: startup']);
    assert.equal(b.machine.timer, 5218.75);
  });

  it('weights: an Active Router advertises its new priority on the next beat', () => {
    const b = activeBench();
    b.router.setTracking({ fault: null, adds: -60, tracks: [] });
    assert.deepEqual(b.happened(), []);
    b.until(4609.375);
    assert.deepEqual(b.happened(), ['advert 40']);
    assert.equal(b.router.report().effectivePriority, 40);
  });

  it('weights: a Backup Router compares with its new priority', () => {
    const b = bench({ priority: 150 });
    b.router.setLink(linkUp());
    b.router.setTracking({ fault: null, adds: -100, tracks: [] });
    b.until(1000);
    b.hear(advert(100));
    assert.equal(b.machine.timer, 1000 + 3000 + 804.6875);
    b.router.setTracking({ fault: null, adds: 0, tracks: [] });
    b.until(2000);
    b.hear(advert(100));
    assert.equal(b.machine.timer, 1000 + 3000 + 414.0625);
  });

  it('the address owner keeps its priority', () => {
    const b = bench({ priority: 255 });
    b.router.setTracking({ fault: null, adds: -60, tracks: [] });
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), ['advert 255', 'claim', 'announce', 'MASTER: owner']);
  });
});
