import assert from 'node:assert/strict';
import { destinationKey, serviceKey } from '../../../src/ipvs/key.ts';
import type { ServiceId } from '../../../src/ipvs/types.ts';
import { fwmark, real, sctp, tcp, udp, vip } from './builders.ts';

describe('IPVS names', () => {
  const services: readonly (readonly [ServiceId, string])[] = [
    [tcp('192.0.2.1', 80), 'tcp 192.0.2.1:80'],
    [udp('192.0.2.1', 80), 'udp 192.0.2.1:80'],
    [sctp('192.0.2.1', 3868), 'sctp 192.0.2.1:3868'],
    [vip(50, '192.0.2.1', 0), 'protocol-50 192.0.2.1:0'],
    [tcp('2001:db8::1', 80), 'tcp [2001:db8::1]:80'],
    [fwmark(7), 'fwmark 7'],
    [fwmark(7, 6), 'fwmark 7 ipv6'],
  ];
  for (const [id, expected] of services) {
    it(`calls a service ${expected}`, () => assert.equal(serviceKey(id), expected));
  }

  it('calls destinations by address and port', () => {
    assert.equal(destinationKey(real('10.0.0.1', 8080)), '10.0.0.1:8080');
    assert.equal(destinationKey(real('2001:db8::11', 80)), '[2001:db8::11]:80');
  });
});
