import assert from 'node:assert/strict';
import { AcceptGuard } from '../../src/sys/accept-guard.ts';
import type { NftFailure, NftKernel } from '../../src/sys/nft.ts';
import { err, ok, type Result } from '../../src/util/result.ts';
import { routerConfig, vip } from '../unit/vrrp/builders.ts';

/** nftables of a machine: one table, as the text that made it. */
class FakeNft implements NftKernel {
  table: string | null = null;
  transactions = 0;
  listings = 0;
  refusal: NftFailure | null = null;

  list(): Promise<Result<string, NftFailure>> {
    this.listings++;
    return Promise.resolve(this.table === null ? err({ kind: 'absent', text: 'No such file' }) : ok(this.table));
  }

  apply(script: string): Promise<Result<null, NftFailure>> {
    if (this.refusal !== null) return Promise.resolve(err(this.refusal));
    this.transactions++;
    this.table = script.includes('chain input') ? script : null;
    return Promise.resolve(ok(null));
  }

  generation(): number {
    return this.transactions;
  }

  close(): void {}
}

const closed = [routerConfig({ accept: false, extraAddresses: [vip('2001:db8::7', 128)] }), routerConfig()];

describe('sys/accept-guard', () => {
  let nft: FakeNft;
  let log: string[];
  let guard: AcceptGuard;
  beforeEach(() => {
    nft = new FakeNft();
    log = [];
    guard = new AcceptGuard({ warn: (text) => log.push(String(text)), error: (text) => log.push(String(text)) }, nft);
  });

  it('makes the table once, and looks no further while nobody changes anything', async () => {
    assert.deepEqual(await guard.keep(closed), []);
    assert.match(nft.table ?? '', /192\.0\.2\.100[\s\S]*2001:db8::7/);
    const { listings } = nft;
    assert.deepEqual(await guard.keep(closed), []);
    assert.deepEqual([nft.transactions, nft.listings, log], [1, listings, []]);
  });

  it("somebody else's transaction makes it look, and nothing more", async () => {
    await guard.keep(closed);
    nft.transactions++;
    await guard.keep(closed);
    assert.deepEqual([nft.transactions, log], [2, []]);
    const { listings } = nft;
    await guard.keep(closed);
    assert.equal(nft.listings, listings);
  });

  it('a table that was changed or deleted is made again, and told', async () => {
    for (const damage of [null, 'chain input { accept }']) {
      await guard.keep(closed);
      const right = nft.table;
      nft.table = damage;
      nft.transactions++;
      assert.deepEqual(await guard.keep(closed), []);
      assert.equal(nft.table, right);
    }
    assert.equal(log.length, 2);
    assert.match(log[0] ?? '', /inet lvsd_vrrp was changed from outside: made again/);
  });

  it('other addresses are another table; none, no table', async () => {
    await guard.keep(closed);
    await guard.keep([routerConfig({ accept: false, virtualAddresses: [vip('192.0.2.9', 32)] })]);
    assert.match(nft.table ?? '', /\{ 192\.0\.2\.9 \}/);
    await guard.keep([routerConfig()]);
    assert.equal(nft.table, null);
    assert.deepEqual(log, []);
  });

  it('a refusal is told in words, and tried again', async () => {
    nft.refusal = { kind: 'no-program', text: 'the program nft is missing: install the package nftables' };
    const problems = await guard.keep(closed);
    assert.deepEqual(problems, [
      'accept: false is not in force: the program nft is missing: install the package nftables',
    ]);
    assert.deepEqual(log, problems);
    nft.refusal = null;
    assert.deepEqual(await guard.keep(closed), []);
    assert.notEqual(nft.table, null);
  });

  it('what an earlier run left is removed, once', async () => {
    nft.table = 'chain input';
    await guard.keep([routerConfig()]);
    assert.equal(nft.table, null);
    const { listings } = nft;
    await guard.keep([routerConfig()]);
    assert.equal(nft.listings, listings);
  });

  it('what an earlier run left is tried again after a refusal', async () => {
    nft.table = 'chain input';
    nft.refusal = { kind: 'failed', text: 'Device or resource busy' };
    assert.match((await guard.keep([routerConfig()]))[0] ?? '', /cannot remove the nftables table/);
    nft.refusal = null;
    await guard.keep([routerConfig()]);
    assert.equal(nft.table, null);
  });

  it('a table that could not be replaced is removed when nobody wants it any more', async () => {
    await guard.keep(closed);
    nft.refusal = { kind: 'failed', text: 'Device or resource busy' };
    await guard.keep([routerConfig({ accept: false, virtualAddresses: [vip('192.0.2.9', 32)] })]);
    nft.refusal = null;
    await guard.keep([routerConfig()]);
    assert.equal(nft.table, null);
  });

  it('an nft that fails is not asked for ever about an earlier run', async () => {
    nft.list = () => {
      nft.listings++;
      return Promise.resolve(err({ kind: 'failed', text: 'Operation not supported' }));
    };
    for (let i = 0; i < 10; i++) assert.deepEqual(await guard.keep([routerConfig()]), []);
    assert.equal(nft.listings, 3);
  });

  it('the end removes it', async () => {
    await guard.keep(closed);
    assert.deepEqual(await guard.close(), []);
    assert.equal(nft.table, null);
  });
});
