import assert from 'node:assert/strict';
import { proxyHeaderV1, proxyHeaderV2 } from '../../../src/health/proxy-header.ts';

describe('health/proxy-header', () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

  it('2.1: TCP4, source and destination, ports', () => {
    const header = proxyHeaderV1({ address: '10.0.0.1', port: 40_000 }, { address: '10.0.0.11', port: 80 });
    assert.equal(text(header), 'PROXY TCP4 10.0.0.1 10.0.0.11 40000 80\r\n');
  });

  it('2.1: TCP6, without the link of a link-local address', () => {
    const header = proxyHeaderV1({ address: 'fe80::1%eth0', port: 1 }, { address: 'fe80::2%eth0', port: 65_535 });
    assert.equal(text(header), 'PROXY TCP6 fe80::1 fe80::2 1 65535\r\n');
  });

  it('2.2: version 2, LOCAL, no addresses', () => {
    assert.equal(Buffer.from(proxyHeaderV2()).toString('hex'), '0d0a0d0a000d0a515549540a20000000');
  });
});
