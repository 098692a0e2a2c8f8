import assert from 'node:assert/strict';
import { groupStateOf } from '../../../src/notify/group-state.ts';
import type { NotifyState } from '../../../src/notify/words.ts';

describe('notify/group-state', () => {
  const rows: readonly [string, readonly (NotifyState | null)[], NotifyState | null][] = [
    ['nobody', [], null],
    ['nothing heard yet', [null, null], null],
    ['one not heard of yet', ['BACKUP', null], null],
    ['all agree', ['MASTER', 'MASTER'], 'MASTER'],
    ['on the way up', ['MASTER', 'BACKUP'], null],
    ['one in FAULT', ['BACKUP', 'FAULT'], 'FAULT'],
    ['one in FAULT, one not heard of', [null, 'FAULT'], 'FAULT'],
    ['on the way out', ['STOP', 'MASTER'], null],
    ['all stopped', ['STOP', 'STOP'], 'STOP'],
    ['of one member', ['BACKUP'], 'BACKUP'],
  ];
  for (const [name, members, state] of rows) it(name, () => assert.equal(groupStateOf(members), state));
});
