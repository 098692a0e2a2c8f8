import assert from 'node:assert/strict';
import type { ConnectionSyncConfig } from '../../../src/config/types.ts';
import { desiredDaemons } from '../../../src/director/sync-role.ts';
import type { Role } from '../../../src/vrrp/messages.ts';

const sync: ConnectionSyncConfig = {
  follow: 'web',
  interface: 'eth1',
  syncId: 51,
  group: '224.0.0.90',
  port: 9000,
  ttl: 2,
  maxLength: 1400,
};
const settings = { interface: 'eth1', syncId: 51, group: '224.0.0.90', port: 9000, ttl: 2, maxLength: 1400 };

describe('director/sync-role', () => {
  const rows: readonly [role: Role | null, daemon: 'master' | 'backup' | null][] = [
    ['MASTER', 'master'],
    ['LEAVING', 'master'],
    ['BACKUP', 'backup'],
    ['FAULT', null],
    ['STOPPED', null],
    [null, null],
  ];
  for (const [role, daemon] of rows) {
    it(`${role ?? 'a router that is not known yet'}: ${daemon ?? 'no'} daemon`, () => {
      assert.deepEqual(desiredDaemons(sync, role), daemon === null ? [] : [{ role: daemon, ...settings }]);
    });
  }

  it('leaves the defaults to the kernel', () => {
    const defaults = { group: null, port: null, ttl: null, maxLength: null };
    assert.deepEqual(desiredDaemons({ ...sync, ...defaults }, 'BACKUP'), [
      { role: 'backup', interface: 'eth1', syncId: 51, ...defaults },
    ]);
  });

  it('without connection_sync there is none in any role', () => {
    for (const [role] of rows) assert.deepEqual(desiredDaemons(null, role), []);
  });
});
