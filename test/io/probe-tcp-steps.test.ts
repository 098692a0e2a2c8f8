import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { TcpTarget } from '../../src/sys/probe-tcp.ts';
import { closeServers, tcpCheck, tcpServer } from '../support/probe-servers.ts';
import { sleep } from '../support/wait.ts';
import { written } from '../support/written-check.ts';

const probe = (port: number, keys: object) => new TcpTarget(written(port, keys)).probe();

async function assertFails(port: number, keys: object, reason: string, detail: RegExp) {
  const result = await probe(port, keys);
  assert.ok(!result.ok, 'passed');
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
  return result;
}

/** Answers each line with what `answers` has for it. */
function answering(socket: Socket, answers: Readonly<Record<string, string>>): void {
  let line = '';
  socket.on('data', (chunk) => {
    line += chunk.toString('latin1');
    for (let end = line.indexOf('\n'); end >= 0; end = line.indexOf('\n')) {
      const answer = answers[line.slice(0, end).trimEnd()];
      if (answer !== undefined) socket.write(answer);
      line = line.slice(end + 1);
    }
  });
}

/** A packet of MySQL's protocol. */
function packet(sequence: number, ...parts: readonly (string | number | readonly number[])[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(typeof part === 'number' ? [part] : part),
    ),
  );
  return Buffer.concat([Buffer.from([body.length, 0, 0, sequence]), body]);
}

describe('sys/probe-tcp: steps', () => {
  afterEach(closeServers);

  it('goes through several sends and expects in order', async () => {
    const port = await tcpServer((socket) => {
      socket.write('220 hello\r\n');
      answering(socket, { 'EHLO a': '250-one\r\n250 two\r\n', QUIT: '221 bye\r\n' });
    });
    const steps = [
      { expect: { regex: '^220 ' } },
      { send: 'EHLO a\r\n', expect: { regex: '^250 .*\\n' } },
      { send: 'QUIT\r\n', expect: '221' },
    ];
    assert.ok((await probe(port, { steps })).ok);
  });

  it('keeps what follows a match for the next expect, however it was cut', async () => {
    const port = await tcpServer((socket) => socket.write('one two'));
    assert.ok((await probe(port, { steps: [{ expect: 'one' }, { expect: { hex: '20 74 77 6f' } }] })).ok);
    const cut = await tcpServer(async (socket) => {
      for (const char of 'one two') {
        socket.write(char);
        await sleep(2);
      }
    });
    assert.ok((await probe(cut, { steps: [{ expect: 'one' }, { expect: { hex: '20 74 77 6f' } }] })).ok);
  });

  it('does not take one answer twice', async () => {
    const port = await tcpServer((socket) => socket.write('one\n'));
    await assertFails(
      port,
      {
        steps: [
          { expect: 'one', within: '1s' },
          { expect: 'one', within: '50ms' },
        ],
      },
      'timeout',
      /^expecting "one": expected text not received within 50 ms, got 1 bytes/,
    );
  });

  it('does not take the rest of a line for the beginning of one', async () => {
    const port = await tcpServer((socket) => socket.write('220 hello\r\n250 ok\r\n'));
    assert.ok((await probe(port, { steps: [{ expect: '220' }, { expect: { regex: '^250' } }] })).ok);
    const steps = [{ expect: '220' }, { expect: { regex: '^ hello' }, within: '50ms' }];
    await assertFails(port, { steps }, 'timeout', /expecting \/\^ hello\//);
  });

  it('has no limit of a step left over for the next one', async () => {
    const port = await tcpServer((socket) => {
      socket.write('one');
      setTimeout(() => socket.write('two'), 200);
    });
    assert.ok((await probe(port, { steps: [{ expect: 'on', within: '80ms' }, { expect: 'two' }] })).ok);
    const split = await tcpServer((socket) => {
      setTimeout(() => socket.write('one'), 20);
      setTimeout(() => socket.write('two'), 200);
    });
    assert.ok((await probe(split, { steps: [{ expect: 'one', within: '80ms' }, { expect: 'two' }] })).ok);
  });

  it('sends bytes and compares bytes', async () => {
    const port = await tcpServer((socket) =>
      socket.on('data', (chunk) => socket.write(Buffer.from([...chunk].map((byte) => byte ^ 0xff)))),
    );
    assert.ok((await probe(port, { send: { hex: '00 0f:f0' }, expect: { hex: 'ff Xx ?f' } })).ok);
    await assertFails(port, { send: { hex: '00' }, expect: { hex: 'fe' } }, 'answer', /expected bytes fe, got "\\xff"/);
  });

  it('fails at once on what is rejected, without waiting for the deadline', async () => {
    const port = await tcpServer((socket) => socket.write('554 no\r\n'));
    const result = await assertFails(
      port,
      { steps: [{ expect: { regex: '^220 ' }, reject: { regex: '^5\\d\\d' } }] },
      'answer',
      /rejected by \/\^5\\d\\d\/: "554 no/,
    );
    assert.ok(result.latencyMs < 1000);
  });

  it('rejects nothing behind what was expected', async () => {
    const port = await tcpServer((socket) => socket.write('220 ok\n500 later\n'));
    assert.ok((await probe(port, { steps: [{ expect: { regex: '^220 ' }, reject: { regex: '^5' } }] })).ok);
  });

  describe('answers a question that may come first', () => {
    const steps = [
      { send: 'begin\n', expect: { regex: '\\Aready' }, answer: { to: { regex: '\\Asure\\? ' }, send: 'yes\n' } },
      { send: 'bye\n' },
    ];

    it('if it comes', async () => {
      const port = await tcpServer((socket) => answering(socket, { begin: 'sure? ', yes: 'ready' }));
      assert.ok((await probe(port, { steps })).ok);
    });

    it('if it does not', async () => {
      const port = await tcpServer((socket) => answering(socket, { begin: 'ready' }));
      assert.ok((await probe(port, { steps })).ok);
    });

    it('once', async () => {
      let asked = 0;
      const port = await tcpServer((socket) => {
        answering(socket, { begin: 'sure? ', yes: 'sure? ' });
        socket.on('data', () => asked++);
      });
      const result = await new TcpTarget({ ...written(port, { steps }), timeoutMs: 150 }).probe();
      assert.ok(!result.ok && result.reason === 'timeout', JSON.stringify(result));
      assert.equal(asked, 2);
    });
  });

  it('has a limit for a step within the deadline of all', async () => {
    const port = await tcpServer((socket) => socket.write('first'));
    const steps = [{ expect: 'first' }, { send: 'x', expect: 'second', within: '60ms' }];
    const result = await assertFails(
      port,
      { steps },
      'timeout',
      /^expecting "second": connected, but no answer within 60 ms/,
    );
    assert.ok(result.latencyMs >= 59 && result.latencyMs < 1500, `${result.latencyMs}`);
  });

  it('is over at the deadline of all, whatever a step still has', async () => {
    const port = await tcpServer(() => {});
    const check = { ...written(port, { steps: [{ expect: 'x', within: '5s' }] }), timeoutMs: 80 };
    const result = await new TcpTarget(check).probe();
    assert.ok(!result.ok && result.reason === 'timeout');
    assert.ok(result.latencyMs < 1500);
  });

  it('sends a last word without waiting for an answer, and the server gets it', async () => {
    let got = '';
    const ended = new Promise<void>((done) => {
      void tcpServer((socket) => {
        socket.write('ready\n');
        socket.on('data', (chunk) => {
          got += chunk;
        });
        socket.on('end', done);
      }).then(async (port) => {
        assert.ok((await probe(port, { steps: [{ expect: 'ready\n' }, { send: 'QUIT\r\n' }] })).ok);
      });
    });
    await ended;
    assert.equal(got, 'QUIT\r\n');
  });

  it('passes when the server hangs up after all that was expected, before our last word', async () => {
    const port = await tcpServer((socket) => socket.end('ready'));
    assert.ok((await probe(port, { steps: [{ expect: { regex: 'ready$' } }, { send: 'QUIT\r\n' }] })).ok);
  });

  it('fails with closed when the server hangs up in the middle of the conversation', async () => {
    const port = await tcpServer((socket) => {
      socket.write('220 hello\r\n');
      socket.once('data', () => socket.end('250-on'));
    });
    const steps = [{ expect: { regex: '^220 .*\\n' } }, { send: 'EHLO a\r\n', expect: { regex: '^250 ' } }];
    await assertFails(port, { steps }, 'answer', /^expecting \/\^250 \/: connection closed after 6 bytes/);
  });

  it('fails when the server says good-bye before it was asked all', async () => {
    const port = await tcpServer((socket) => socket.end('220 hello\r\n'));
    const steps = [{ expect: { regex: '^220 .*$' } }, { expect: 'x' }];
    await assertFails(
      port,
      { steps },
      'answer',
      /^expecting "x": connection closed after 2 bytes without the text: "\\r\\n"/,
    );
  });

  it('has random bytes of its own for each probe, the same in question and answer', async () => {
    const asked: string[] = [];
    const port = await tcpServer((socket) =>
      socket.once('data', (chunk) => {
        asked.push(chunk.toString());
        socket.write(`id ${chunk}`);
      }),
    );
    const steps = [
      { do: 'send', payload: { kind: 'fresh', form: 'text', template: '{random:4}\n', sign: null } },
      {
        do: 'expect',
        pattern: { kind: 'fresh', form: 'text', template: 'id {random:4}' },
        reject: null,
        answer: null,
        withinMs: null,
      },
    ] as const;
    const target = new TcpTarget(tcpCheck(port, { steps }));
    assert.ok((await target.probe()).ok);
    assert.ok((await target.probe()).ok);
    assert.equal(new Set(asked).size, 2);
    assert.match(asked[0] ?? '', /^[0-9a-f]{8}\n$/);
  });

  it('reads no more of an endless answer than 64 KiB a step', async () => {
    const port = await tcpServer((socket) => {
      const chunk = Buffer.alloc(16_384, 'x');
      const fill = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', fill);
      fill();
    });
    await assertFails(port, { expect: { regex: 'y' } }, 'answer', /not in the first 65536 bytes/);
  });

  it('lets neighbours be: a stuck one costs a good one nothing', async () => {
    const silent = await tcpServer(() => {});
    const good = await tcpServer((socket) => socket.write('hello'));
    const stuck = Array.from({ length: 20 }, () => probe(silent, { expect: 'x' }));
    const result = await probe(good, { expect: 'hello' });
    assert.ok(result.ok && result.latencyMs < 500, `${result.latencyMs} ms`);
    closeServers();
    await Promise.all(stuck);
  });

  describe('the mysql preset, as the servers of MySQL 8 answer', () => {
    const zeros = (length: number) => Array.from({ length }, () => 0);
    const salt = 'abcdefghijklmnopqrst';
    const greeting = packet(
      0,
      10,
      '8.0.36\0',
      [1, 0, 0, 0],
      salt.slice(0, 8),
      0,
      [0xff, 0xff, 0xff, 2, 0, 0xff, 0xdf, 21],
      zeros(10),
      salt.slice(8),
      'caching_sha2_password\0'.padStart(23, '\0'),
    );
    const again = packet(2, 0xfe, 'caching_sha2_password\0', salt, 0);
    const denied = (sequence: number) => packet(sequence, 0xff, [0x15, 0x04], "#28000Access denied for user 'lvsd'");
    const full = packet(2, 0xff, [0x10, 0x04], '#08004Too many connections');
    const blocked = packet(0, 0xff, [0x69, 0x04], "Host '192.0.2.2' is blocked because of many connection errors");

    /** Says these one after the other, each when something was heard; notes what was heard. */
    async function server(heard: Buffer[], ...answers: readonly Buffer[]): Promise<number> {
      return tcpServer((socket) => {
        const left = [...answers];
        socket.write(left.shift() ?? '');
        socket.on('data', (chunk) => {
          heard.push(chunk);
          const next = left.shift();
          if (next !== undefined) socket.write(next);
        });
      });
    }

    it('passes when it is let in or denied', async () => {
      for (const answer of [packet(2, [0, 0, 0, 2, 0, 0, 0]), denied(2)]) {
        assert.ok((await probe(await server([], greeting, answer), { preset: 'mysql' })).ok);
      }
    });

    it('answers when another method is asked for, with an empty password', async () => {
      const heard: Buffer[] = [];
      const port = await server(heard, greeting, again, denied(4));
      const result = await probe(port, { preset: 'mysql' });
      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(heard[0]?.length, 4 + 56 + 'lvsd'.length);
      assert.equal(heard[0]?.[0], 56 + 'lvsd'.length);
      assert.deepEqual(heard[1], Buffer.from([1, 0, 0, 3, 0]));
    });

    it('fails when the server is full, or has blocked us', async () => {
      await assertFails(await server([], greeting, full), { preset: 'mysql' }, 'answer', /Too many connections/);
      await assertFails(await server([], blocked), { preset: 'mysql' }, 'answer', /is blocked|rejected/);
    });
  });
});
