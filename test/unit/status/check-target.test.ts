import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { checkTarget } from '../../../src/status/check-target.ts';

const rows: readonly (readonly [check: string, target: string])[] = [
  ['{ type: tcp }', '10.0.0.11:80'],
  ['{ type: tcp, address: "2001:db8::1", port: 81 }', '[2001:db8::1]:81'],
  ['{ type: udp }', '10.0.0.11:80'],
  ['{ type: http, path: /healthz }', '10.0.0.11:80/healthz'],
  ['{ type: https, port: 443 }', '10.0.0.11:443/'],
  ['{ type: http, urls: [{ path: /a }, { path: /b }, { path: /c }] }', '10.0.0.11:80/a and 2 more'],
  ['{ type: dns, name: www.example.com }', '10.0.0.11:80 www.example.com'],
  ['{ type: icmp }', '10.0.0.11'],
  ['{ type: grpc }', '10.0.0.11:80'],
  ['{ type: grpc, service: shop.Cart }', '10.0.0.11:80 shop.Cart'],
  ['{ type: script, command: [/bin/check, a b] }', '/bin/check a b'],
  [`{ type: script, command: [/bin/check, ${'x'.repeat(100)}] }`, `/bin/check ${'x'.repeat(69)}...`],
  ['{ type: file, path: /run/weight }', '/run/weight'],
  ['{ type: agent, port: 9000 }', '10.0.0.11:9000'],
  ['{ type: passive, name: deploy }', 'deploy'],
];

describe('status/check-target', () => {
  for (const [check, target] of rows) {
    it(target, () => {
      const loaded = loadConfig(
        `virtual_servers: [{ name: a, address: 192.0.2.1, port: 80, checks: [${check}], real_servers: [{ address: 10.0.0.11 }] }]`,
      );
      assert.deepEqual(loaded.ok ? [] : loaded.error, []);
      const [only] = loaded.ok ? (loaded.value.virtualServers[0]?.realServers[0]?.checks ?? []) : [];
      assert.ok(only);
      assert.equal(checkTarget(only), target);
    });
  }
});
