import assert from 'node:assert/strict';
import { renderBfdSessions } from '../../../src/status/render-bfd.ts';
import { bfdSession, NOW_MS } from '../../support/snapshot.ts';

describe('status/render-bfd', () => {
  it('says why a session is not UP, what the neighbour says, and what was refused', () => {
    const down = {
      ...bfdSession,
      state: 'DOWN',
      reason: 'neighbor signaled session down',
      remote: { state: 'DOWN', diagnostic: 'control detection time expired' },
      detectionTimeMs: 3000,
      refused: { ttl: 2, 'unknown-session': 1, version: 0 },
    } as const;
    const lost = {
      ...bfdSession,
      name: 'x',
      state: 'DOWN',
      reason: 'a\u001b[2J',
      remote: null,
      detectionTimeMs: null,
    } as const;
    assert.deepEqual(renderBfdSessions([down, lost], { nowMs: NOW_MS, colour: false }), [
      'BFD sessions',
      'NAME            STATE  SINCE  NEIGHBOUR          DETECT MS  FLAPS  SENT  RECV  REFUSED',
      'other-director  DOWN   3m12s  192.0.2.3 on eth0       3000      1   731   729        3',
      '  not UP: neighbor signaled session down',
      '  the neighbour says: DOWN, control detection time expired',
      '  refused: ttl 2, unknown-session 1',
      'x               DOWN   3m12s  192.0.2.3 on eth0          -      1   731   729        0',
      '  not UP: a?[2J',
    ]);
  });
});
