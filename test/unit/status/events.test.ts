import assert from 'node:assert/strict';
import type { Change } from '../../../src/director/observation.ts';
import { EventRing, type News } from '../../../src/status/events.ts';
import { newsOfConflict, newsOfTrack, newsOfVerdict } from '../../../src/status/news.ts';
import { eventText, isEventsAnswer, lostText } from '../../../src/status/render-events.ts';
import { tcpCheck } from '../director/builders.ts';

const news: News = { kind: 'router', object: 'web', from: 'BACKUP', to: 'MASTER', reason: 'active-down' };

function ringOf(capacity: number, count: number): EventRing {
  const ring = new EventRing(capacity);
  for (let i = 1; i <= count; i++) ring.add(i * 10, news);
  return ring;
}

describe('status/events: the ring', () => {
  const rows: readonly [string, number, number, number, readonly number[], number][] = [
    // capacity, events, since
    ['empty', 3, 0, 0, [], 0],
    ['all that is there', 3, 2, 0, [1, 2], 0],
    ['after a number', 3, 3, 2, [3], 0],
    ['nothing new', 3, 3, 3, [], 0],
    ['full, to the brim', 3, 3, 0, [1, 2, 3], 0],
    ['overrun: the oldest are lost, and counted', 3, 5, 0, [3, 4, 5], 2],
    ['overrun, seen until just before', 3, 5, 2, [3, 4, 5], 0],
    ['overrun behind a slow reader', 3, 9, 5, [7, 8, 9], 1],
    ['a number of the future is of another run: everything', 3, 2, 7, [1, 2], 0],
  ];
  for (const [name, capacity, count, since, seqs, lost] of rows) {
    it(name, () => {
      const ring = ringOf(capacity, count);
      const found = ring.after(since);
      assert.deepEqual([found.events.map(({ seq }) => seq), found.lost, ring.last], [seqs, lost, count]);
    });
  }

  it('an event has its number and its time, and nothing that its sender added', () => {
    const ring = new EventRing(3);
    const given = { ...news, secret: 'x' };
    assert.deepEqual(ring.add(17, given), { seq: 1, atMs: 17, ...news });
  });
});

describe('status/events: as text', () => {
  const rows: readonly [News, string][] = [
    [news, '#1 router web: BACKUP -> MASTER (active-down)'],
    [{ ...news, from: null, reason: null }, '#1 router web: MASTER'],
    [{ kind: 'repair', object: 'ipvs', from: null, to: null, reason: 'added x' }, '#1 repair ipvs: added x'],
    [{ kind: 'reload', object: '/x', from: null, to: null, reason: null }, '#1 reload /x'],
    [{ ...news, reason: 'a\u001b[31mb' }, '#1 router web: BACKUP -> MASTER (a?[31mb)'],
  ];
  for (const [given, text] of rows) {
    it(text, () => assert.equal(eventText(new EventRing(1).add(0, given), false), text));
  }

  it('colours what is good and what is bad', () => {
    const text = eventText(new EventRing(1).add(0, { ...news, from: null, to: 'FAULT', reason: null }), true);
    assert.equal(text, '#1 router web: \u001b[1;31mFAULT\u001b[0m');
  });

  it('says what is lost', () => {
    assert.match(lostText(1), /1 earlier event is lost/);
    assert.match(lostText(2), /2 earlier events are lost/);
  });

  it('knows its own format', () => {
    assert.ok(isEventsAnswer({ format: 1, instance: 'x', last: 0, lost: 0, events: [] }));
    for (const other of [null, 7, {}, { format: 2, instance: 'x', events: [] }, { format: 1, instance: 'x' }]) {
      assert.ok(!isEventsAnswer(other), JSON.stringify(other));
    }
  });
});

describe('status/news', () => {
  it('of a real server', () => {
    const failure = { reason: 'refused', detail: 'connect ECONNREFUSED 10.0.0.11:80' } as const;
    const from = { verdict: 'up', failure: null } as const;
    const to = { verdict: 'down', failure } as const;
    assert.deepEqual(
      newsOfVerdict({ kind: 'real-server', virtualServer: 'web', realServer: '10.0.0.11:80', from, to }),
      {
        kind: 'real-server',
        object: 'web 10.0.0.11:80',
        from: 'UP',
        to: 'DOWN',
        reason: 'refused: connect ECONNREFUSED 10.0.0.11:80',
      },
    );
  });

  it('of a virtual server', () => {
    const from = { up: true, usableWeight: 1, sorry: false };
    const to = { up: false, usableWeight: 0, sorry: true };
    assert.deepEqual(newsOfVerdict({ kind: 'virtual-server', virtualServer: 'web', from, to }), {
      kind: 'virtual-server',
      object: 'web',
      from: 'UP',
      to: 'DOWN',
      reason: 'usable weight 0, the sorry server takes over',
    });
  });

  const up = { verdict: 'up', failure: null } as const;
  const down = { verdict: 'down', failure: { reason: 'timeout', detail: 'x' } } as const;
  const panic = { sinceMs: 0, failed: 3, of: 4, waitsFor: 'asked' } as const;
  const web = { virtualServer: 'web' } as const;
  const check = { ...tcpCheck('10.0.0.11', 443), type: 'agent', send: null } as const;
  const changes: readonly (readonly [Change, string])[] = [
    [
      { kind: 'sorry-server', ...web, sorryServer: '10.0.0.90:80', from: up, to: down },
      '#1 sorry-server web 10.0.0.90:80: UP -> DOWN (timeout: x)',
    ],
    [{ kind: 'tier', ...web, from: 0, to: 2 }, '#1 tier web: 0 -> 2'],
    [{ kind: 'panic', ...web, panic, reason: '3 of 4 failed' }, '#1 panic web: PANIC (3 of 4 failed)'],
    [{ kind: 'panic', ...web, panic: null, reason: 'they are back' }, '#1 panic web: OVER (they are back)'],
    [{ kind: 'suspended', ...web, suspended: true, router: 'r' }, '#1 suspend web: SUSPENDED (r is not MASTER)'],
    [{ kind: 'suspended', ...web, suspended: false, router: 'r' }, '#1 suspend web: RESUMED (r is MASTER)'],
    [{ kind: 'drain', ...web, realServer: 'r:80', drains: true }, '#1 drain web r:80: DRAINING'],
    [{ kind: 'drain', ...web, realServer: 'r:80', drains: false }, '#1 drain web r:80: OVER'],
    [
      { kind: 'self-check', from: 'unknown', to: 'down', failure: down.failure },
      '#1 self-check self_check: UNKNOWN -> DOWN (timeout: x)',
    ],
    [
      { kind: 'warning', check, virtualServers: ['web', 'shop'], warning: 'expires' },
      '#1 warning agent 10.0.0.11:443: WARNING (expires (web, shop))',
    ],
    [
      { kind: 'warning', check, virtualServers: [], warning: null },
      '#1 warning agent 10.0.0.11:443: OVER (it is gone)',
    ],
  ];
  for (const [change, text] of changes) {
    it(text, () => assert.equal(eventText(new EventRing(1).add(0, newsOfVerdict(change)), false), text));
  }

  it('of two active routers', () => {
    assert.deepEqual(newsOfConflict('web', 'two-actives', '192.0.2.3'), {
      kind: 'conflict',
      object: 'web',
      from: null,
      to: 'TWO-ACTIVES',
      reason: '192.0.2.3',
    });
  });

  it('of tracked objects, when they say something else than before', () => {
    const up = { kind: 'up' } as const;
    const down = { kind: 'down', reason: 'exit code 2' } as const;
    assert.equal(newsOfTrack('script a', up, up), null);
    assert.equal(newsOfTrack('script a', down, { ...down, reason: 'exit code 3' }), null);
    assert.equal(newsOfTrack('file /x', { kind: 'value', value: 1 }, { kind: 'value', value: 1 }), null);
    assert.deepEqual(newsOfTrack('script a', up, down), {
      kind: 'track',
      object: 'script a',
      from: 'UP',
      to: 'DOWN',
      reason: 'exit code 2',
    });
    assert.deepEqual(newsOfTrack('file /x', undefined, { kind: 'value', value: -3 }), {
      kind: 'track',
      object: 'file /x',
      from: null,
      to: '-3',
      reason: null,
    });
  });
});
