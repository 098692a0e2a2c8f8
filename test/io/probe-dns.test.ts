import assert from 'node:assert/strict';
import type { DnsCheckConfig } from '../../src/config/checks/dns.ts';
import { DnsTarget } from '../../src/sys/probe-dns.ts';
import { PLAIN_CHECK } from '../support/plain-check.ts';
import { closedPort, closeServers, deafPort, LOOPBACK, tcpServer, udpServer } from '../support/probe-servers.ts';
import { sleep, until } from '../support/wait.ts';

/** The question is www.example.test A. */
const QUESTION = {
  name: 'www.example.test',
  queryType: 1,
  transport: 'udp',
  recursionDesired: true,
  edns: false,
  responseCodes: [0],
  answer: null,
  tries: 1,
} as const;
const TEN: DnsCheckConfig['answer'] = { match: 'equals', text: '192.0.2.10' };
const QUESTION_END = 34;

/** The reply to a query: flags, and one A record of 192.0.2.`host` unless null. */
function reply(query: Uint8Array, { flags = 0x8580, host = 10 as number | null } = {}): Buffer {
  const record = host === null ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, host];
  const message = Buffer.from([...query.subarray(0, QUESTION_END), ...record]);
  message.writeUInt16BE(flags, 2);
  message.writeUInt16BE(host === null ? 0 : 1, 6);
  return message;
}

const REFUSED = 0x8585;
const TRUNCATED = 0x8780;
const framed = (message: Uint8Array) => Buffer.from([message.length >> 8, message.length & 0xff, ...message]);
const nextTurn = () => new Promise((done) => setImmediate(done));

describe('sys/probe-dns', () => {
  const targets: DnsTarget[] = [];
  const target = (port: number, check: Partial<DnsCheckConfig> = {}) => {
    const place = { ...PLAIN_CHECK, address: LOOPBACK, port, timeoutMs: 2000 };
    const made = new DnsTarget({ ...place, type: 'dns', ...QUESTION, ...check });
    targets.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of targets.splice(0)) made.close();
    closeServers();
  });

  /** Replies with what `make` gives for a query, in order. */
  const server = (make: (query: Buffer, count: number) => readonly Uint8Array[]) =>
    udpServer((socket, from, count, query) => {
      for (const datagram of make(query, count)) socket.send(datagram, from.port, from.address);
    });
  const tcp = (make: (query: Buffer) => Uint8Array) =>
    tcpServer((socket) => socket.on('data', (query) => socket.write(make(query.subarray(2)))));

  async function assertPasses(port: number, check: Partial<DnsCheckConfig> = {}) {
    const result = await target(port, check).probe();
    assert.ok(result.ok, result.ok ? '' : `${result.reason}: ${result.detail}`);
  }

  async function assertFails(port: number, check: Partial<DnsCheckConfig>, reason: string, detail: RegExp) {
    const result = await target(port, check).probe();
    assert.ok(!result.ok, 'passed');
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  }

  it('passes on the answer wanted', async () => assertPasses(await server((query) => [reply(query)]), { answer: TEN }));

  it('passes over IPv6', async () => {
    const port = await udpServer(
      (socket, from, _n, query) => socket.send(reply(query), from.port, from.address),
      '::1',
    );
    await assertPasses(port, { address: '::1', answer: TEN });
  });

  it('asks with a new id each time, from one port while it passes', async () => {
    const ids = new Set<number>();
    const ports = new Set<number>();
    const port = await udpServer((socket, from, _n, query) => {
      ids.add(query.readUInt16BE(0));
      ports.add(from.port);
      socket.send(reply(query), from.port, from.address);
    });
    const made = target(port);
    for (let n = 0; n < 8; n++) assert.ok((await made.probe()).ok);
    assert.ok(ids.size >= 7, `${ids.size} ids`);
    assert.equal(ports.size, 1);
  });

  it('fails with answer on another record, and on another response code', async () => {
    const other = await server((query) => [reply(query, { host: 99 })]);
    await assertFails(
      other,
      { answer: TEN },
      'answer',
      /not the record wanted: "192\.0\.2\.99" for www\.example\.test A/,
    );
    const refuses = await server((query) => [reply(query, { flags: REFUSED, host: null })]);
    await assertFails(refuses, {}, 'answer', /^REFUSED for www\.example\.test A, not NOERROR$/);
  });

  it('passes over what is no answer to this question and waits for the one that is', async () => {
    const port = await server((query) => {
      const [otherId, otherName] = [reply(query, { host: 1 }), reply(query, { host: 2 })];
      otherId.writeUInt16BE((query.readUInt16BE(0) + 1) % 65_536, 0);
      otherName.write('xxx', 13);
      return [Buffer.from('nonsense'), query, otherId, otherName, reply(query)];
    });
    await assertPasses(port, { answer: TEN });
  });

  it('fails with timeout when only such things come, and says so', async () => {
    const port = await server((query) => [query, Buffer.from('nonsense')]);
    const detail = /no answer to www\.example\.test A within 100 ms; 2 datagrams were none, the last "nonsense"/;
    await assertFails(port, { timeoutMs: 100 }, 'timeout', detail);
  });

  it('does not take the late answer to one probe for the answer to the next', async () => {
    const port = await udpServer((socket, from, count, query) => {
      if (count === 1) setTimeout(() => socket.send(reply(query), from.port, from.address), 130);
    });
    const made = target(port, { timeoutMs: 100 });
    for (let n = 0; n < 2; n++) {
      const result = await made.probe();
      assert.ok(!result.ok && result.reason === 'timeout');
    }
  });

  it('fails with refused when nobody listens, over UDP and TCP', async () => {
    await assertFails(await closedPort(), {}, 'refused', /ECONNREFUSED/);
    await assertFails(await closedPort(), { transport: 'tcp' }, 'refused', /ECONNREFUSED/);
  });

  it('fails with timeout on silence, over UDP and TCP', async () => {
    await assertFails(await server(() => []), { timeoutMs: 100 }, 'timeout', /no answer .* within 100 ms$/);
    const silent = await tcpServer(() => {});
    await assertFails(silent, { timeoutMs: 100, transport: 'tcp' }, 'timeout', /over TCP within 100 ms$/);
    await assertFails(await deafPort(), { timeoutMs: 100, transport: 'tcp' }, 'timeout', /over TCP/);
  });

  it('fails with protocol on an answer cut in the middle', async () => {
    const port = await server((query) => [reply(query).subarray(0, -3)]);
    await assertFails(port, { answer: TEN }, 'protocol', /47 bytes ends or goes wrong in record 1 of 1/);
    const overTcp = await tcp((query) => framed(reply(query).subarray(0, -3)));
    await assertFails(overTcp, { answer: TEN, transport: 'tcp' }, 'protocol', /47 bytes/);
  });

  it('passes with an oversized answer that is whole', async () => {
    const port = await server((query) => [Buffer.concat([reply(query), Buffer.alloc(60_000)])]);
    await assertPasses(port, { answer: TEN });
  });

  it('sends again when a datagram is lost', async () => {
    const port = await server((query, count) => (count < 3 ? [] : [reply(query)]));
    const result = await target(port, { tries: 3, timeoutMs: 900 }).probe();
    assert.ok(result.ok && result.latencyMs >= 598, JSON.stringify(result));
  });

  it('asks from another port after a failure', async () => {
    const ports = new Set<number>();
    const port = await udpServer((_server, from) => ports.add(from.port));
    const made = target(port, { timeoutMs: 50 });
    for (let n = 0; n < 3; n++) await made.probe();
    assert.ok(ports.size >= 2, `${ports.size} ports`);
  });

  it('asks no more once it has its answer', async () => {
    let queries = 0;
    const port = await server((query, count) => {
      queries = count;
      return [reply(query)];
    });
    assert.ok((await target(port, { tries: 5, timeoutMs: 100 }).probe()).ok);
    await sleep(60);
    assert.equal(queries, 1);
  });

  it('sends so many times and not more', async () => {
    let queries = 0;
    const port = await server((_query, count) => {
      queries = count;
      return [];
    });
    assert.equal((await target(port, { tries: 4, timeoutMs: 200 }).probe()).ok, false);
    await nextTurn();
    assert.equal(queries, 4);
  });

  describe('over TCP', () => {
    it('passes, whatever the pieces', async () => {
      const port = await tcpServer((socket) =>
        socket.once('data', (query) => {
          const answer = framed(reply(query.subarray(2)));
          for (const [n, at] of [0, 1, 3, 20].entries()) {
            setTimeout(() => socket.write(answer.subarray(at, [1, 3, 20, answer.length][n])), 5 * n);
          }
        }),
      );
      await assertPasses(port, { transport: 'tcp', answer: TEN });
    });

    it('fails with timeout on one byte a second', async () => {
      const port = await tcpServer((socket) =>
        socket.once('data', (query) => {
          const answer = framed(reply(query.subarray(2)));
          let at = 0;
          const timer = setInterval(() => socket.write(answer.subarray(at, ++at)), 50);
          socket.once('close', () => clearInterval(timer));
        }),
      );
      await assertFails(port, { transport: 'tcp', timeoutMs: 300 }, 'timeout', /over TCP within 300 ms/);
    });

    it('leaves no connection behind, however it ends', async () => {
      let open = 0;
      const port = await tcpServer((socket) => {
        open += 1;
        socket.resume().once('close', () => {
          open -= 1;
        });
      });
      await assertFails(port, { transport: 'tcp', timeoutMs: 50 }, 'timeout', /over TCP/);
      await until(() => open === 0);
    });

    it('fails with answer on an answer to another question, with closed on none', async () => {
      const other = await tcp((query) => framed(reply(Buffer.from(query).fill(0x61, 13, 16))));
      await assertFails(other, { transport: 'tcp' }, 'answer', /answered something else than www\.example\.test A/);
      const closes = await tcpServer((socket) => socket.end('xyz'));
      await assertFails(closes, { transport: 'tcp' }, 'closed', /closed the connection after 3 bytes/);
    });

    it('fetches an answer that was truncated, if the records matter', async () => {
      const port = await tcp((query) => framed(reply(query)));
      let queries = 0;
      await udpServer(
        (socket, from, _n, query) => {
          queries += 1;
          socket.send(reply(query, { flags: TRUNCATED, host: null }), from.port, from.address);
        },
        LOOPBACK,
        port,
      );
      await assertPasses(port, { answer: TEN });
      assert.equal(queries, 1);
    });

    it('fails when an answer is truncated even there', async () => {
      const port = await tcp((query) => framed(reply(query, { flags: TRUNCATED, host: null })));
      await assertFails(port, { transport: 'tcp', answer: TEN }, 'answer', /truncated answer, even over TCP/);
    });
  });

  it('is not delayed by neighbours that say nothing, drip, or send as much nonsense as they can', async () => {
    const healthy = await server((query) => [reply(query)]);
    const silent = await server(() => []);
    const nonsense = await server((query) =>
      Array.from({ length: 4 }, () => Buffer.alloc(60_000, query.subarray(0, 12))),
    );
    const drip = await tcpServer((socket) => {
      const timer = setInterval(() => socket.write('x'), 5);
      socket.resume().once('close', () => clearInterval(timer));
    });
    const bad = [
      ...Array.from({ length: 20 }, () => target(silent, { timeoutMs: 400 })),
      ...Array.from({ length: 5 }, () => target(nonsense, { timeoutMs: 400 })),
      ...Array.from({ length: 20 }, () => target(drip, { timeoutMs: 400, transport: 'tcp' })),
    ].map((made) => made.probe());
    const kept = target(healthy);
    for (let n = 0; n < 10; n++) {
      const result = await kept.probe();
      assert.ok(result.ok && result.latencyMs < 200, JSON.stringify(result));
    }
    for (const result of await Promise.all(bad))
      assert.ok(!result.ok && result.latencyMs < 900, JSON.stringify(result));
  });

  it('ends with local when it is closed under way, over UDP and TCP', async () => {
    for (const transport of ['udp', 'tcp'] as const) {
      const made = target(await (transport === 'udp' ? server(() => []) : tcpServer(() => {})), { transport });
      const probe = made.probe();
      await nextTurn();
      made.close();
      const result = await probe;
      assert.ok(!result.ok && result.reason === 'local');
    }
  });
});
