/** Preemption, tracked objects and sync groups: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';

/** Lines 1 to 5: a virtual router that lacks nothing. */
const WHOLE = `vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1/24]
`;

export const syncGroups: readonly BadConfig[] = [
  {
    what: 'preempt',
    text: `${WHOLE}    preempt: 1
`,
    problems: ['6:14: vrrp[0].preempt: must be true, false or a mapping with delay; found 1'],
  },
  {
    what: 'preempt with a delay that is none',
    text: `${WHOLE}    preempt: { delay: 30 }
`,
    problems: [
      '6:23: vrrp[0].preempt.delay: must be a duration from 0s to 1h; found 30, which has no unit: write 30s if seconds are meant (ms, s, m, h)',
    ],
  },
  {
    what: 'preempt with another key',
    text: `${WHOLE}    preempt: { delay: 30s, hold: 2s }
`,
    problems: ['6:28: vrrp[0].preempt.hold: unknown key `hold`; the keys here are delay'],
  },
  {
    what: 'startup delay',
    text: `vrrp_process: { startup_delay: 2h }
${WHOLE}`,
    problems: ['1:32: vrrp_process.startup_delay: must be a duration from 0s to 1h; found "2h"'],
  },
  {
    what: 'tracked objects: one kind each',
    text: `${WHOLE}    track:
      - {}
      - { interface: eth1, script: x }
      - { interface: eth1, weight: 0 }
      - { interface: eth1, weight: 254 }
      - { file: relative }
`,
    problems: [
      '7:9: vrrp[0].track[0]: must have one of interface, script, file, process, virtual_server, bfd; found none',
      '8:9: vrrp[0].track[1]: must have one of interface, script, file, process, virtual_server, bfd; found interface and script',
      '9:36: vrrp[0].track[2].weight: must be a whole number from -253 to 253 other than 0 (without a weight, down is a FAULT); found 0',
      '10:36: vrrp[0].track[3].weight: must be a whole number from -253 to 253 other than 0 (without a weight, down is a FAULT); found 254',
      '11:17: vrrp[0].track[4].file: must be an absolute path; found "relative"',
    ],
  },
  {
    what: 'tracked objects: names, twice, delays',
    text: `${WHOLE}    track:
      - { script: chek }
      - { virtual_server: web }
      - { process: nobody, up_delay: 2s }
      - { interface: eth1 }
      - { interface: eth1, weight: -20 }
tracked_scripts:
  - { name: check, command: /bin/true }
`,
    problems: [
      '7:19: vrrp[0].track[0].script: must be a name of `tracked_scripts`; found "chek"; did you mean "check"?',
      '8:27: vrrp[0].track[1].virtual_server: must be a name of `virtual_servers`; found "web"; there are none',
      '9:20: vrrp[0].track[2].process: must be a name of `tracked_processes`; found "nobody"; there are none',
      '9:38: vrrp[0].track[2].up_delay: only goes with `interface`',
      '11:9: vrrp[0].track[4]: interface "eth1" is tracked twice',
    ],
  },
  {
    what: 'sync groups: members',
    text: `${WHOLE}vrrp_groups:
  - { name: one, members: [a, b] }
  - { name: one, members: [a] }
`,
    problems: [
      '7:31: vrrp_groups[0].members[1]: must name a virtual router of `vrrp`; found "b"; there is "a"',
      '8:13: vrrp_groups[1].name: "one" is already the name of vrrp_groups[0]',
      '8:28: vrrp_groups[1].members[0]: "a" is already in "one": a virtual router has one group',
    ],
  },
  {
    what: 'sync groups: without members',
    text: `${WHOLE}vrrp_groups: [{ name: two, members: [] }]
`,
    problems: ['6:37: vrrp_groups[0].members: must hold at least one virtual router'],
  },
  {
    what: 'sync groups: a weight counts for all or for none',
    text: `${WHOLE}    track:
      - { interface: eth1, weight: -20 }
      - { interface: eth2 }
      - { file: /run/x }
vrrp_groups:
  - { name: one, members: [a], track: [{ interface: eth2 }] }
`,
    problems: [
      '7:9: vrrp[0].track[0]: a weight must count for all members of a sync group: track it in the group "one"',
      '8:9: vrrp[0].track[1]: interface "eth2" is tracked by the group "one" already',
      '9:9: vrrp[0].track[2]: a weight must count for all members of a sync group: track it in the group "one"',
    ],
  },
];
