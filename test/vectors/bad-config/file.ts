/** The file as a whole: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { SERVER } from './bad-config.ts';

export const file: readonly BadConfig[] = [
  {
    what: 'empty file',
    text: '',
    problems: ['1:1: the file holds nothing: give `vrrp`, `virtual_servers` or both'],
  },
  {
    what: 'comments only',
    text: `# nothing yet
`,
    problems: ['1:1: the file holds nothing: give `vrrp`, `virtual_servers` or both'],
  },
  {
    what: 'a null document',
    text: `~
`,
    problems: ['1:1: the file holds nothing: give `vrrp`, `virtual_servers` or both'],
  },
  {
    what: 'a list',
    text: `- a
- b
`,
    problems: [
      '1:1: must be a mapping with keys such as name, vrrp_process, vrrp, vrrp_groups, tracked_scripts, tracked_processes; found a list',
    ],
  },
  {
    what: 'a word',
    text: `lvsd
`,
    problems: [
      '1:1: must be a mapping with keys such as name, vrrp_process, vrrp, vrrp_groups, tracked_scripts, tracked_processes; found "lvsd"',
    ],
  },
  {
    what: 'neither section',
    text: `name: lb1
`,
    problems: ['1:1: the file gives neither `vrrp` nor `virtual_servers` (if none are wanted: `virtual_servers: []`)'],
  },
  {
    what: 'an unclosed list',
    text: `name: lb1
vrrp: [1, 2
`,
    problems: ['3:1: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]'],
  },
  {
    what: 'a tab as indentation',
    text: `ipvs:
	keep_on_exit: true
`,
    problems: ['2:1: not valid YAML: tabs are not allowed as indentation'],
  },
  {
    what: 'two documents',
    text: `vrrp: []
---
vrrp: []
`,
    problems: ['2:1: not valid YAML: the file has more than one document (`---`)'],
  },
  {
    what: 'an unknown tag',
    text: `vrrp: []
name: !secret lb1
`,
    problems: ['2:7: not valid YAML: unresolved tag: !secret'],
  },
  {
    what: 'an alias without anchor',
    text: `vrrp: *nowhere
`,
    problems: ['1:7: not valid YAML: no anchor "nowhere" comes before this alias'],
  },
  {
    what: 'a key given twice, and a bad value',
    text: `name: a
vrrp: []
name: b c
`,
    problems: [
      '3:1: name: given twice in this mapping',
      '3:7: name: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit; found "b c"',
    ],
  },
  {
    what: 'a key given twice deep down',
    text: `${SERVER}    real_servers:
      - address: 10.0.0.1
        weight: 1
        weight: 2
`,
    problems: ['8:9: virtual_servers[0].real_servers[0].weight: given twice in this mapping'],
  },
  {
    what: 'a list as key',
    text: `vrrp: []
? [a]
: 1
`,
    problems: ['2:3: not valid here: a key must be a plain word'],
  },
  {
    what: 'aliases that multiply',
    text: `a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
vrrp: [*d, *d, *d, *d]
`,
    problems: ['1:1: not valid YAML: aliases are used too often; the limit is 1000, uses within uses multiply'],
  },
  {
    what: 'a list that holds itself',
    text: `vrrp: &a [*a]
`,
    problems: [
      '1:11: vrrp[0]: must be a mapping with keys such as name, interface, virtual_router_id, priority, advertisement_interval, preempt; found a list',
    ],
  },
  {
    what: 'unknown keys at the root',
    text: `virtual_server: []
__proto__: 1
"odd key": 2
`,
    problems: [
      '1:1: virtual_server: unknown key `virtual_server`; did you mean `virtual_servers`?',
      '2:1: __proto__: unknown key `__proto__`; the keys here are name, vrrp_process, vrrp, vrrp_groups, tracked_scripts, tracked_processes, bfd, notifications, connection_sync, ipvs, self_check, ...',
      '3:1: ["odd key"]: unknown key `odd key`; the keys here are name, vrrp_process, vrrp, vrrp_groups, tracked_scripts, tracked_processes, bfd, notifications, connection_sync, ipvs, self_check, ...',
    ],
  },
  {
    what: 'a section that is no mapping',
    text: `vrrp: []
ipvs: 5s
`,
    problems: [
      '2:7: ipvs: must be a mapping with reconcile_interval, keep_on_exit, exclusive, timeouts, settings, restore_settings; found "5s"',
    ],
  },
  {
    what: 'a section that is no list',
    text: `vrrp: {}
`,
    problems: ['1:7: vrrp: must be a list; found a mapping'],
  },
  {
    what: 'a bad name',
    text: `name: lb 1
vrrp: []
`,
    problems: [
      '1:7: name: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit; found "lb 1"',
    ],
  },
  {
    what: 'a name that YAML reads as a number',
    text: `name: 12
vrrp: []
`,
    problems: [
      '1:7: name: must be a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit; found 12 (put it in quotes if it is text)',
    ],
  },
];
