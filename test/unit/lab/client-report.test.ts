import assert from 'node:assert/strict';
import { parsePacket } from '../../lab/support/capture.ts';
import { type Attempt, summarise } from '../../lab/support/client-report.ts';

const good = (at: number, durationMs = 2, server = 'r1'): Attempt => ({ at, durationMs, server, error: null });
const bad = (at: number, durationMs = 1000): Attempt => ({ at, durationMs, server: null, error: 'timeout' });

describe('lab/client-report: the longest outage', () => {
  const table: [name: string, attempts: Attempt[], outageMs: number][] = [
    ['of no attempts is none', [], 0],
    ['of successes only is none, however slow', [good(0), good(100, 900), good(200)], 0],
    ['lasts from the last success to the next', [good(0), bad(100), bad(200), good(1500)], 1500],
    ['counts attempts in the order of their starts', [good(1500), bad(200), good(0), bad(100)], 1500],
    ['lasts to the end when no success follows', [good(0), bad(100), bad(200)], 1198],
    ['begins at the start when nothing succeeded before', [bad(0, 50), good(100)], 102],
    ['is the longest of several', [good(0), bad(10, 5), good(20), bad(100, 5), good(400)], 380],
    ['does not grow by the deadline of a failed attempt', [good(0), bad(100), good(200)], 200],
    ['does not begin before a slow success has ended', [good(0, 300), bad(100, 250), good(500)], 202],
  ];
  for (const [name, attempts, outageMs] of table) {
    it(name, () => assert.equal(summarise({ attempts, connections: [] }).outageMs, outageMs));
  }
});

describe('lab/client-report: counts', () => {
  it('adds up failures, answers per server and survivors', () => {
    const connection = { server: 'r1', echoes: 5, longestWaitMs: 3, error: null };
    const report = {
      attempts: [good(0), good(10, 2, 'r2'), bad(20), good(30, 2, 'r2')],
      connections: [connection, { ...connection, error: 'ECONNRESET' }],
    };
    assert.deepEqual(summarise(report), {
      attempts: 4,
      failures: 1,
      outageMs: 20,
      perServer: { r1: 1, r2: 2 },
      survivors: 1,
      connections: 2,
    });
  });
});

describe('lab/capture', () => {
  it('reads the time of a packet and leaves other lines', () => {
    assert.deepEqual(parsePacket('1700000000.250000 IP 10.0.0.11 > 224.0.0.18: VRRPv3'), {
      at: 1_700_000_000_250,
      text: 'IP 10.0.0.11 > 224.0.0.18: VRRPv3',
    });
    assert.equal(parsePacket('listening on eth0, link-type EN10MB'), undefined);
  });
});
