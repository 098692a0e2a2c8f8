import assert from 'node:assert/strict';
import type { UdpCheckConfig } from '../../src/config/types.ts';
import { UdpTarget } from '../../src/sys/probe-udp.ts';
import { closedPort, closeServers, udpCheck, udpServer } from '../support/probe-servers.ts';

describe('sys/probe-udp', () => {
  const targets: UdpTarget[] = [];
  const target = (port: number, check: Partial<UdpCheckConfig> = {}) => {
    const made = new UdpTarget(udpCheck(port, check));
    targets.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
  });

  async function assertFails(port: number, check: Partial<UdpCheckConfig>, reason: string, detail: RegExp) {
    const result = await target(port, check).probe();
    assert.ok(!result.ok, 'passed');
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  }

  it('passes on a reply that contains the text', async () => {
    const port = await udpServer((server, from) => server.send('+PONG\r\n', from.port, from.address));
    assert.ok((await target(port, { expect: 'PONG' }).probe()).ok);
  });

  it('passes on any reply, at once, when no text is expected', async () => {
    const port = await udpServer((server, from) => server.send('?', from.port, from.address));
    const result = await target(port, { timeoutMs: 10_000 }).probe();
    assert.ok(result.ok);
    assert.ok(result.latencyMs < 5000);
  });

  it('passes over IPv6', async () => {
    const port = await udpServer((server, from) => server.send('PONG', from.port, from.address), '::1');
    assert.ok((await target(port, { address: '::1', expect: 'PONG' }).probe()).ok);
  });

  it('passes on silence, at the deadline, when no text is expected', async () => {
    const result = await target(await udpServer(() => {}), { timeoutMs: 100 }).probe();
    assert.ok(result.ok);
    assert.ok(result.latencyMs >= 99);
  });

  it('fails with refused on an ICMP error, with and without an expected text, again and again', async () => {
    const port = await closedPort();
    await assertFails(port, { expect: 'PONG' }, 'refused', /ECONNREFUSED/);
    const kept = target(port);
    for (let i = 0; i < 3; i++) assert.equal((await kept.probe()).ok, false);
  });

  it('fails with timeout on silence when a text is expected', async () => {
    await assertFails(await udpServer(() => {}), { timeoutMs: 100, expect: 'x' }, 'timeout', /no reply within 100 ms/);
  });

  it('fails with answer on another reply', async () => {
    const port = await udpServer((server, from) => server.send('-ERR', from.port, from.address));
    await assertFails(port, { expect: 'PONG' }, 'answer', /reply of 4 bytes does not contain the text: "-ERR"/);
  });

  it('keeps its socket while it passes', async () => {
    const ports = new Set<number>();
    const port = await udpServer((server, from) => {
      ports.add(from.port);
      server.send('PONG', from.port, from.address);
    });
    const kept = target(port, { expect: 'PONG' });
    for (let i = 0; i < 3; i++) assert.ok((await kept.probe()).ok);
    assert.equal(ports.size, 1);
  });

  it('does not take the late reply to one probe for the reply to the next', async () => {
    // The first datagram is answered while the second probe is under way; the second never is.
    const port = await udpServer((server, from, count) => {
      if (count === 1) setTimeout(() => server.send('PONG', from.port, from.address), 150);
    });
    const kept = target(port, { timeoutMs: 100, expect: 'PONG' });
    assert.equal((await kept.probe()).ok, false);
    const second = await kept.probe();
    assert.ok(!second.ok && second.reason === 'timeout');
  });

  it('does not take a second reply to one probe for the reply to the next', async () => {
    const port = await udpServer((server, from, count) => {
      if (count > 1) return;
      server.send('PONG', from.port, from.address);
      server.send('PONG', from.port, from.address);
    });
    const kept = target(port, { timeoutMs: 100, expect: 'PONG' });
    assert.ok((await kept.probe()).ok);
    await new Promise((done) => setTimeout(done, 30));
    assert.equal((await kept.probe()).ok, false);
  });

  it('recovers when the server comes back', async () => {
    let awake = false;
    const port = await udpServer((server, from) => {
      if (awake) server.send('PONG', from.port, from.address);
    });
    const kept = target(port, { timeoutMs: 100, expect: 'PONG' });
    assert.equal((await kept.probe()).ok, false);
    awake = true;
    assert.equal((await kept.probe()).ok, true);
  });

  it('ends with local when it is closed under way', async () => {
    const made = target(await udpServer(() => {}), { expect: 'x' });
    const result = made.probe();
    made.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
  });
});
