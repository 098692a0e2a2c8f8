/** The order of ipvsadm, with its wrap-around: addresses more than 2^31 apart come the wrong way round. */
import assert from 'node:assert/strict';
import { destinationKey, serviceKey } from '../../../src/ipvs/key.ts';
import type { Service } from '../../../src/ipvs/types.ts';
import { sortedTable } from '../../../src/ipvsadm/sort.ts';
import { destination, fwmark, real, sctp, serviceOf, tcp, udp } from '../ipvs/builders.ts';
import { recorded } from './recorded-table.ts';

/** Addresses as the recorded transcript lists them, of services or of destinations. */
function addressesOf(args: string, pattern: RegExp): string[] {
  return [...(recorded.get(args) ?? '').matchAll(pattern)].map(([, address = '']) => address);
}

const keys = (table: readonly Service[]): string[] => table.map(({ id }) => serviceKey(id));

describe('the order of ipvsadm', () => {
  it('of services is the recorded one, from the recorded order of the kernel', () => {
    const kernel = addressesOf('-Ln # sort --nosort', /^TCP {2}([\d.]+):80/gm);
    assert.equal(kernel.length, 9);
    const table = kernel.map((address) => serviceOf(tcp(address, 80)));
    const expected = addressesOf('-Ln # sort', /^TCP {2}([\d.]+):80/gm).map((address) => `tcp ${address}:80`);
    assert.deepEqual(keys(sortedTable(table)), expected);
  });

  it('of destinations is the recorded one', () => {
    const kernel = addressesOf('-Ln # sort --nosort', /^ {2}-> ([\d.]+):80/gm);
    assert.equal(kernel.length, 9);
    const [sorted] = sortedTable([
      serviceOf(
        tcp('10.0.0.1', 80),
        kernel.map((address) => destination(real(address, 80))),
      ),
    ]);
    const expected = addressesOf('-Ln # sort', /^ {2}-> ([\d.]+):80/gm).map((address) => `${address}:80`);
    assert.deepEqual(
      sorted?.destinations.map(({ id }) => destinationKey(id)),
      expected,
    );
  });

  it('goes by mark, family, protocol, address and port; a mark above 2^31 is negative', () => {
    const ids = [
      fwmark(7, 6),
      fwmark(7),
      fwmark(1),
      tcp('2001:db8::1', 80),
      sctp('10.0.0.1', 1),
      udp('10.0.0.1', 53),
      tcp('10.0.0.2', 80),
      tcp('10.0.0.1', 443),
      tcp('10.0.0.1', 80),
      fwmark(0xffffffff),
    ];
    assert.deepEqual(keys(sortedTable(ids.map((id) => serviceOf(id)))), [
      'fwmark 4294967295',
      'tcp 10.0.0.1:80',
      'tcp 10.0.0.1:443',
      'tcp 10.0.0.2:80',
      'udp 10.0.0.1:53',
      'sctp 10.0.0.1:1',
      'tcp [2001:db8::1]:80',
      'fwmark 1',
      'fwmark 7',
      'fwmark 7 ipv6',
    ]);
  });

  it('compares IPv6 word by word, each as a signed difference', () => {
    // 0xfd000000 - 0x00010000 is below zero when it is read with a sign.
    const ids = ['2001:db8::2', '1::', '2001:db8::1', '2001:db8::1:0:0', 'fd00::1'].map((address) => tcp(address, 80));
    assert.deepEqual(keys(sortedTable(ids.map((id) => serviceOf(id)))), [
      'tcp [fd00::1]:80',
      'tcp [1::]:80',
      'tcp [2001:db8::1]:80',
      'tcp [2001:db8::2]:80',
      'tcp [2001:db8::1:0:0]:80',
    ]);
  });

  it('leaves what is equal, and everything else of a service, as it was', () => {
    const same = [destination(real('10.0.0.2', 80), { weight: 1 }), destination(real('10.0.0.2', 80), { weight: 2 })];
    const service = { ...serviceOf(tcp('10.0.0.1', 80), same), note: 'kept' };
    assert.deepEqual(sortedTable([service]), [service]);
    assert.deepEqual(sortedTable([]), []);
  });
});
