import assert from 'node:assert/strict';
import type { ProbeResult } from '../../src/health/types.ts';
import type { ProbeTarget } from '../../src/sys/probe.ts';
import { LateTarget } from '../../src/sys/probe-late.ts';

const PASSED: ProbeResult = { ok: true, latencyMs: 1 };

class Recorder implements ProbeTarget {
  probes = 0;
  closed = 0;
  probe(): Promise<ProbeResult> {
    this.probes++;
    return Promise.resolve(PASSED);
  }
  close(): void {
    this.closed++;
  }
}

describe('sys/probe-late', () => {
  it('loads once, at the first probe', async () => {
    let loads = 0;
    const real = new Recorder();
    const late = new LateTarget(async () => {
      loads++;
      return real;
    });
    assert.equal(loads, 0);
    assert.deepEqual(await late.probe(), PASSED);
    await late.probe();
    assert.deepEqual([loads, real.probes], [1, 2]);
    late.close();
    assert.equal(real.closed, 1);
  });

  it('closed while it loads, probes nothing', async () => {
    const real = new Recorder();
    const late = new LateTarget(() => Promise.resolve(real));
    const result = late.probe();
    late.close();
    assert.deepEqual(await result, { ok: false, reason: 'local', detail: 'probe cancelled', latencyMs: 0 });
    assert.equal(real.probes, 0);
  });

  it('what cannot be loaded is our fault, not the server’s', async () => {
    const late = new LateTarget(() => Promise.reject(new Error('no such file')));
    const detail = 'cannot load the probe: no such file';
    assert.deepEqual(await late.probe(), { ok: false, reason: 'local', detail, latencyMs: 0 });
  });
});
