import assert from 'node:assert/strict';
import { socketPath } from '../../../src/cli/socket-path.ts';

describe('cli/socket-path', () => {
  const rows = [
    { option: '/a', env: { LVSD_SOCKET: '/b' }, path: '/a' },
    { option: undefined, env: { LVSD_SOCKET: '/b' }, path: '/b' },
    { option: undefined, env: {}, path: '/run/lvsd/lvsd.sock' },
    { option: '', env: { LVSD_SOCKET: '' }, path: '/run/lvsd/lvsd.sock' },
  ];
  for (const { option, env, path } of rows) {
    it(`--socket ${option}, ${JSON.stringify(env)}: ${path}`, () => assert.equal(socketPath(option, env), path));
  }
});
