import assert from 'node:assert/strict';
import { routerConfig, vip } from './builders.ts';
import { activeBench, advert, bench, DOWN, linkUp } from './instance-bench.ts';

describe('vrrp/instance: from start to Active', () => {
  it('does nothing before it knows its interface', () => {
    const b = bench();
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.timer, null);
    assert.equal(b.router.role, 'FAULT');
    assert.equal(b.router.report().fault, 'not started');
  });

  it('listens one Active_Down_Interval, then advertises, claims, announces and tells, in this order', () => {
    const b = bench();
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), ['BACKUP: startup']);
    assert.equal(b.machine.timer, 3609.375);
    b.until(3609);
    assert.deepEqual(b.happened(), []);
    b.until(3609.375);
    assert.deepEqual(b.happened(), ['advert 100', 'claim', 'announce', 'MASTER: active-down']);
    assert.equal(b.machine.timer, 4609.375);
    assert.equal(b.router.ownsAddresses, true);
  });

  it('the address owner is Active at once', () => {
    const b = bench({ priority: 255 });
    b.router.setLink(linkUp());
    assert.deepEqual(b.happened(), ['advert 255', 'claim', 'announce', 'MASTER: owner']);
  });

  it('arms one timer a step, and advertises on the beat', () => {
    const b = activeBench();
    const armed = b.machine.armed;
    b.until(6700);
    assert.deepEqual(b.happened(), ['advert 100', 'advert 100', 'advert 100']);
    assert.equal(b.machine.armed, armed + 3);
    assert.equal(b.machine.timer, 7609.375);
  });

  it('a tick that comes early only arms the timer again', () => {
    const b = activeBench();
    b.tickAt(4000);
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.timer, 4609.375);
    assert.deepEqual(b.router.report().lateness, { lastMs: 0, maxMs: 0 });
  });

  it('resumes early when it finds its addresses in place', () => {
    const b = bench();
    b.router.setLink(linkUp({ holdsAddresses: true }));
    assert.deepEqual(b.happened(), ['BACKUP: resume']);
    b.until(1609.375);
    assert.deepEqual(b.happened(), ['advert 100', 'claim', 'announce', 'MASTER: active-down']);
  });

  it('releases the addresses it found when another Active Router is heard', () => {
    const b = bench();
    b.router.setLink(linkUp({ holdsAddresses: true }));
    b.happened();
    b.hear(advert(150));
    assert.deepEqual(b.happened(), ['release']);
    assert.equal(b.machine.timer, 3609.375);
  });

  it('without an address to send from it advertises nothing and counts nothing', () => {
    const b = activeBench();
    const { sent } = b.router.report().adverts;
    b.machine.source = null;
    b.until(4700);
    assert.deepEqual(b.happened(), []);
    assert.equal(b.router.report().adverts.sent, sent);
  });
});

describe('vrrp/instance: reload', () => {
  it('keeps state and timers', () => {
    const b = activeBench();
    b.until(4000);
    b.router.reconfigure(routerConfig({ priority: 150, advertisementIntervalMs: 500 }));
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.timer, 4609.375);
    assert.equal(b.router.role, 'MASTER');
    b.until(5200);
    assert.deepEqual(b.happened(), ['advert 150', 'advert 150']); // 4609.375, 5109.375
  });

  it('of a Backup that changes its priority changes the Skew_Time in its timer', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.router.reconfigure(routerConfig({ priority: 200 }));
    assert.equal(b.machine.timer, 3218.75); // 56/256 s instead of 156/256 s
    b.until(100);
    b.hear(advert(150));
    assert.equal(b.machine.timer, 3218.75); // lower now: discarded
    assert.equal(b.router.report().effectivePriority, 200);
  });

  it('compares the peer with the new addresses', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.router.reconfigure(routerConfig({ virtualAddresses: [vip('192.0.2.101', 24)] }));
    b.hear(advert(150));
    assert.equal(b.router.report().adverts.addressListErrors, 1);
  });
});

describe('vrrp/instance: stop', () => {
  it('of an Active Router keeps the addresses until the successor is heard', () => {
    const b = activeBench();
    b.until(4000);
    b.router.shutdown();
    assert.deepEqual(b.happened(), ['advert 0', 'LEAVING: shutdown']);
    assert.equal(b.router.ownsAddresses, true);
    assert.equal(b.machine.timer, 5050);
    b.until(4600);
    b.hear(advert(50));
    assert.deepEqual(b.happened(), []);
    b.until(4620);
    assert.deepEqual(b.happened(), ['release', 'STOPPED: shutdown']);
    assert.equal(b.machine.timer, null);
    assert.equal(b.router.ownsAddresses, false);
  });

  it('of an Active Router without a successor ends after one interval and a bit', () => {
    const b = activeBench();
    b.until(4000);
    b.router.shutdown();
    b.happened();
    b.until(5049);
    assert.deepEqual(b.happened(), []);
    b.until(5050);
    assert.deepEqual(b.happened(), ['release', 'STOPPED: shutdown']);
  });

  it('of a Backup is immediate and silent on the wire', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.happened();
    b.router.shutdown();
    assert.deepEqual(b.happened(), ['STOPPED: shutdown']);
    assert.deepEqual(b.machine.sent, []);
  });

  it('is final: neither the link nor the peer starts it again', () => {
    const b = activeBench();
    b.router.shutdown();
    b.until(9000);
    b.happened();
    b.router.setLink(linkUp({ holdsAddresses: true }));
    b.hear(advert(0));
    b.tickAt(20_000);
    assert.deepEqual(b.happened(), []);
    assert.equal(b.router.role, 'STOPPED');
  });

  it('with the link going down meanwhile releases at once', () => {
    const b = activeBench();
    b.router.shutdown();
    b.happened();
    b.router.setLink(DOWN);
    assert.deepEqual(b.happened(), ['release', 'STOPPED: interface eth0 is down or has no carrier']);
  });
});

describe('vrrp/instance: lateness', () => {
  it('is recorded against the deadline, the last and the worst', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.tickAt(3700);
    assert.deepEqual(b.router.report().lateness, { lastMs: 90.625, maxMs: 90.625 });
    assert.equal(b.machine.timer, 4700);
    b.tickAt(4705);
    assert.deepEqual(b.router.report().lateness, { lastMs: 5, maxMs: 90.625 });
    assert.equal(b.machine.timer, 5700); // the beat does not move
  });
});
