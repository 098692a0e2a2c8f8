import assert from 'node:assert/strict';
import type { PatternConfig } from '../../src/config/checks/payload.ts';
import type { UdpCheckConfig } from '../../src/config/checks/udp.ts';
import { UdpTarget } from '../../src/sys/probe-udp.ts';
import { closedPort, closeServers, udpCheck, udpServer } from '../support/probe-servers.ts';
import { sleep } from '../support/wait.ts';

const text = (words: string) => ({ kind: 'text' as const, text: words });

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
    assert.ok((await target(port, { expect: text('PONG') }).probe()).ok);
  });

  it('passes on any reply, at once, when no text is expected', async () => {
    const port = await udpServer((server, from) => server.send('?', from.port, from.address));
    const result = await target(port, { timeoutMs: 10_000 }).probe();
    assert.ok(result.ok);
    assert.ok(result.latencyMs < 5000);
  });

  it('passes over IPv6', async () => {
    const port = await udpServer((server, from) => server.send('PONG', from.port, from.address), '::1');
    assert.ok((await target(port, { address: '::1', expect: text('PONG') }).probe()).ok);
  });

  it('passes on silence, at the deadline, when no text is expected', async () => {
    const result = await target(await udpServer(() => {}), { timeoutMs: 100 }).probe();
    assert.ok(result.ok);
    assert.ok(result.latencyMs >= 99);
  });

  it('fails with refused on an ICMP error, with and without an expected text, again and again', async () => {
    const port = await closedPort();
    await assertFails(port, { expect: text('PONG') }, 'refused', /ECONNREFUSED/);
    const kept = target(port);
    for (let i = 0; i < 3; i++) assert.equal((await kept.probe()).ok, false);
  });

  it('fails with timeout on silence when a text is expected', async () => {
    await assertFails(
      await udpServer(() => {}),
      { timeoutMs: 100, expect: text('x') },
      'timeout',
      /no reply within 100 ms/,
    );
  });

  it('fails with answer on another reply', async () => {
    const port = await udpServer((server, from) => server.send('-ERR', from.port, from.address));
    await assertFails(port, { expect: text('PONG') }, 'answer', /reply of 4 bytes does not match "PONG": "-ERR"/);
  });

  it('keeps its socket while it passes', async () => {
    const ports = new Set<number>();
    const port = await udpServer((server, from) => {
      ports.add(from.port);
      server.send('PONG', from.port, from.address);
    });
    const kept = target(port, { expect: text('PONG') });
    for (let i = 0; i < 3; i++) assert.ok((await kept.probe()).ok);
    assert.equal(ports.size, 1);
  });

  it('does not take the late reply to one probe for the reply to the next', async () => {
    // The first datagram is answered while the second probe is under way; the second never is.
    const port = await udpServer((server, from, count) => {
      if (count === 1) setTimeout(() => server.send('PONG', from.port, from.address), 150);
    });
    const kept = target(port, { timeoutMs: 100, expect: text('PONG') });
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
    const kept = target(port, { timeoutMs: 100, expect: text('PONG') });
    assert.ok((await kept.probe()).ok);
    await new Promise((done) => setTimeout(done, 30));
    assert.equal((await kept.probe()).ok, false);
  });

  it('recovers when the server comes back', async () => {
    let awake = false;
    const port = await udpServer((server, from) => {
      if (awake) server.send('PONG', from.port, from.address);
    });
    const kept = target(port, { timeoutMs: 100, expect: text('PONG') });
    assert.equal((await kept.probe()).ok, false);
    awake = true;
    assert.equal((await kept.probe()).ok, true);
  });

  it('judges by bytes with digits that do not count, and by regular expressions', async () => {
    const port = await udpServer((server, from) =>
      server.send(Uint8Array.of(0x01, 0xab, 0xff), from.port, from.address),
    );
    assert.ok((await target(port, { expect: { kind: 'hex', hex: '01?b' }, replyRequired: true }).probe()).ok);
    const other: PatternConfig = { kind: 'hex', hex: '01?c' };
    await assertFails(port, { expect: other }, 'answer', /does not match bytes 01\?c: "\\x01\\xab\\xff"/);
    const sip = await udpServer((server, from) => server.send('SIP/2.0 200 OK', from.port, from.address));
    assert.ok((await target(sip, { expect: { kind: 'regex', regex: '^SIP/2.0 [1-4]' } }).probe()).ok);
    await assertFails(sip, { expect: { kind: 'regex', regex: '^SIP/2.0 5' } }, 'answer', /does not match/);
  });

  it('sends bytes', async () => {
    const got: string[] = [];
    const port = await udpServer((server, from, _count, datagram) => {
      got.push(datagram.toString('hex'));
      server.send('?', from.port, from.address);
    });
    assert.ok((await target(port, { send: { kind: 'hex', hex: '00ff10' } }).probe()).ok);
    assert.ok((await target(port, { send: { kind: 'text', text: '' } }).probe()).ok);
    assert.deepEqual(got, ['00ff10', '']);
  });

  it('fails a reply that is too short or too long, the longest one included', async () => {
    const port = await udpServer((server, from, _count, datagram) =>
      server.send(Buffer.alloc(Number(datagram.toString())), from.port, from.address),
    );
    const reply = (length: number) =>
      target(port, { send: text(String(length)), replyLength: { min: 4, max: 8 }, replyRequired: true }).probe();
    for (const length of [4, 8]) assert.ok((await reply(length)).ok);
    for (const length of [0, 3, 9, 65_507]) {
      const result = await reply(length);
      assert.ok(!result.ok && result.reason === 'answer');
      assert.equal(result.detail, `reply of ${length} bytes, not 4 to 8`);
    }
  });

  it('fails on silence when any reply is required', async () => {
    const check = { timeoutMs: 100, replyRequired: true };
    await assertFails(await udpServer(() => {}), check, 'timeout', /no reply within 100 ms/);
  });

  it('sends again when a datagram is lost', async () => {
    const port = await udpServer((server, from, count) => {
      if (count === 3) server.send('PONG', from.port, from.address);
    });
    const result = await target(port, { expect: text('PONG'), tries: 3, timeoutMs: 900 }).probe();
    assert.ok(result.ok && result.latencyMs >= 598, JSON.stringify(result));
  });

  it('sends no more once it has its reply', async () => {
    let datagrams = 0;
    const port = await udpServer((server, from, count) => {
      datagrams = count;
      server.send('PONG', from.port, from.address);
    });
    assert.ok((await target(port, { expect: text('PONG'), tries: 5, timeoutMs: 100 }).probe()).ok);
    await sleep(60);
    assert.equal(datagrams, 1);
  });

  describe('with random bytes that the reply must repeat', () => {
    const fresh: Partial<UdpCheckConfig> = {
      send: { kind: 'fresh', form: 'hex', template: 'aa{random:4}', sign: null },
      expect: { kind: 'fresh', form: 'hex', template: 'bb{random:4}' },
      replyRequired: true,
    };
    const answerTo = (datagram: Buffer) => Buffer.concat([Buffer.of(0xbb), datagram.subarray(1)]);

    it('passes, with other bytes each time', async () => {
      const sent = new Set<string>();
      const port = await udpServer((server, from, _count, datagram) => {
        sent.add(datagram.toString('hex'));
        server.send(answerTo(datagram), from.port, from.address);
      });
      const kept = target(port, fresh);
      for (let n = 0; n < 4; n++) assert.ok((await kept.probe()).ok);
      assert.equal(sent.size, 4);
    });

    it('passes over the reply to another probe and waits for its own', async () => {
      let last = Buffer.from('bb00000000', 'hex');
      const port = await udpServer((server, from, _count, datagram) => {
        server.send(last, from.port, from.address);
        last = answerTo(datagram);
        server.send(last, from.port, from.address);
      });
      const kept = target(port, fresh);
      for (let n = 0; n < 3; n++) assert.ok((await kept.probe()).ok);
    });

    it('fails with answer at the deadline when only other replies come', async () => {
      const port = await udpServer((server, from) =>
        server.send(Buffer.from('bb00000000', 'hex'), from.port, from.address),
      );
      await assertFails(port, { ...fresh, timeoutMs: 100 }, 'answer', /does not match bytes bb\{random:4\}/);
    });
  });

  it('sends from the source address, by the interface', async () => {
    const from: string[] = [];
    const port = await udpServer((server, peer) => {
      from.push(peer.address);
      server.send('PONG', peer.port, peer.address);
    });
    assert.ok((await target(port, { sourceAddress: '127.0.0.7', expect: text('PONG') }).probe()).ok);
    assert.deepEqual(from, ['127.0.0.7']);
  });

  it('fails with local, in words, for a source address or interface that is not here', async () => {
    const port = await udpServer(() => {});
    const source = /send from 192\.0\.2\.77: EADDRNOTAVAIL .*this machine does not have the address/;
    await assertFails(port, { sourceAddress: '192.0.2.77' }, 'local', source);
    await assertFails(port, { interface: 'nowhere0' }, 'local', /nowhere0: ENODEV .*there is no such interface/);
  });

  it('ends with local when it is closed under way', async () => {
    const made = target(await udpServer(() => {}), { expect: text('x') });
    const result = made.probe();
    made.close();
    const ended = await result;
    assert.ok(!ended.ok && ended.reason === 'local');
  });
});
