/**
 * Our nftables table against a real kernel, in the lab's own network namespace: made, changed by differences, repaired,
 * removed, adopted; nothing of anybody else touched. Needs no IPVS.
 */
import assert from 'node:assert/strict';
import { type NatMember, TABLE } from '../../../src/nft/ruleset.ts';
import { Nft, type NftKernel } from '../../../src/sys/nft.ts';
import { NftKeeper } from '../../../src/sys/nft-keeper.ts';
import { fwmark, real, tcp, udp } from '../../unit/ipvs/builders.ts';
import { run } from '../support/exec.ts';

const A: NatMember = { service: tcp('192.0.2.1', 80), destination: real('10.0.0.11', 8080), source: 'masquerade' };
const B: NatMember = { service: udp('192.0.2.1', 53), destination: real('10.0.0.12', 53), source: ['192.0.2.5'] };
const C: NatMember = { ...A, service: tcp('192.0.2.1', 443), source: ['192.0.2.5', '192.0.2.6'] };
const V6: NatMember = {
  service: tcp('2001:db8::1', 80),
  destination: real('2001:db8:1::11', 80),
  source: ['2001:db8::5', '2001:db8::6'],
};
const MARK: NatMember = { service: fwmark(0xffff_fff0), destination: real('10.0.0.11', 0), source: 'masquerade' };
const MARK6: NatMember = { service: fwmark(7, 6), destination: real('2001:db8:1::11', 0), source: 'masquerade' };
const ALL_PORTS: NatMember = { service: tcp('192.0.2.2', 0), destination: real('10.0.0.11', 0), source: 'masquerade' };
const EVERYTHING = [A, B, C, V6, MARK, MARK6, ALL_PORTS];

const STRANGER =
  'table inet strangers {\n chain c {\n type nat hook postrouting priority srcnat; policy accept;\n }\n}\n';

/** The kernel's nftables, and what was asked of it. */
class Watched implements NftKernel {
  readonly calls: string[] = [];
  readonly #nft = new Nft();
  list(table: string, options?: { readonly terse?: boolean }): ReturnType<NftKernel['list']> {
    this.calls.push(options?.terse === true ? 'list terse' : 'list');
    return this.#nft.list(table, options);
  }
  apply(script: string): ReturnType<NftKernel['apply']> {
    this.calls.push(
      script.startsWith(`add table ${TABLE}\ndelete table`)
        ? script.includes('hook')
          ? 'replace'
          : 'remove'
        : 'change',
    );
    return this.#nft.apply(script);
  }
  generation(): number | null {
    return this.#nft.generation();
  }
  close(): void {
    this.#nft.close();
  }
}

describe('the nftables table of full NAT', function () {
  this.timeout(30_000);
  let nft: Watched;
  let keeper: NftKeeper;
  let lines: string[];

  const nftSays = async (...args: readonly string[]): Promise<string> => (await run('nft', args)).stdout;
  const listed = (): Promise<string> => nftSays('-n', 'list', 'table', 'inet', 'lvsd');
  const tables = async (): Promise<string[]> =>
    (await nftSays('list', 'tables')).trim().split('\n').filter(Boolean).sort();
  const callsOf = async (members: readonly NatMember[]): Promise<string[]> => {
    nft.calls.length = 0;
    assert.deepEqual(await keeper.reconcile(members), []);
    return [...nft.calls];
  };

  function start(): void {
    lines = [];
    nft = new Watched();
    const say = (text: string) => lines.push(text);
    keeper = new NftKeeper({ info: say, warn: say, error: say }, nft);
  }

  // Nowhere else: these tests flush the rules of the namespace they run in.
  before(() => assert.equal(process.env['LVSD_LAB'], '1', 'this is no lab: use make lab-nft'));
  beforeEach(async () => {
    await run('nft', ['flush', 'ruleset']);
    await run('nft', ['-f', '-'], { input: STRANGER });
    start();
  });
  afterEach(async () => {
    await keeper.close({ keep: false });
    assert.deepEqual(await tables(), ['table inet strangers']);
    await run('nft', ['flush', 'ruleset']);
  });

  it('looks once for what an earlier run left, then asks for nothing as long as nothing is wanted', async () => {
    assert.deepEqual(await callsOf([]), ['list terse']);
    assert.deepEqual(await callsOf([]), []);
  });

  it('is made with everything in it, and the next time nothing has to be asked', async () => {
    assert.deepEqual(await callsOf(EVERYTHING), ['replace', 'list terse']);
    assert.deepEqual(await callsOf(EVERYTHING), []);
    const text = await listed();
    for (const element of [
      '6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to_interface',
      '17 . 192.0.2.1 . 53 . 10.0.0.12 . 53 : goto to/192.0.2.5',
      '6 . 2001:db8::1 . 80 . 2001:db8:1::11 . 80 : goto to/2001_db8__5/2001_db8__6',
      '0xfffffff0 . 10.0.0.11 : goto to_interface',
      '6 . 192.0.2.2 . 10.0.0.11 : goto to_interface',
    ]) {
      assert.ok(text.includes(element), `${element} is not in\n${text}`);
    }
  });

  it('changes by differences: one transaction, no listing', async () => {
    await callsOf([A, B]);
    assert.deepEqual(await callsOf([A, B, { ...C, source: ['192.0.2.5'] }]), ['change']);
    assert.deepEqual(await callsOf([B]), ['change', 'list terse']); // the chain of A's masquerading went too
    assert.deepEqual(await callsOf([B, { ...A, source: ['192.0.2.5'] }]), ['change']);
    assert.deepEqual(await callsOf([B, A]), ['change', 'list terse']);
    assert.deepEqual(await callsOf([B, A]), []);
    assert.deepEqual(lines, []);
  });

  it("a stranger's change elsewhere costs one listing", async () => {
    await callsOf([A, B]);
    await nftSays('add', 'chain', 'inet', 'strangers', 'more');
    assert.deepEqual(await callsOf([A, B]), ['list']);
    assert.deepEqual(await callsOf([A, B]), []);
    await nftSays('add', 'chain', 'inet', 'strangers', 'again');
    assert.deepEqual(await callsOf([A]), ['list', 'change', 'list terse']);
    assert.deepEqual(lines, []);
  });

  const vandals: readonly (readonly [what: string, command: string, calls: readonly string[], said: RegExp])[] = [
    ['deleted', 'delete table inet lvsd', ['list', 'replace', 'list terse'], /was deleted from outside: made again/],
    ['flushed', 'flush table inet lvsd', ['list', 'replace', 'list terse'], /was changed from outside: made again/],
    [
      'given a rule',
      'insert rule inet lvsd postrouting accept',
      ['list', 'replace', 'list terse'],
      /was changed from outside/,
    ],
    ['given a chain', 'add chain inet lvsd x', ['list', 'replace', 'list terse'], /was changed from outside/],
    [
      'emptied of elements',
      'flush map inet lvsd by_service4',
      ['list', 'change'],
      /Elements .* were changed from outside/,
    ],
    [
      'given an element',
      'add element inet lvsd by_service4 { 6 . 192.0.2.9 . 80 . 10.0.0.11 . 80 : accept }',
      // Its verdict has no place in our commands, its key has.
      ['list', 'change'],
      /Elements .* were changed from outside/,
    ],
    [
      'given a commented element',
      'add element inet lvsd by_service4 { 6 . 192.0.2.9 . 80 . 10.0.0.11 . 80 comment "x" : accept }',
      ['list', 'change', 'replace', 'list terse'],
      /Elements .* were changed from outside/,
    ],
  ];
  for (const [what, command, calls, said] of vandals) {
    it(`is repaired when it was ${what}, and that is told`, async () => {
      await callsOf(EVERYTHING);
      const right = await listed();
      await nftSays(...command.split(' '));
      assert.deepEqual(await callsOf(EVERYTHING), calls);
      assert.equal(sorted(await listed()), sorted(right));
      assert.equal(lines.length, 1);
      assert.match(lines.join(), said);
      assert.deepEqual(await callsOf(EVERYTHING), []);
    });
  }

  it('goes when nobody needs it any more', async () => {
    await callsOf([A]);
    assert.deepEqual(await callsOf([]), ['remove']);
    assert.deepEqual(await tables(), ['table inet strangers']);
    assert.deepEqual(await callsOf([]), []);
  });

  it('stays when it is to be kept; the next run takes it over', async () => {
    await callsOf([A, B]);
    await keeper.close({ keep: true });
    assert.deepEqual(await keeper.reconcile([A]), []);
    assert.deepEqual(await tables(), ['table inet lvsd', 'table inet strangers']);
    start();
    assert.deepEqual(await callsOf([A, C]), ['replace', 'list terse']);
    assert.ok((await listed()).includes('192.0.2.5/192.0.2.6'));
  });

  it('left by a crash, it goes when the next run needs none', async () => {
    await callsOf([A]);
    start();
    assert.deepEqual(await callsOf([]), ['list terse', 'remove']);
    assert.deepEqual(lines, ['Removed the nftables table inet lvsd that an earlier run left']);
  });

  it('what nft refuses is told in words, and tried again the next time', async () => {
    const nowhere = { ...A, source: ['192.0.2.5 ; bogus'] };
    const [problem = ''] = await keeper.reconcile([nowhere]);
    assert.match(problem, /^Cannot set up full NAT \(nftables table inet lvsd\): nft: syntax error/);
    assert.deepEqual(lines, [problem]);
    assert.deepEqual(await callsOf([A]), ['replace', 'list terse']);
  });

  it('one reconciliation at a time, in the order asked for', async () => {
    const all = await Promise.all([keeper.reconcile([A]), keeper.reconcile([A, B]), keeper.reconcile([B])]);
    assert.deepEqual(all, [[], [], []]);
    const text = await listed();
    assert.ok(text.includes('10.0.0.12') && !text.includes('10.0.0.11'));
  });
});

/** The kernel lists the elements of a hash in any order. */
function sorted(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace('elements = {', '')
        .replace(/[,}]?\s*$/, '')
        .trim(),
    )
    .sort()
    .join('\n');
}
