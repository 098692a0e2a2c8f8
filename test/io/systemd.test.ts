/** What systemd hears: a datagram socket plays its part. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AF_UNIX, sockaddrUn } from '../../src/net/sockaddr.ts';
import { RawSocket } from '../../src/sys/socket.ts';
import { notifySystemd, watchdogIntervalMs } from '../../src/sys/systemd.ts';

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

describe('sys/systemd', () => {
  const saved = VARIABLES.map((name) => [name, process.env[name]] as const);
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-notify-'));
    for (const name of VARIABLES) delete process.env[name];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  function listen(path: string): RawSocket {
    const address = sockaddrUn(path);
    assert.ok(address);
    const socket = new RawSocket(AF_UNIX, 2, 0);
    socket.bind(address);
    return socket;
  }

  for (const kind of ['a path', 'an abstract name']) {
    it(`notifies over ${kind}`, () => {
      const path = kind === 'a path' ? join(folder, 'notify') : `@lvsd-notify-${process.pid}`;
      const systemd = listen(path);
      process.env['NOTIFY_SOCKET'] = path;
      assert.equal(notifySystemd('READY=1\nSTATUS=5 virtual servers – up'), true);
      assert.equal(new TextDecoder().decode(systemd.receive()?.data), 'READY=1\nSTATUS=5 virtual servers – up');
      systemd.close();
      assert.equal(notifySystemd('WATCHDOG=1'), false, 'nobody listens any more');
    });
  }

  it('is false where nobody asked, or in a way that we do not speak', () => {
    assert.equal(notifySystemd('READY=1'), false);
    for (const path of ['', 'vsock:2:1234', 'relative', `/${'a'.repeat(200)}`, '/nowhere/notify']) {
      process.env['NOTIFY_SOCKET'] = path;
      assert.equal(notifySystemd('READY=1'), false, path);
    }
  });

  const rows: { usec?: string; pid?: string; ms: number | null }[] = [
    { ms: null },
    { usec: '30000000', ms: 30_000 },
    { usec: '1500', ms: 1.5 },
    { usec: '30000000', pid: String(process.pid), ms: 30_000 },
    { usec: '30000000', pid: '1', ms: null },
    { usec: '0', ms: null },
    { usec: '', ms: null },
    { usec: 'soon', ms: null },
  ];
  for (const { usec, pid, ms } of rows) {
    it(`WATCHDOG_USEC=${usec} WATCHDOG_PID=${pid === undefined ? pid : pid === '1' ? 'another' : 'ours'}: ${ms} ms`, () => {
      if (usec !== undefined) process.env['WATCHDOG_USEC'] = usec;
      if (pid !== undefined) process.env['WATCHDOG_PID'] = pid;
      assert.equal(watchdogIntervalMs(), ms);
    });
  }
});
