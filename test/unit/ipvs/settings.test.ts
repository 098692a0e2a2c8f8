/** Settings under /proc/sys/net/ipv4/vs: what has to be written. */
import assert from 'node:assert/strict';
import { settingChanges } from '../../../src/ipvs/settings.ts';

/** By name: wanted, found (null: this kernel has none), whether it is written. */
const ROWS: readonly (readonly [what: string, name: string, wanted: string, found: string | null, written: boolean])[] =
  [
    ['equal', 'expire_nodest_conn', '1', '1', false],
    ['different', 'expire_nodest_conn', '1', '0', true],
    ['a pair, which the kernel separates by a tab', 'sync_threshold', '3 50', '3\t50', false],
    ['another pair', 'sync_threshold', '3 50', '3\t60', true],
    ['an automatic defence that is at work', 'drop_entry', '1', '2', false],
    ['an automatic defence at work, asked for as such', 'secure_tcp', '2', '1', false],
    ['a defence that is always on', 'drop_packet', '1', '3', true],
    ['a defence that is off', 'drop_packet', '1', '0', true],
    ['2 where it is not 1', 'conn_reuse_mode', '1', '2', true],
    ['a list of processors in other words', 'est_cpulist', '0,1,3', '0-1,3', false],
    ['a list of other processors', 'est_cpulist', '0,1', '0-2', true],
    ['a list where the kernel shows none', 'est_cpulist', '0,1', '', true],
    ['one that this kernel does not have', 'run_estimation', '0', null, false],
  ];

describe('IPVS settings', () => {
  for (const [what, name, wanted, found, written] of ROWS) {
    it(what, () => {
      const { changes, missing } = settingChanges({ [name]: wanted }, () => found);
      assert.deepEqual(changes, written ? [{ name, from: found, to: wanted }] : []);
      assert.deepEqual(missing, found === null ? [name] : []);
    });
  }

  it('a value that the kernel shows in its own words is not written again and again', () => {
    const wanted = { sync_sock_size: '4000' };
    assert.deepEqual(settingChanges(wanted, () => '4096', new Map([['sync_sock_size', '4096']])).changes, []);
    assert.equal(settingChanges(wanted, () => '0', new Map([['sync_sock_size', '4096']])).changes.length, 1);
  });
});
