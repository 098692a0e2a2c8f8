/** Notifications: what is wrong, and what lvsd says about it. */
import type { BadConfig } from './bad-config.ts';
import { ROUTER } from './bad-config.ts';

const VIP = '    virtual_addresses: [192.0.2.1]\n';

export const notify: readonly BadConfig[] = [
  {
    what: 'what is no command, no user, no time',
    text: `${ROUTER}${VIP}    notify: { script: [], master: 7, user: "a b", timeout: 0s, mistress: /x }
`,
    problems: [
      '6:23: vrrp[0].notify.script: must be a command: one text, or a list of up to 256 words; found a list',
      '6:35: vrrp[0].notify.master: must be a command: one text, or a list of up to 256 words; found 7',
      '6:44: vrrp[0].notify.user: must be a user, or a user and a group such as "nobody:nogroup", by name or number; found "a b"',
      '6:60: vrrp[0].notify.timeout: must be a duration from 100ms to 1h; found "0s"',
      '6:64: vrrp[0].notify.mistress: unknown key `mistress`; the keys here are script, master, backup, fault, stop, conflict, user, timeout',
    ],
  },
  {
    what: 'a FIFO without its path',
    text: `${ROUTER}${VIP}notifications: { fifo_user: nobody, fifo_script: /x }
`,
    problems: [
      '6:29: notifications.fifo_user: only goes with `fifo`',
      '6:50: notifications.fifo_script: only goes with `fifo`',
    ],
  },
  {
    what: 'a FIFO for servers without its path',
    text: `${ROUTER}${VIP}notifications: { lvs_fifo_user: nobody, fifo: /run/x }
`,
    problems: ['6:33: notifications.lvs_fifo_user: only goes with `lvs_fifo`'],
  },
  {
    what: 'a FIFO for servers with the path of the other one',
    text: `${ROUTER}${VIP}notifications: { lvs_fifo: /run/x, fifo: /run/x }
`,
    problems: ['6:28: notifications.lvs_fifo: must be another one than `fifo`, which gets these lines too'],
  },
  {
    what: 'a FIFO with a path that depends on where lvsd was started',
    text: `${ROUTER}${VIP}notifications: { fifo: fifo }
`,
    problems: ['6:24: notifications.fifo: must be an absolute path; found "fifo"'],
  },
];
