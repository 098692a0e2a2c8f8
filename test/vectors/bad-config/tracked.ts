/** Tracked scripts and processes: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

const VRRP = `${ROUTER}    virtual_addresses: [192.0.2.1/24]
`;

export const tracked: readonly BadConfig[] = [
  {
    what: 'what is required',
    text: `${VRRP}tracked_scripts:
  - {}
tracked_processes:
  - {}
`,
    problems: [
      '7:5: tracked_scripts[0].name: missing: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
      '7:5: tracked_scripts[0].command: missing: must be a command: one text, or a list of up to 256 words',
      '9:5: tracked_processes[0].name: missing: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit',
      "9:5: tracked_processes[0].process: missing: must be a program's name, or its absolute path",
    ],
  },
  {
    what: 'commands',
    text: `${VRRP}tracked_scripts:
  - { name: a, command: [] }
  - { name: b, command: '' }
  - { name: c, command: "/bin/sh -c 'exit 0" }
  - { name: d, command: 5 }
  - { name: e, command: [/bin/sleep, 5] }
`,
    problems: [
      '7:25: tracked_scripts[0].command: must be a command: one text, or a list of up to 256 words; found a list',
      '8:25: tracked_scripts[1].command: must be a command: a program and its arguments; found ""',
      `9:25: tracked_scripts[2].command: must be a command whose quotes (') are closed; found "/bin/sh -c 'exit 0"`,
      '10:25: tracked_scripts[3].command: must be a command: one text, or a list of up to 256 words; found 5',
      '11:38: tracked_scripts[4].command[1]: must be text (put it in quotes); found 5',
    ],
  },
  {
    what: 'ranges',
    text: `${VRRP}tracked_scripts:
  - { name: a, command: /bin/true, interval: 10ms, timeout: 2, rise: 0, fall: 101, user: "a b", initial: on }
tracked_processes:
  - { name: a, process: "a/b", parameters: -x, quorum: -1, quorum_max: 65536, up_delay: 1, down_delay: 2h }
`,
    problems: [
      '7:46: tracked_scripts[0].interval: must be a duration from 50ms to 1h; found "10ms"',
      '7:61: tracked_scripts[0].timeout: must be a duration from 10ms to 1h; found 2, which has no unit: write 2s if seconds are meant (ms, s, m, h)',
      '7:70: tracked_scripts[0].rise: must be a whole number from 1 to 100; found 0',
      '7:79: tracked_scripts[0].fall: must be a whole number from 1 to 100; found 101',
      '7:90: tracked_scripts[0].user: must be a user, or a user and a group such as "nobody:nogroup", by name or number; found "a b"',
      '7:106: tracked_scripts[0].initial: must be one of up, down; found "on"',
      `9:25: tracked_processes[0].process: must be a program's name, or its absolute path; found "a/b"`,
      '9:44: tracked_processes[0].parameters: must be a list; found "-x"',
      '9:56: tracked_processes[0].quorum: must be a whole number from 0 to 65535; found -1',
      '9:72: tracked_processes[0].quorum_max: must be a whole number from 0 to 65535; found 65536',
      '9:89: tracked_processes[0].up_delay: must be a duration from 0s to 1h; found 1, which has no unit: write 1s if seconds are meant (ms, s, m, h)',
      '9:104: tracked_processes[0].down_delay: must be a duration from 0s to 1h; found "2h"',
    ],
  },
  {
    what: 'names twice, and quorums that cannot be',
    text: `${VRRP}tracked_scripts:
  - { name: a, command: /bin/true }
  - { name: a, command: /bin/true }
tracked_processes:
  - { name: p, process: a, quorum: 2, quorum_max: 1 }
  - { name: p, process: b, quorum: 0 }
`,
    problems: [
      '8:13: tracked_scripts[1].name: "a" is already the name of tracked_scripts[0]',
      '10:51: tracked_processes[0].quorum_max: must be at least the quorum, 2; found 1',
      '11:13: tracked_processes[1].name: "p" is already the name of tracked_processes[0]',
      '11:36: tracked_processes[1].quorum: must be at least 1 without `quorum_max`: 0 is always reached; found 0',
    ],
  },
];
