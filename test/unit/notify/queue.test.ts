import assert from 'node:assert/strict';
import fc from 'fast-check';
import { finish, IDLE, MOST_CONFLICTS, offer, type Queue } from '../../../src/notify/queue.ts';
import { type Note, noteText } from '../../../src/notify/words.ts';

const M: Note = { type: 'state', state: 'MASTER', priority: 1 };
const B: Note = { type: 'state', state: 'BACKUP', priority: 1 };
const F: Note = { type: 'state', state: 'FAULT', priority: 1 };
const two: Note = { type: 'conflict', what: 'TWO-ACTIVES', detail: '192.0.2.3' };
const web: Note = { type: 'service', realServer: null, state: 'UP' };
const webDown: Note = { type: 'service', realServer: null, state: 'DOWN' };
const one: Note = { type: 'service', realServer: '10.0.0.1:80', state: 'UP' };
const oneDown: Note = { type: 'service', realServer: '10.0.0.1:80', state: 'DOWN' };
const other: Note = { type: 'service', realServer: '10.0.0.2:80', state: 'UP' };
const healed: Note = { type: 'conflict', what: 'HEALED', detail: '192.0.2.3' };

/** What is run and what is skipped when all of this comes while the first still runs, and then all ends one by one. */
function flood(notes: readonly Note[]): { ran: readonly string[]; skipped: readonly string[] } {
  const ran: string[] = [];
  const skipped: string[] = [];
  let queue: Queue = IDLE;
  for (const note of notes) {
    const offered = offer(queue, note);
    queue = offered.queue;
    if (offered.start !== null) ran.push(noteText(offered.start));
    skipped.push(...offered.skipped.map(noteText));
  }
  for (;;) {
    const next = finish(queue);
    queue = next.queue;
    if (next.start === null) return { ran, skipped };
    ran.push(noteText(next.start));
  }
}

describe('notify/queue', () => {
  const rows: readonly [string, readonly Note[], readonly string[], readonly string[]][] = [
    ['nothing', [], [], []],
    ['one at a time, in order', [B, M], ['BACKUP', 'MASTER'], []],
    ['the newest state wins', [B, M, F, M], ['BACKUP', 'MASTER'], ['MASTER', 'FAULT']],
    ['the same state again is told again: it was left meanwhile', [M, B, M], ['MASTER', 'MASTER'], ['BACKUP']],
    ['a conflict keeps its place among states', [M, two, B], ['MASTER', 'TWO-ACTIVES', 'BACKUP'], []],
    [
      'a replaced state leaves its place: what comes last is told last',
      [M, B, two, M],
      ['MASTER', 'TWO-ACTIVES', 'MASTER'],
      ['BACKUP'],
    ],
    ['the same conflict twice is told once', [M, two, two], ['MASTER', 'TWO-ACTIVES'], ['TWO-ACTIVES']],
    [
      'of a virtual server and each of its real servers the newest state wins',
      [web, one, webDown, other, oneDown, web],
      ['UP', '10.0.0.2:80 UP', '10.0.0.1:80 DOWN', 'UP'],
      ['10.0.0.1:80 UP', 'DOWN'],
    ],
    ['different conflicts are told both', [M, two, healed], ['MASTER', 'TWO-ACTIVES', 'HEALED'], []],
  ];
  for (const [name, notes, ran, skipped] of rows) {
    it(name, () => assert.deepEqual(flood(notes), { ran, skipped }));
  }

  it('starts at once when nothing runs, and again after it has run dry', () => {
    const first = offer(IDLE, M);
    assert.deepEqual(first, { queue: { running: M, waiting: [] }, start: M, skipped: [] });
    assert.deepEqual(finish(first.queue), { queue: IDLE, start: null });
  });

  it('whatever comes: bounded, the last state is the last one told, and nothing is both told and skipped', () => {
    const note = fc.oneof(
      fc.constantFrom<Note>(M, B, F),
      fc.nat(20).map((n): Note => ({ type: 'conflict', what: 'TWO-ACTIVES', detail: String(n) })),
    );
    fc.assert(
      fc.property(fc.array(fc.option(note), { maxLength: 60 }), (steps) => {
        let queue: Queue = IDLE;
        let [offered, told, skipped] = [0, 0, 0];
        let lastState: Note | null = null;
        let lastTold: Note | null = null;
        const run = (start: Note | null): void => {
          if (start === null) return;
          told++;
          if (start.type === 'state') lastTold = start;
        };
        for (const step of steps) {
          if (step === null) {
            const next = finish(queue);
            queue = next.queue;
            run(next.start);
            continue;
          }
          const result = offer(queue, step);
          queue = result.queue;
          offered++;
          skipped += result.skipped.length;
          if (step.type === 'state') lastState = step;
          run(result.start);
          assert.ok(queue.waiting.length <= MOST_CONFLICTS + 1);
        }
        while (queue.running !== null) {
          const next = finish(queue);
          queue = next.queue;
          run(next.start);
        }
        assert.equal(lastTold, lastState);
        assert.equal(told + skipped, offered);
      }),
    );
  });
});
