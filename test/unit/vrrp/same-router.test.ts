import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { isSameRouter } from '../../../src/vrrp/same-router.ts';
import { routerConfig, vip } from './builders.ts';

describe('vrrp/same-router', () => {
  const rows: readonly [what: string, changed: Partial<VirtualRouterConfig>, same: boolean][] = [
    ['nothing', {}, true],
    ['its priority', { priority: 200 }, true],
    ['its interval', { advertisementIntervalMs: 2000 }, true],
    ['its password', { password: 'secret12' }, true],
    ['its addresses', { virtualAddresses: [vip('192.0.2.101', 24)] }, true],
    ['its routes', { virtualRoutes: [], extraAddresses: [vip('2001:db8::7', 64)] }, true],
    ['its virtual MAC', { virtualMac: { interface: 'vrrp4.51' } }, false],
    ['its name', { name: 'other' }, true],
    ['its version', { version: 2 }, false],
    ['its family', { family: 6 }, false],
    ['its identifier', { vrid: 52 }, false],
    ['its interface', { interface: 'eth1' }, false],
    ['its transport', { transport: { kind: 'udp', port: 8112 } }, false],
  ];
  for (const [what, changed, same] of rows) {
    it(`a reload that changes ${what} ${same ? 'keeps the state machine' : 'makes another router'}`, () => {
      assert.equal(isSameRouter(routerConfig(), routerConfig(changed)), same);
    });
  }
});
