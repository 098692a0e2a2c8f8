import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { IcmpCheckConfig } from '../../src/config/checks/icmp.ts';
import { giveBackEchoSocket, takeEchoSocket } from '../../src/sys/echo-socket.ts';
import { IcmpTarget } from '../../src/sys/probe-icmp.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { isRoot } from '../support/real-program.ts';
import { until } from '../support/wait.ts';

/** On whatever socket this host lets us have; test/lab/health has both kinds. */
describe('sys/probe-icmp', () => {
  const targets: IcmpTarget[] = [];
  const target = (check: Partial<IcmpCheckConfig> = {}) => {
    const place = { ...PLAIN_CHECK, address: '127.0.0.1', port: 0, timeoutMs: 2000 };
    const made = new IcmpTarget({ ...place, type: 'icmp', size: 56, tries: 1, ...check });
    targets.push(made);
    return made;
  };
  before(function () {
    if (!isRoot()) this.skip();
  });
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
  });

  it('passes on the reply of a host, IPv4 and IPv6', async () => {
    for (const address of ['127.0.0.1', '::1']) {
      const result = await target({ address }).probe();
      assert.ok(result.ok, result.ok ? '' : result.detail);
      assert.ok(result.latencyMs < 1000);
    }
  });

  it('passes with the largest request', async () => {
    const result = await target({ size: 60_000 }).probe();
    assert.ok(result.ok, result.ok ? '' : result.detail);
  });

  it('passes from a source address and by an interface', async () => {
    const way = { sourceAddress: '127.0.0.9', interface: 'lo' };
    const result = await target(way).probe();
    assert.ok(result.ok, result.ok ? '' : result.detail);
    const six = await target({ address: '::1', sourceAddress: '::1', interface: 'lo' }).probe();
    assert.ok(six.ok, six.ok ? '' : six.detail);
  });

  it('fails with local for a source address that is not here, and for an interface that is not there', async () => {
    const source = await target({ sourceAddress: '192.0.2.77' }).probe();
    assert.ok(!source.ok && source.reason === 'local', JSON.stringify(source));
    assert.match(source.detail, /this machine does not have the address/);
    const by = await target({ interface: 'nowhere0' }).probe();
    assert.ok(!by.ok && by.reason === 'local', JSON.stringify(by));
    assert.match(by.detail, /nowhere0: ENODEV .*there is no such interface/);
  });

  it('tells a thousand hosts apart on its one socket', async () => {
    const hosts = Array.from({ length: 1000 }, (_, n) => `127.1.${n >> 8}.${n & 255}`);
    const results = await Promise.all(hosts.map((address) => target({ address }).probe()));
    assert.equal(results.filter(({ ok }) => ok).length, 1000);
  });

  it('gives back its number with each probe, and its socket with the last target', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const shared = takeEchoSocket(4, false);
    const kept = target();
    for (let n = 0; n < 20; n++) assert.ok((await kept.probe()).ok);
    const waiting = { address: new Uint8Array(4), payload: new Uint8Array(8), replied() {}, undelivered() {} };
    let numbers = 0;
    while (shared.await(waiting) !== null) numbers += 1;
    assert.equal(numbers, 65_536);
    const full = await kept.probe();
    assert.ok(!full.ok && full.reason === 'local', 'all numbers are taken');
    kept.close();
    giveBackEchoSocket(shared);
    await until(() => readdirSync('/proc/self/fd').length <= before);
  });

  it('ends with local when it is closed under way', async () => {
    const made = target();
    const probe = made.probe();
    made.close();
    const result = await probe;
    assert.ok(!result.ok && result.reason === 'local');
  });
});
