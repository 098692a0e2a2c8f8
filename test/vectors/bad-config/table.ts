/** The kernel's table, its timeouts and settings, draining: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

export const table: readonly BadConfig[] = [
  {
    what: 'words and timeouts',
    text: `vrrp: []
ipvs:
  exclusive: yes
  restore_settings: 1
  timeouts: { tcp: 0s, tcp_fin: 1500ms, udp: 597h, sctp: 1s }
`,
    problems: [
      '3:14: ipvs.exclusive: must be true or false; found "yes"',
      '4:21: ipvs.restore_settings: must be true or false; found 1',
      '5:20: ipvs.timeouts.tcp: must be a duration from 1s to 596h in steps of 1s; found "0s"',
      '5:33: ipvs.timeouts.tcp_fin: must be a duration from 1s to 596h in steps of 1s; found "1500ms"',
      '5:46: ipvs.timeouts.udp: must be a duration from 1s to 596h in steps of 1s; found "597h"',
      '5:52: ipvs.timeouts.sctp: unknown key `sctp`; the keys here are tcp, tcp_fin, udp',
    ],
  },
  {
    what: 'settings of another type',
    text: `vrrp: []
ipvs:
  settings:
    conntrack: 1
    conn_reuse_mode: 4
    drop_entry: 3
    secure_tcp: on
    sync_refresh_period: 10
    sync_retries: 4
    sync_ports: 65
    sync_version: 2
    est_nice: 20
    est_cpulist: all
    am_droprate: 0
`,
    problems: [
      '4:16: ipvs.settings.conntrack: must be true or false; found 1',
      '5:22: ipvs.settings.conn_reuse_mode: must be a whole number from 0 to 3; found 4',
      '6:17: ipvs.settings.drop_entry: must be one of off, auto, always; found 3',
      '7:17: ipvs.settings.secure_tcp: must be one of off, auto, always; found "on"',
      '8:26: ipvs.settings.sync_refresh_period: must be a duration from 0s to 1h in steps of 1s; found 10, which has no unit: write 10s if seconds are meant (ms, s, m, h)',
      '9:19: ipvs.settings.sync_retries: must be a whole number from 0 to 3; found 4',
      '10:17: ipvs.settings.sync_ports: must be a whole number from 1 to 64; found 65',
      '11:19: ipvs.settings.sync_version: must be a whole number from 0 to 1; found 2',
      '12:15: ipvs.settings.est_nice: must be a whole number from -20 to 19; found 20',
      '13:18: ipvs.settings.est_cpulist: must be processors such as "0-3,6"; found "all"',
      '14:18: ipvs.settings.am_droprate: must be a whole number from 1 to 2147483647; found 0',
    ],
  },
  {
    what: 'a setting that the kernel does not have',
    text: `vrrp: []
ipvs: { settings: { expire_nodest_con: true } }
`,
    problems: [
      '2:21: ipvs.settings.expire_nodest_con: unknown key `expire_nodest_con`; did you mean `expire_nodest_conn`?',
    ],
  },
  {
    what: 'sync_threshold and sync_period: the kernel takes them as a pair',
    text: `vrrp: []
ipvs: { settings: { sync_threshold: 60 } }
`,
    problems: [
      '2:37: ipvs.settings.sync_threshold: sync_threshold must be below sync_period, unless that is 0; found 60 of 50',
    ],
  },
  {
    what: 'sync_period not above the threshold that was not given',
    text: `vrrp: []
ipvs: { settings: { sync_period: 3 } }
`,
    problems: [
      '2:34: ipvs.settings.sync_period: sync_threshold must be below sync_period, unless that is 0; found 3 of 3',
    ],
  },
  {
    what: 'sync_ports: a power of two',
    text: `vrrp: []
ipvs: { settings: { sync_ports: 3 } }
`,
    problems: ['2:33: ipvs.settings.sync_ports: must be 1, 2, 4, 8, 16, 32 or 64; found 3'],
  },
  {
    what: 'conntrack off beside full NAT',
    text: `${SERVER}    real_servers: [{ address: 10.0.0.1, forwarding: fullnat }]
ipvs: { settings: { conntrack: false } }
`,
    problems: ['6:32: ipvs.settings.conntrack: must be true or left out: "a" has `forwarding: fullnat`'],
  },
  {
    what: 'the old place of sloppy_tcp',
    text: `vrrp: []
ipvs: { sloppy_tcp: true }
`,
    problems: [
      '2:9: ipvs.sloppy_tcp: unknown key `sloppy_tcp`; the keys here are reconcile_interval, keep_on_exit, exclusive, timeouts, settings, restore_settings',
    ],
  },
  {
    what: 'drain timeouts',
    text: `${SERVER}    drain_timeout: 25h
defaults: { drain_timeout: 0 }
`,
    problems: [
      '5:20: virtual_servers[0].drain_timeout: must be a duration from 0s to 24h; found "25h"',
      '6:28: defaults.drain_timeout: must be a duration from 0s to 24h; found 0, which has no unit: write 0s if seconds are meant (ms, s, m, h)',
    ],
  },
];
