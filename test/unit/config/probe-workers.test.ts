import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { configOf } from './builders.ts';

describe('config: probe_workers', () => {
  const fileWith = (value: string): string => `virtual_servers: []\nprobe_workers: ${value}\n`;

  it('is auto unless it is given, else a number', () => {
    assert.equal(configOf('virtual_servers: []\n').probeWorkers, 'auto');
    assert.equal(configOf(fileWith('auto')).probeWorkers, 'auto');
    for (const number of [0, 1, 16]) assert.equal(configOf(fileWith(`${number}`)).probeWorkers, number);
  });

  for (const value of ['17', '-1', '1.5', 'many', '[2]']) {
    it(`is not ${value}`, () => {
      const loaded = loadConfig(fileWith(value));
      assert.ok(!loaded.ok);
      const [problem] = loaded.error;
      assert.match(JSON.stringify(problem), /must be auto, or a whole number from 0 to 16/);
    });
  }
});
