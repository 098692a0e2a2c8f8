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
      assert.equal(skewTimeMs(priority, intervalMs), skewMs);
      assert.equal(activeDownIntervalMs(priority, intervalMs), downMs);
      assert.equal(resumeIntervalMs(priority, intervalMs), resumeMs);
    });
  }

  it('a higher priority never waits longer than a lower one', () => {
    for (let priority = 1; priority < 255; priority++) {
      assert.ok(skewTimeMs(priority + 1, 1000) < skewTimeMs(priority, 1000));
      assert.ok(activeDownIntervalMs(priority + 1, 1000) < activeDownIntervalMs(priority, 1000));
    }
  });

  it('resuming is over a whole interval before any peer gives up the Active Router', () => {
    for (const intervalMs of [10, 1000, 40_950]) {
      for (let ours = 1; ours < 255; ours++) {
        for (let theirs = 1; theirs < 255; theirs++) {
          const margin = activeDownIntervalMs(theirs, intervalMs) - resumeIntervalMs(ours, intervalMs);
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
      assert.equal(leaveIntervalMs(intervalMs), leaveMs);
    });
  }

  it('up to two seconds, leaving lasts longer than the Skew_Time of any successor', () => {
    for (const intervalMs of [10, 100, 1000, 2000]) {
      assert.ok(leaveIntervalMs(intervalMs) > skewTimeMs(1, intervalMs), `${intervalMs} ms`);
    }
  });
});
