import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalFaults } from '../../src/sys/local-faults.ts';

describe('sys/local-faults', () => {
  const EVERY_MS = 100;
  let said: string[];
  let faults: LocalFaults;
  beforeEach(() => {
    said = [];
    faults = new LocalFaults((text) => said.push(text), EVERY_MS);
  });
  afterEach(() => faults.close());

  it('says the first at once, with what to do, and the others of a minute together', async () => {
    for (let i = 0; i < 500; i++) faults.add(`connect EADDRNOTAVAIL 10.0.0.${i}:80`);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? '',
      /says nothing about the server: .*ip_local_port_range.* \(connect EADDRNOTAVAIL 10\.0\.0\.0:80\)$/,
    );
    await sleep(2.5 * EVERY_MS);
    assert.equal(said.length, 2);
    assert.match(
      said[1] ?? '',
      /^499 probes of the last minute .*ip_local_port_range.* \(connect EADDRNOTAVAIL 10\.0\.0\.1:80\)$/,
    );
    // A spell that is over: the next one is news again.
    faults.add('connect EADDRNOTAVAIL 10.0.0.9:80');
    assert.match(said[2] ?? '', /^A probe could not be made/);
  });

  it('keeps the kinds apart', () => {
    for (let i = 0; i < 3; i++) {
      faults.add('connect EMFILE 10.0.0.1:80');
      faults.add('this process was stalled for 300 ms during the probe');
      faults.add('something else');
      faults.add('something else again');
    }
    assert.equal(said.length, 3);
    assert.match(said[0] ?? '', /LimitNOFILE/);
    assert.match(said[1] ?? '', /overloaded/);
    assert.match(said[2] ?? '', /a fault on this machine \(something else\)/);
  });

  it('does not count what was cancelled', () => {
    faults.add('probe cancelled');
    assert.deepEqual(said, []);
  });
});
