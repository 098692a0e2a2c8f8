import assert from 'node:assert/strict';
import { activeDownIntervalMs, leaveIntervalMs, resumeIntervalMs, skewTimeMs } from '../../../src/vrrp/timers.ts';

describe('vrrp/timers (RFC 9568 section 6.1)', () => {
  const intervals: readonly [priority: number, intervalMs: number, skewMs: number, downMs: number, resumeMs: number][] =
    [
      [100, 1000, 609.375, 3609.375, 1609.375],
      [254, 1000, 7.8125, 3007.8125, 1007.8125],
      [255, 1000, 3.90625, 3003.90625, 1003.90625],
      [1, 1000, 996.09375, 3996.09375, 1996.09375],
      [128, 1000, 500, 3500, 1500],
      [150, 500, 207.03125, 1707.03125, 707.03125],
      [100, 10, 6.09375, 36.09375, 16.09375],
      [100, 40_950, 24_953.90625, 147_803.90625, 65_903.90625],
    ];
  for (const [priority, intervalMs, skewMs, downMs, resumeMs] of intervals) {
    it(`priority ${priority}, ${intervalMs} ms: skew ${skewMs}, down ${downMs}, resume ${resumeMs}`, () => {
      assert.equal(skewTimeMs(3, priority, intervalMs), skewMs);
      assert.equal(activeDownIntervalMs(3, priority, intervalMs), downMs);
      assert.equal(resumeIntervalMs(3, priority, intervalMs), resumeMs);
    });
  }

  it('a higher priority never waits longer than a lower one', () => {
    for (let priority = 1; priority < 255; priority++) {
      assert.ok(skewTimeMs(3, priority + 1, 1000) < skewTimeMs(3, priority, 1000));
      assert.ok(activeDownIntervalMs(3, priority + 1, 1000) < activeDownIntervalMs(3, priority, 1000));
    }
  });

  it('resuming is over a whole interval before any peer gives up the Active Router', () => {
    for (const intervalMs of [10, 1000, 40_950]) {
      for (let ours = 1; ours < 255; ours++) {
        for (let theirs = 1; theirs < 255; theirs++) {
          const margin = activeDownIntervalMs(3, theirs, intervalMs) - resumeIntervalMs(3, ours, intervalMs);
          assert.ok(margin > intervalMs, `priority ${ours} beside ${theirs}, ${intervalMs} ms`);
        }
      }
    }
  });

  const leaves: readonly [intervalMs: number, leaveMs: number][] = [
    [10, 60],
    [1000, 1050],
    [1950, 2000],
    [1960, 2000],
    [40_950, 2000],
  ];
  for (const [intervalMs, leaveMs] of leaves) {
    it(`a leaving router that advertised every ${intervalMs} ms keeps the addresses for ${leaveMs} ms`, () => {
      assert.equal(leaveIntervalMs(3, intervalMs), leaveMs);
    });
  }

  it('up to two seconds, leaving lasts longer than the Skew_Time of any successor', () => {
    for (const intervalMs of [10, 100, 1000, 2000]) {
      assert.ok(leaveIntervalMs(3, intervalMs) > skewTimeMs(3, 1, intervalMs), `${intervalMs} ms`);
    }
  });
});

describe('vrrp/timers (RFC 3768 section 6.1)', () => {
  const intervals: readonly [priority: number, intervalMs: number, skewMs: number, downMs: number, resumeMs: number][] =
    [
      [100, 1000, 609.375, 3609.375, 1609.375],
      [254, 1000, 7.8125, 3007.8125, 1007.8125],
      [100, 10_000, 609.375, 30_609.375, 10_609.375],
      [1, 255_000, 996.09375, 765_996.09375, 255_996.09375],
    ];
  for (const [priority, intervalMs, skewMs, downMs, resumeMs] of intervals) {
    it(`priority ${priority}, ${intervalMs / 1000} s: skew ${skewMs} whatever the interval, down ${downMs}`, () => {
      assert.equal(skewTimeMs(2, priority, intervalMs), skewMs);
      assert.equal(activeDownIntervalMs(2, priority, intervalMs), downMs);
      assert.equal(resumeIntervalMs(2, priority, intervalMs), resumeMs);
    });
  }

  it('a leaving router keeps the addresses longer than the Skew_Time of any successor', () => {
    for (const intervalMs of [1000, 10_000, 255_000]) assert.equal(leaveIntervalMs(2, intervalMs), 1050);
    assert.ok(skewTimeMs(2, 1, 255_000) < 1050);
  });
});
