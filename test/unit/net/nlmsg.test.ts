import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeVerdict, type NetlinkMessage, splitMessages } from '../../../src/net/nlmsg.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex'));

function split(text: string): NetlinkMessage[] {
  const result = splitMessages(bytes(text));
  assert.ok(result.ok);
  return result.value;
}

function verdict(text: string): ReturnType<typeof decodeVerdict> {
  const [message] = split(text);
  assert.ok(message !== undefined);
  return decodeVerdict(message);
}

describe('net/nlmsg: splitMessages', () => {
  it('splits a datagram, padding between messages', () => {
    const messages = split('11000000 1000 0100 07000000 2a000000 09ffffff | 10000000 0300 0200 08000000 00000000');
    assert.deepEqual(
      messages.map(({ type, flags, seq, portId, payload }) => ({ type, flags, seq, portId, payload: [...payload] })),
      [
        { type: 16, flags: 1, seq: 7, portId: 42, payload: [9] },
        { type: 3, flags: 2, seq: 8, portId: 0, payload: [] },
      ],
    );
  });

  it('takes a last message without its padding, and ignores less than a header at the end', () => {
    assert.equal(split('11000000 1000 0100 07000000 00000000 09').length, 1);
    assert.equal(split('10000000 0300 0200 08000000 00000000 1000000000').length, 1);
    assert.equal(split('').length, 0);
  });

  it('refuses a length below the header or over the end', () => {
    for (const [wire, length] of [
      ['0f000000', 15],
      ['11000000', 17],
      ['00000000', 0],
      ['ffffffff', 4_294_967_295],
    ] as const) {
      const result = splitMessages(bytes(`${wire} 0300 0200 08000000 00000000`));
      assert.deepEqual(result, { ok: false, error: { kind: 'length', offset: 0, length, available: 16 } });
    }
  });

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (random) => {
        const result = splitMessages(random);
        if (result.ok) for (const message of result.value) decodeVerdict(message);
      }),
    );
  });
});

describe('net/nlmsg: decodeVerdict', () => {
  const request = '28000000 14000506 01000000 00000000';

  it('ACK: error 0, the request header behind it', () => {
    assert.deepEqual(verdict(`24000000 02000001 01000000 05000000 00000000 ${request}`), { errno: 0, text: null });
  });

  it('refusal: the positive errno', () => {
    assert.deepEqual(verdict(`24000000 02000001 01000000 05000000 efffffff ${request}`), { errno: 17, text: null });
  });

  it('refusal with text behind a capped request (NLM_F_CAPPED | NLM_F_ACK_TLVS)', () => {
    const wire = `2c000000 02000003 01000000 05000000 9dffffff ${request} 07000100 6e6f0000`;
    assert.deepEqual(verdict(wire), { errno: 99, text: 'no' });
  });

  it('refusal with text behind the whole request (NLM_F_ACK_TLVS alone)', () => {
    const whole = '14000000 14000506 01000000 00000000 02180000';
    assert.deepEqual(verdict(`30000000 02000002 01000000 05000000 eaffffff ${whole} 07000100 6e6f0000`), {
      errno: 22,
      text: 'no',
    });
  });

  it('end of a dump: 0, an errno, or nothing at all', () => {
    assert.deepEqual(verdict('14000000 03000200 01000000 05000000 00000000'), { errno: 0, text: null });
    assert.deepEqual(verdict('14000000 03000200 01000000 05000000 eaffffff'), { errno: 22, text: null });
    assert.deepEqual(verdict('10000000 03000200 01000000 05000000'), { errno: 0, text: null });
  });

  it('end of a dump with text', () => {
    assert.deepEqual(verdict('1c000000 03000202 01000000 05000000 eaffffff 07000100 6e6f0000'), {
      errno: 22,
      text: 'no',
    });
  });

  it('an error too short to hold a number is none', () => {
    assert.equal(verdict('10000000 02000000 01000000 05000000'), null);
  });
});
