import assert from 'node:assert/strict';
import { planDaemons } from '../../../src/ipvs/plan.ts';
import { describeCommand } from '../../../src/ipvs/refusal.ts';
import type { SyncDaemon } from '../../../src/ipvs/types.ts';
import { daemonOf } from './builders.ts';

const RUNNING = daemonOf({ maxLength: 1472, group: '224.0.0.81', port: 8848, ttl: 1 });
const START_MASTER = 'start the master sync daemon on lo';
const STOP_MASTER = 'stop the master sync daemon';

describe('IPVS sync daemon plan', () => {
  const backup = daemonOf({ role: 'backup' });
  const rows: readonly (readonly [string, readonly SyncDaemon[], readonly SyncDaemon[], readonly string[]])[] = [
    ['none wanted, none there', [], [], []],
    ['start', [daemonOf({})], [], [START_MASTER]],
    ['stop', [], [RUNNING], [STOP_MASTER]],
    ['defaults of the kernel satisfy null', [daemonOf({})], [RUNNING], []],
    ['defaults of the kernel satisfy zero', [daemonOf({ maxLength: 0, port: 0, ttl: 0 })], [RUNNING], []],
    ['another role: stop, then start', [backup], [RUNNING], [STOP_MASTER, 'start the backup sync daemon on lo']],
    ['both at once', [daemonOf({}), backup], [RUNNING], ['start the backup sync daemon on lo']],
    [
      'another interface',
      [daemonOf({ interface: 'eth1' })],
      [RUNNING],
      [STOP_MASTER, 'start the master sync daemon on eth1'],
    ],
    ['another id', [daemonOf({ syncId: 8 })], [RUNNING], [STOP_MASTER, START_MASTER]],
    ['another length', [daemonOf({ maxLength: 1400 })], [RUNNING], [STOP_MASTER, START_MASTER]],
    ['another group', [daemonOf({ group: '224.0.0.90' })], [RUNNING], [STOP_MASTER, START_MASTER]],
    ['another port', [daemonOf({ port: 9000 })], [RUNNING], [STOP_MASTER, START_MASTER]],
    ['another ttl', [daemonOf({ ttl: 2 })], [RUNNING], [STOP_MASTER, START_MASTER]],
    [
      'a length that the kernel raises for a backup is no change',
      [daemonOf({ role: 'backup', maxLength: 10 })],
      [{ ...RUNNING, role: 'backup', maxLength: 1024 }],
      [],
    ],
    [
      'a length that the kernel lowers is no change',
      [daemonOf({ maxLength: 65535 })],
      [{ ...RUNNING, maxLength: 65507 }],
      [],
    ],
    [
      'likewise for an IPv6 group',
      [daemonOf({ maxLength: 65535, group: 'ff02::81' })],
      [{ ...RUNNING, group: 'ff02::81', maxLength: 65487 }],
      [],
    ],
  ];
  for (const [what, desired, actual, commands] of rows) {
    it(what, () => assert.deepEqual(planDaemons(desired, actual).map(describeCommand), commands));
  }
});
