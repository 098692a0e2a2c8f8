/** Configurations from texts that are right. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config, VirtualServerConfig } from '../../../src/config/types.ts';

export function configOf(text: string): Config {
  const loaded = loadConfig(text);
  assert.deepEqual(loaded.ok ? [] : loaded.error, [], text);
  assert.ok(loaded.ok);
  return loaded.value;
}

/** The first virtual server. */
export function serverOf(text: string): VirtualServerConfig {
  const [server] = configOf(text).virtualServers;
  assert.ok(server);
  return server;
}
