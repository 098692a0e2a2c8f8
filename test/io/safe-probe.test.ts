import assert from 'node:assert/strict';
import { safeTarget } from '../../src/sys/safe-probe.ts';
import { closeServers, conversation, tcpCheck, tcpServer } from '../support/probe-servers.ts';

describe('sys/safe-probe', () => {
  afterEach(closeServers);

  it('does not tell a secret that the server repeats', async () => {
    const port = await tcpServer(
      (socket) => void socket.on('error', () => {}).on('data', (bytes) => socket.write(bytes)),
    );
    const check = tcpCheck(port, { steps: conversation({ send: 'AUTH s3cret\r\n', expect: 'OK' }), timeoutMs: 200 });
    for (const secrets of [[], ['s3cret']]) {
      const target = safeTarget({ ...check, secrets });
      const result = await target.probe();
      target.close();
      assert.ok(!result.ok);
      assert.equal(result.detail.includes('s3cret'), secrets.length === 0, result.detail);
    }
  });
});
