import assert from 'node:assert/strict';
import { advertFrame, isFramed, virtualMacOf } from '../../../src/vrrp/virtual-mac.ts';
import { ip, routerConfig } from './builders.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const GROUP = ip('224.0.0.18');
const GROUP6 = ip('ff02::12');

describe('vrrp/virtual-mac: the frames of keepalived 2.2.7 with use_vmac', () => {
  it('IPv4, but for the identification, which is 0', () => {
    const mac = virtualMacOf({ family: 4, vrid: 51 });
    const message = bytes('3133960200323938 0a0100640a010065');
    const frame = advertFrame(message, { source: ip('10.1.0.1'), destination: GROUP }, mac);
    assert.equal(
      hex(frame),
      '01005e00001200005e0001330800' +
        '45c0002400000000ff70d0950a010001e0000012' +
        '3133960200323938' +
        '0a0100640a010065',
    );
  });

  it('IPv6, but for the flow label, which is 0', () => {
    const mac = virtualMacOf({ family: 6, vrid: 61 });
    const addresses = 'fe800000000000000000000000000100fd000000000000000000000000000100';
    const message = bytes(`313d960200323dd4${addresses}`);
    const frame = advertFrame(message, { source: ip('fe80::ff:fe00:a'), destination: GROUP6 }, mac);
    assert.equal(
      hex(frame),
      '33330000001200005e00023d86dd' +
        '6c000000002870fffe80000000000000000000fffe00000aff020000000000000000000000000012' +
        '313d960200323dd4' +
        addresses,
    );
  });
});

describe('vrrp/virtual-mac: which advertisements are such frames', () => {
  const multicast = { source: ip('10.1.0.1'), destination: GROUP };
  const virtualMac = { interface: 'vrrp4.51' };
  const cases: readonly [name: string, framed: boolean, ...Parameters<typeof isFramed>][] = [
    ['multicast', true, routerConfig({ virtualMac }), multicast],
    ['without a virtual MAC', false, routerConfig(), multicast],
    ['to a peer', false, routerConfig({ virtualMac }), { ...multicast, destination: ip('10.1.0.2') }],
    ['over UDP', false, routerConfig({ virtualMac, transport: { kind: 'udp', port: 8112 } }), multicast],
  ];
  for (const [name, framed, config, envelope] of cases) {
    it(name, () => assert.equal(isFramed(config, envelope), framed));
  }
});
