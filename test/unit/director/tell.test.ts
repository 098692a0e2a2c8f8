import assert from 'node:assert/strict';
import { tellChange } from '../../../src/director/tell.ts';
import type { Change } from '../../../src/director/world.ts';
import type { Combined } from '../../../src/health/verdict.ts';
import { tcpCheck } from './builders.ts';

const up: Combined = { verdict: 'up', failure: null };
const failure = { reason: 'refused', detail: 'connect ECONNREFUSED' } as const;
const down: Combined = { verdict: 'down', failure };
const virtualServer = 'web';
const standing = (isUp: boolean, sorry: boolean, usableWeight = 50) => ({ up: isUp, sorry, usableWeight });
const panic = { sinceMs: 0, failed: 3, of: 4, waitsFor: 'asked' } as const;

describe('director/tell', () => {
  const rows: readonly [change: Change, level: 'info' | 'warn', text: string][] = [
    [
      { kind: 'real-server', virtualServer, realServer: '10.0.0.11:80', from: up, to: down },
      'warn',
      'web: real server 10.0.0.11:80 up -> down: refused (connect ECONNREFUSED)',
    ],
    [
      { kind: 'real-server', virtualServer, realServer: '10.0.0.11:80', from: down, to: up },
      'info',
      'web: real server 10.0.0.11:80 down -> up',
    ],
    [
      { kind: 'sorry-server', virtualServer, sorryServer: '10.0.0.90:80', from: up, to: down },
      'warn',
      'web: sorry server 10.0.0.90:80 up -> down: refused (connect ECONNREFUSED)',
    ],
    [
      { kind: 'virtual-server', virtualServer, from: standing(false, true), to: standing(true, false) },
      'info',
      'web: virtual server up, usable weight 50',
    ],
    [
      { kind: 'virtual-server', virtualServer, from: standing(true, false), to: standing(false, true) },
      'warn',
      'web: virtual server down, usable weight 50 is below the quorum, the sorry server takes over',
    ],
    [
      { kind: 'virtual-server', virtualServer, from: standing(false, false), to: standing(false, true) },
      'warn',
      'web: the sorry server takes over, usable weight 50',
    ],
    [
      { kind: 'virtual-server', virtualServer, from: standing(false, true), to: standing(false, false) },
      'warn',
      'web: no sorry server is left, real servers that are up serve, usable weight 50',
    ],
    [
      { kind: 'tier', virtualServer, from: 0, to: 2 },
      'warn',
      'web: real servers up to tier 2 serve, until now up to tier 0',
    ],
    [
      { kind: 'tier', virtualServer, from: 2, to: 0 },
      'info',
      'web: real servers up to tier 0 serve, until now up to tier 2',
    ],
    [
      { kind: 'panic', virtualServer, panic, reason: '3 of 4 servers failed within 5 s' },
      'warn',
      'web: panic, 3 of 4 servers failed within 5 s; 3 real servers that are down keep their weight',
    ],
    [{ kind: 'panic', virtualServer, panic: null, reason: 'all are back' }, 'warn', 'web: panic is over, all are back'],
    [
      { kind: 'suspended', virtualServer, suspended: true, router: 'vip' },
      'info',
      'web: checks rest, vip is not MASTER',
    ],
    [{ kind: 'suspended', virtualServer, suspended: false, router: 'vip' }, 'info', 'web: checks go on, vip is MASTER'],
    [
      { kind: 'drain', virtualServer, realServer: '10.0.0.11:80', drains: true },
      'info',
      'web: real server 10.0.0.11:80 takes no new connections, as it is told',
    ],
    [
      { kind: 'drain', virtualServer, realServer: '10.0.0.11:80', drains: false },
      'info',
      'web: real server 10.0.0.11:80 takes new connections again',
    ],
    [
      { kind: 'self-check', from: 'up', to: 'down', failure },
      'warn',
      'self check up -> down: refused (connect ECONNREFUSED)',
    ],
    [
      {
        kind: 'warning',
        check: tcpCheck('2001:db8::11', 443),
        virtualServers: ['web', 'shop'],
        warning: 'certificate expires in 13 days',
      },
      'warn',
      'web, shop: tcp check of [2001:db8::11]:443 passes, but: certificate expires in 13 days',
    ],
    [
      { kind: 'warning', check: tcpCheck('10.0.0.11', 0), virtualServers: ['web'], warning: null },
      'info',
      'web: tcp check of 10.0.0.11: its warning is gone',
    ],
  ];
  for (const [change, level, text] of rows) {
    it(text, () => assert.deepEqual(tellChange(change), { level, text }));
  }
});
