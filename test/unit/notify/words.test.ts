import assert from 'node:assert/strict';
import type { NotifyConfig } from '../../../src/config/types-notify.ts';
import {
  commandsFor,
  fifoLine,
  type Note,
  notifyStateOf,
  type ServiceNote,
  type Subject,
} from '../../../src/notify/words.ts';
import type { Role } from '../../../src/vrrp/messages.ts';

const web: Subject = { kind: 'INSTANCE', name: 'web' };
const pair: Subject = { kind: 'GROUP', name: 'pair' };
const nothing: NotifyConfig = {
  script: null,
  master: null,
  backup: null,
  fault: null,
  stop: null,
  conflict: null,
  user: null,
  timeoutMs: 10_000,
};
const everything: NotifyConfig = {
  ...nothing,
  script: ['/n', 'a b'],
  master: ['/m', 'x'],
  backup: ['/b'],
  fault: ['/f'],
  stop: ['/s'],
  conflict: ['/c'],
};
type RouterNote = Exclude<Note, ServiceNote>;

const state = (word: 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP', priority = 150): RouterNote => ({
  type: 'state',
  state: word,
  priority,
});

describe("notify/words: keepalived's words", () => {
  const roles: readonly [Role, ReturnType<typeof notifyStateOf>][] = [
    ['MASTER', 'MASTER'],
    ['BACKUP', 'BACKUP'],
    ['FAULT', 'FAULT'],
    ['STOPPED', 'STOP'],
    ['LEAVING', null],
  ];
  for (const [role, word] of roles) {
    it(`${role} is told as ${word ?? 'nothing'}`, () => assert.equal(notifyStateOf(role), word));
  }

  // Lines that keepalived 2.2.7 wrote to its vrrp_notify_fifo.
  it('the lines of the FIFO', () => {
    assert.equal(fifoLine(web, 'MASTER', 150), 'INSTANCE "web" MASTER 150\n');
    assert.equal(fifoLine(pair, 'BACKUP', 0), 'GROUP "pair" BACKUP 0\n');
  });

  const rows: readonly [string, NotifyConfig, Subject, RouterNote, readonly (readonly string[])[]][] = [
    ['nothing configured', nothing, web, state('MASTER'), []],
    [
      'a generic script alone',
      { ...nothing, script: ['/n'] },
      web,
      state('FAULT', 7),
      [['/n', 'INSTANCE', 'web', 'FAULT', '7']],
    ],
    ['the script of another state', { ...nothing, master: ['/m'] }, web, state('BACKUP'), []],
    [
      'MASTER: its script first, as it is, then the generic one with four more arguments',
      everything,
      web,
      state('MASTER'),
      [
        ['/m', 'x'],
        ['/n', 'a b', 'INSTANCE', 'web', 'MASTER', '150'],
      ],
    ],
    [
      'BACKUP of a group',
      everything,
      pair,
      state('BACKUP', 0),
      [['/b'], ['/n', 'a b', 'GROUP', 'pair', 'BACKUP', '0']],
    ],
    ['FAULT', everything, web, state('FAULT'), [['/f'], ['/n', 'a b', 'INSTANCE', 'web', 'FAULT', '150']]],
    ['STOP', everything, web, state('STOP'), [['/s'], ['/n', 'a b', 'INSTANCE', 'web', 'STOP', '150']]],
    [
      'a conflict: its own script only',
      everything,
      web,
      { type: 'conflict', what: 'HEALED', detail: '192.0.2.3' },
      [['/c', 'INSTANCE', 'web', 'HEALED', '192.0.2.3']],
    ],
    [
      'a conflict without a script',
      { ...everything, conflict: null },
      web,
      { type: 'conflict', what: 'HEALED', detail: '' },
      [],
    ],
  ];
  for (const [name, config, subject, note, commands] of rows) {
    it(name, () => assert.deepEqual(commandsFor(config, subject, note), commands));
  }
});
