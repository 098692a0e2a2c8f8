import assert from 'node:assert/strict';
import type { TcpCheckConfig } from '../../../src/config/checks/tcp.ts';
import { isForWorkers, loadOf, workersFor } from '../../../src/health/probe-load.ts';
import { tcpCheck } from '../../support/probe-servers.ts';

describe('health/probe-load', () => {
  const tcp = (intervalMs: number): TcpCheckConfig => tcpCheck(80, { intervalMs });

  it('is the cost of a probe times how often it comes', () => {
    assert.equal(loadOf(tcp(1000)), 0.0001);
    assert.equal(loadOf(tcp(2000)), 0.00005);
    assert.ok(loadOf({ ...tcp(1000), type: 'passive', name: 'a', initial: 'up' } as never) === 0);
  });

  it('leaves what is no network probe to the main thread', () => {
    assert.ok(isForWorkers(tcp(1000)));
    for (const type of ['script', 'file', 'passive'] as const)
      assert.ok(!isForWorkers({ ...tcp(1000), type } as never));
  });

  /** In cores; how many cores there are; workers. */
  const CASES: readonly (readonly [load: number, cores: number, workers: number, what: string])[] = [
    [0, 2, 0, 'nothing to do'],
    [0.1, 2, 0, '1000 tcp probes a second'],
    [0.149, 2, 0, 'just below'],
    [0.15, 2, 1, 'just not below'],
    [0.5, 4, 2, '10 000 tcp checks every 2 s'],
    [1, 2, 2, '10 000 http checks every 2 s on two cores'],
    [1, 8, 3, 'the same on eight'],
    [50, 8, 8, 'never more than cores'],
    [50, 128, 16, 'nor than 16'],
    [0.5, 1, 0, 'a single core: another thread would only cost more'],
  ];
  for (const [load, cores, workers, what] of CASES) {
    it(`gives ${workers} workers for ${load} of ${cores} cores: ${what}`, () => {
      assert.equal(workersFor(load, cores), workers);
    });
  }
});
