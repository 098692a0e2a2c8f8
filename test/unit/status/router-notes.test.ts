import assert from 'node:assert/strict';
import { routerNotes } from '../../../src/status/router-notes.ts';
import type { RouterReport } from '../../../src/vrrp/messages.ts';
import type { TrackReport } from '../../../src/vrrp/tracking.ts';
import { router, strangers } from '../../support/snapshot.ts';

const backup: RouterReport = { ...router, role: 'BACKUP', tracks: [], whyNotMaster: 'preempt delay: 12 s left' };
const peer = (priority: number): RouterReport['peer'] => ({
  address: '192.0.2.3',
  priority,
  advertisementIntervalMs: 1000,
  heardMsAgo: 100,
  checksum: null,
});
const track = (given: Partial<TrackReport>): TrackReport => ({
  key: 'script x',
  state: { kind: 'up' },
  weight: -20,
  adds: 0,
  ...given,
});

describe('status/router-notes', () => {
  it('MASTER with nothing wrong has none', () => {
    assert.deepEqual(routerNotes({ ...router, tracks: [] }), []);
  });

  it('another active router and another holder of the address are named, as far as they are known', () => {
    const quiet = { ...router, ...strangers, tracks: [] };
    const conflict = 'conflict: 02:00:00:00:01:63 says that it has 192.0.2.100 (2 times)';
    assert.deepEqual(routerNotes(quiet), [
      'two actives: 192.0.2.3 (02:00:00:00:01:0c) too, with priority 100',
      conflict,
    ]);
    const current = { address: '192.0.2.3', mac: null, priority: 100, forMs: 0 };
    assert.deepEqual(routerNotes({ ...quiet, otherActives: { seen: 1, current } }), [
      'two actives: 192.0.2.3 too, with priority 100',
      conflict,
    ]);
    assert.deepEqual(routerNotes({ ...quiet, otherActives: { seen: 1, current: null } }), [conflict]);
  });

  it('BACKUP below its peer needs no explanation', () => {
    assert.deepEqual(routerNotes({ ...backup, peer: peer(200) }), []);
    assert.deepEqual(routerNotes({ ...backup, peer: peer(150) }), []);
  });

  it('BACKUP above its peer, or alone, does', () => {
    assert.deepEqual(routerNotes({ ...backup, peer: peer(100) }), ['not MASTER: preempt delay: 12 s left']);
    assert.deepEqual(routerNotes({ ...backup, peer: null }), ['not MASTER: preempt delay: 12 s left']);
  });

  it('FAULT says why, once', () => {
    const fault = 'sync group pair: web6 is in FAULT';
    assert.deepEqual(routerNotes({ ...backup, role: 'FAULT', fault, whyNotMaster: fault }), [`fault: ${fault}`]);
  });

  it('tracked objects that are down or count are named', () => {
    const tracks = [
      track({}),
      track({ key: 'script y', state: { kind: 'down', reason: 'exit code 2' }, adds: -20 }),
      track({ key: 'process p', weight: 30, adds: 30 }),
      track({ key: 'file /run/x', state: { kind: 'value', value: -4 }, weight: 2, adds: -8 }),
      track({ key: 'bfd b', state: { kind: 'down', reason: 'detection time expired' }, weight: null }),
    ];
    assert.deepEqual(routerNotes({ ...router, tracks }), [
      'tracks: script y down (exit code 2) -20; process p up +30; file /run/x says -4, -8; bfd b down (detection time expired)',
    ]);
  });

  it('at most eight of them', () => {
    const tracks = Array.from({ length: 10 }, (_, i) => track({ key: `script ${i}`, weight: 1, adds: 1 }));
    assert.match(routerNotes({ ...router, tracks })[0] ?? '', /script 7 up \+1; and 2 more$/);
  });

  it('lets nothing steer the terminal', () => {
    const state = { kind: 'down', reason: '\u001b[2J' } as const;
    assert.deepEqual(routerNotes({ ...router, tracks: [track({ state })] }), ['tracks: script x down (?[2J)']);
  });
});
