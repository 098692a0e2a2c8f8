import assert from 'node:assert/strict';
import { formatAddress } from '../../../src/net/ip.ts';
import { announcePlaces } from '../../../src/vrrp/announce-places.ts';
import { routerConfig, vip } from './builders.ts';

const at = (address: string, name: string | null = null) => ({ ...vip(address, 32), interface: name });

function places(given: Parameters<typeof routerConfig>[0]): Readonly<Record<string, readonly string[]>> {
  const found = announcePlaces(routerConfig(given));
  return Object.fromEntries(found.map((place) => [place.interface, place.addresses.map(formatAddress)]));
}

describe('vrrp/announce-places', () => {
  const { announcements } = routerConfig();
  it('on the interface of the virtual router', () => {
    assert.deepEqual(places({ virtualAddresses: [at('192.0.2.1'), at('192.0.2.2')] }), {
      eth0: ['192.0.2.1', '192.0.2.2'],
    });
  });

  it('each address where it lives, extra ones of the other family too', () => {
    const virtualAddresses = [at('192.0.2.1'), at('192.0.2.2', 'eth1')];
    const extraAddresses = [at('2001:db8::1'), at('198.51.100.1', 'eth2')];
    assert.deepEqual(places({ virtualAddresses, extraAddresses }), {
      eth0: ['192.0.2.1', '2001:db8::1'],
      eth1: ['192.0.2.2'],
      eth2: ['198.51.100.1'],
    });
  });

  it('all of them on further interfaces', () => {
    const virtualAddresses = [at('192.0.2.1'), at('192.0.2.2', 'eth1')];
    const further = { ...announcements, interfaces: ['eth1', 'eth9'] };
    assert.deepEqual(places({ virtualAddresses, announcements: further }), {
      eth0: ['192.0.2.1'],
      eth1: ['192.0.2.1', '192.0.2.2'],
      eth9: ['192.0.2.1', '192.0.2.2'],
    });
  });

  it('from the virtual MAC', () => {
    const virtualMac = { interface: 'vrrp4.51' };
    assert.deepEqual(places({ virtualAddresses: [at('192.0.2.1')], virtualMac }), { 'vrrp4.51': ['192.0.2.1'] });
  });
});
