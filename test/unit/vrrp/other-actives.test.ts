import assert from 'node:assert/strict';
import { OtherActives } from '../../../src/vrrp/other-actives.ts';
import { ip } from './builders.ts';

const OURS = { priority: 150, intervalMs: 1000 };
const other = (priority: number, intervalMs = 1000, source = '10.0.0.12') => ({
  source: ip(source),
  priority,
  intervalMs,
});

function active(since = 0): OtherActives {
  const others = new OtherActives();
  others.becameActive(since);
  return others;
}

describe('vrrp/other-actives', () => {
  const TOLD = '10.0.0.12 is active too, with priority 100; ours is 150';

  it('is silent about one that we have just taken over from', () => {
    const others = active();
    assert.equal(others.heard(other(100), OURS, 999), null);
    assert.deepEqual(others.report(999), { seen: 0, current: null });
  });

  it('tells of one that speaks on after it must have heard us', () => {
    const others = active();
    assert.equal(others.heard(other(100), OURS, 1000), TOLD);
    assert.deepEqual(others.report(1500), {
      seen: 1,
      current: { address: '10.0.0.12', mac: null, priority: 100, forMs: 500 },
    });
  });

  it('gives one with a longer interval its own time', () => {
    const others = active();
    assert.equal(others.heard(other(100, 3000), OURS, 2999), null);
    assert.equal(others.heard(other(100, 3000), OURS, 3000), TOLD);
  });

  it('of equal priority nobody preempts: it is told at once', () => {
    assert.equal(active().heard(other(150), OURS, 1), '10.0.0.12 is active too, with priority 150; ours is 150');
  });

  it('one of higher priority preempts, which is in order', () => {
    const others = active();
    assert.equal(others.heard(other(200), OURS, 5000), null);
    assert.equal(others.report(5000).seen, 0);
  });

  it('a backup hears the active one all the time', () => {
    const others = active();
    others.yielded();
    assert.equal(others.heard(other(100), OURS, 9000), null);
    assert.equal(new OtherActives().heard(other(100), OURS, 9000), null);
  });

  it('tells of it once a minute while it lasts', () => {
    const others = active();
    const told = [];
    for (let now = 1000; now <= 130_000; now += 1000) if (others.heard(other(100), OURS, now) !== null) told.push(now);
    assert.deepEqual(told, [1000, 61_000, 121_000]);
    assert.equal(others.report(0).seen, 1);
  });

  it('is over when the other one was silent for three intervals; said once', () => {
    const others = active();
    others.heard(other(100), OURS, 1000);
    others.heard(other(100), OURS, 8000);
    assert.equal(others.healed(10_999), null);
    assert.equal(others.healed(11_000), '10.0.0.12 is not active any more, after 10 s beside this router');
    assert.equal(others.healed(12_000), null);
    assert.deepEqual(others.report(12_000), { seen: 1, current: null });
  });

  it('three short intervals are no silence', () => {
    const others = active();
    others.heard(other(100, 10), { ...OURS, intervalMs: 10 }, 1000);
    assert.equal(others.healed(2499), null);
    assert.notEqual(others.healed(2500), null);
  });

  it('a router that yielded has healed nothing', () => {
    const others = active();
    others.heard(other(150), OURS, 1000);
    others.yielded();
    assert.equal(others.healed(60_000), null);
    assert.deepEqual(others.report(60_000), { seen: 1, current: null });
  });

  it('the next one counts anew', () => {
    const others = active();
    others.heard(other(100), OURS, 1000);
    assert.notEqual(others.healed(9000), null);
    assert.equal(others.heard(other(100), OURS, 10_000), TOLD);
    others.heard(other(100, 1000, '10.0.0.13'), OURS, 10_500);
    assert.equal(others.report(10_500).seen, 3);
  });

  it('remembers which machine it is, until another one speaks', () => {
    const others = active();
    others.heard(other(100), OURS, 1000);
    others.identified(ip('10.0.0.99'), '02:00:00:00:00:99');
    assert.equal(others.report(1000).current?.mac, null);
    others.identified(ip('10.0.0.12'), '02:00:00:00:00:0b');
    others.heard(other(100), OURS, 2000);
    assert.equal(others.report(2000).current?.mac, '02:00:00:00:00:0b');
    others.heard(other(100, 1000, '10.0.0.13'), OURS, 3000);
    assert.equal(others.report(3000).current?.mac, null);
  });

  it('two that speak in turn are told once each, and it is over when both are silent', () => {
    const others = active();
    const told = [];
    for (let now = 1000; now <= 9000; now += 1000) {
      for (const source of ['10.0.0.12', '10.0.0.13']) {
        const news = others.heard(other(100, 1000, source), OURS, now);
        if (news !== null) told.push(`${now} ${news.split(' ')[0]}`);
      }
    }
    assert.deepEqual(told, ['1000 10.0.0.12', '1000 10.0.0.13']);
    assert.equal(others.report(9000).seen, 2);
    others.heard(other(100), OURS, 11_500);
    assert.equal(others.healed(12_000), null);
    assert.equal(others.healed(14_500), '10.0.0.12, 10.0.0.13 are not active any more, after 14 s beside this router');
    assert.equal(others.healed(20_000), null);
  });

  it('a flood of forged senders is not told of one by one', () => {
    const others = active();
    let told = 0;
    for (let i = 0; i < 200; i++) if (others.heard(other(100, 1000, `10.0.1.${i}`), OURS, 1000 + i) !== null) told++;
    assert.equal(told, 8);
    assert.equal(others.report(1200).seen, 8);
  });
});
