import assert from 'node:assert/strict';
import { masked, secretForms } from '../../../src/health/secrets.ts';
import { parseConfig } from '../../../src/sys/config-file.ts';

const checksOf = (lines: readonly string[]) => {
  const text = `virtual_servers: [{ name: web, address: 192.0.2.1, port: 80, checks: [${lines.join()}], real_servers: [{ address: 10.0.0.1 }]}]`;
  const config = parseConfig({ file: 'test', text });
  assert.ok(config.ok, JSON.stringify(config));
  return config.value.virtualServers[0]?.realServers[0]?.checks ?? [];
};
const formsOf = (line: string): readonly string[] => checksOf([line]).flatMap(secretForms);

describe('health/secrets', () => {
  it('are what presets call so, and headers that let somebody in', () => {
    const redis = '{ type: tcp, preset: redis-auth, preset_values: { password: "pa\\"ß" } }';
    assert.deepEqual(formsOf(redis), ['pa\\"\\xc3\\x9f', '706122c39f', 'pa"ß']);
    assert.deepEqual(formsOf('{ type: udp, preset: radius, preset_values: { secret: s3cret } }'), [
      '733363726574',
      's3cret',
    ]);
    assert.deepEqual(formsOf('{ type: udp, preset: snmp, preset_values: { community: abc } }'), ['616263', 'abc']);
    assert.deepEqual(formsOf('{ type: http, headers: { Authorization: "Bearer abc", x-other: known } }'), [
      '42656172657220616263',
      'Bearer abc',
      '616263',
      'abc',
    ]);
    assert.deepEqual(formsOf('{ type: tcp, preset: mysql, preset_values: { user: probe } }'), []);
    assert.deepEqual(formsOf('{ type: tcp, send: x, expect: y }'), []);
    assert.deepEqual(formsOf('{ type: tcp, preset: redis-auth, preset_values: { password: ab } }'), []);
  });

  it('are not in a failure, nor is the beginning of one that was cut', () => {
    const forms = ['s3cretive', '73336372657469766'];
    const told = (text: string): string => masked(text, forms);
    assert.equal(told('got 15 bytes: "AUTH s3cretive\\r\\n"'), 'got 15 bytes: "AUTH ***\\r\\n"');
    assert.equal(told('bytes 3073336372657469766a2: "s3cretive" and s3cretive'), 'bytes 30***a2: "***" and ***');
    assert.equal(told('got "unknown command AUTH s3cr"...'), 'got "unknown command AUTH ***"...');
    assert.equal(told('bytes 307333... never came, got "s3cret"...'), 'bytes 30***... never came, got "***"...');
    assert.equal(told('no s3 here'), 'no s3 here');
  });
});
