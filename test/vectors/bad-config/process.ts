/** Process and table: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';

export const process: readonly BadConfig[] = [
  {
    what: 'real-time priority',
    text: `vrrp: []
vrrp_process: { realtime_priority: 100, lock_memory: yes }
`,
    problems: [
      '2:36: vrrp_process.realtime_priority: must be a whole number from 0 to 99; found 100',
      '2:54: vrrp_process.lock_memory: must be true or false; found "yes"',
    ],
  },
  {
    what: 'durations',
    text: `vrrp: []
ipvs: { reconcile_interval: 5 }
defaults:
  check: { interval: 10ms, timeout: 1 second, rise: 0, fall: 1.5 }
`,
    problems: [
      '2:29: ipvs.reconcile_interval: must be a duration from 500ms to 1h; found 5, which has no unit: write 5s if seconds are meant (ms, s, m, h)',
      '4:22: defaults.check.interval: must be a duration from 50ms to 1h; found "10ms"',
      '4:37: defaults.check.timeout: must be a duration from 1ms to 1h; found "1 second" (examples: 250ms, 1.5s, 5m, 2h)',
      '4:53: defaults.check.rise: must be a whole number from 1 to 100; found 0',
      '4:62: defaults.check.fall: must be a whole number from 1 to 100; found 1.5',
    ],
  },
  {
    what: 'a duration as quoted number',
    text: `vrrp: []
ipvs: { reconcile_interval: "5" }
`,
    problems: [
      '2:29: ipvs.reconcile_interval: must be a duration from 500ms to 1h; found "5", which has no unit: write 5s if seconds are meant (ms, s, m, h)',
    ],
  },
  {
    what: 'a duration finer than a millisecond',
    text: `vrrp: []
defaults: { check: { timeout: 1.5ms } }
`,
    problems: ['2:31: defaults.check.timeout: must be a duration from 1ms to 1h; found "1.5ms"'],
  },
  {
    what: 'defaults',
    text: `vrrp: []
defaults: { scheduler: wlcc, forwarding: fulnat, weight: -1, on_failure: keep, initial: unknown }
`,
    problems: [
      '2:24: defaults.scheduler: must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos; found "wlcc"; did you mean "wlc"?',
      '2:42: defaults.forwarding: must be one of nat, direct, tunnel, fullnat; found "fulnat"; did you mean "fullnat"?',
      '2:58: defaults.weight: must be a whole number from 0 to 65535; found -1',
      '2:74: defaults.on_failure: must be one of zero, remove; found "keep"',
      '2:89: defaults.initial: must be one of down, up; found "unknown"',
    ],
  },
];
