/** When the daemon's full NAT follows the configuration: ahead of IPVS, and behind it. */
import assert from 'node:assert/strict';
import type { Config } from '../../src/config/types.ts';
import type { NatMember } from '../../src/nft/ruleset.ts';
import { FullNat } from '../../src/sys/full-nat.ts';
import { configOf, realServer, virtualServer } from '../unit/director/builders.ts';

const LOG = { info: () => {}, warn: () => {}, error: () => {} };

function configWith(...addresses: readonly string[]): Config {
  return configOf(virtualServer(addresses.map((address) => realServer(address, { forwarding: 'fullnat' }))));
}

/** What the table was asked to hold, one entry a call; `answer` is when a call ends. */
function fullNat(answer: () => Promise<readonly string[]> = async () => []): { nat: FullNat; asked: string[] } {
  const asked: string[] = [];
  const reconcile = (members: readonly NatMember[]): Promise<readonly string[]> => {
    asked.push([...new Set(members.map(({ destination }) => destination.address))].join(' '));
    return answer();
  };
  return { nat: new FullNat(LOG, { reconcile, close: async () => [] }), asked };
}

describe('sys/full-nat', () => {
  it('a look in the middle of a reload does not take away what was prepared for it', async () => {
    const { nat, asked } = fullNat();
    const [before, after] = [configWith('10.0.0.1'), configWith('10.0.0.1', '10.0.0.2')];
    await nat.settle(before, []);
    await nat.prepare(after);
    await nat.look(before, []);
    await nat.settle(after, []);
    await nat.look(after, []);
    assert.deepEqual(asked, ['10.0.0.1', '10.0.0.1 10.0.0.2', '10.0.0.1 10.0.0.2', '10.0.0.1 10.0.0.2']);
  });

  it('looks do not pile up behind one that hangs', async () => {
    const ends: (() => void)[] = [];
    const { nat, asked } = fullNat(() => new Promise((resolve) => ends.push(() => resolve([]))));
    const config = configWith('10.0.0.1');
    const first = nat.look(config, []);
    await nat.look(config, []);
    assert.equal(asked.length, 1);
    for (const end of ends) end();
    await first;
    void nat.look(config, []);
    assert.equal(asked.length, 2);
  });
});
