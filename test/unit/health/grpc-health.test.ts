import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decodeHealthResponse, grpcCode, grpcMessage, healthRequest } from '../../../src/health/grpc-health.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('health/grpc-health: request', () => {
  it('for the whole server is an empty message', () => {
    assert.deepEqual(healthRequest(''), hex('00 00000000'));
  });

  it('for a service holds its name', () => {
    assert.deepEqual(healthRequest('a.B'), hex('00 00000005 0a 03 612e42'));
  });

  it('for a long name has its length in two bytes', () => {
    const request = healthRequest('é'.repeat(100));
    assert.deepEqual(request.subarray(0, 8), hex('00 000000cb 0a c801'));
    assert.equal(request.length, 5 + 3 + 200);
  });
});

describe('health/grpc-health: response', () => {
  const rows: [what: string, frame: string, answer: string][] = [
    ['status 1', '00 00000002 08 01', 'SERVING'],
    ['status 2', '00 00000002 08 02', 'NOT_SERVING'],
    ['status 3', '00 00000002 08 03', 'SERVICE_UNKNOWN'],
    ['status 0, written', '00 00000002 08 00', 'UNKNOWN'],
    ['status 0, left out as proto3 does', '00 00000000', 'UNKNOWN'],
    ['the last of several', '00 00000004 08 02 08 01', 'SERVING'],
    ['a longer varint', '00 00000003 08 8100', 'SERVING'],
    ['fields not known around it', '00 00000016 12 02 ffff 08 01 19 0000000000000000 25 00000000 30 05', 'SERVING'],
    ['a status not known', '00 00000002 08 07', 'serving status 7'],
    ['nothing', '', 'no message'],
    ['half a prefix', '00 0000', 'message cut in its length'],
    ['a shorter message', '00 00000002 08', 'message of 2 bytes, got 1'],
    ['a longer message', '00 00000001 08 01', 'message of 1 bytes, got 2'],
    ['compression', '01 00000002 08 01', 'compressed message'],
    ['a tag without a value', '00 00000001 08', 'malformed message'],
    ['a varint without an end', '00 0000000c 08 8080808080808080808080', 'malformed message'],
    ['the status as text', '00 00000003 0a 01 31', 'malformed message'],
    ['a text beyond the end', '00 00000003 12 05 31', 'malformed message'],
    ['a group', '00 00000001 13', 'malformed message'],
    ['field 0', '00 00000002 00 01', 'malformed message'],
  ];
  for (const [what, frame, answer] of rows) {
    it(`${what}: ${answer}`, () => {
      const decoded = decodeHealthResponse(hex(frame));
      assert.equal(decoded.ok ? decoded.value : decoded.error, answer);
    });
  }

  it('of any bytes is decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (message) => {
        const length = Uint8Array.of(0, 0, 0, 0, message.length);
        const decoded = decodeHealthResponse(Uint8Array.from([...length, ...message]));
        assert.ok(decoded.ok || decoded.error !== '');
        assert.ok(!decodeHealthResponse(message.subarray(0, 4)).ok);
      }),
    );
  });
});

describe('health/grpc-health: status', () => {
  it('has the names of google.rpc.Code', () => {
    assert.deepEqual(grpcCode('0'), { number: 0, name: 'OK' });
    assert.deepEqual(grpcCode('5'), { number: 5, name: 'NOT_FOUND' });
    assert.deepEqual(grpcCode('12'), { number: 12, name: 'UNIMPLEMENTED' });
    assert.deepEqual(grpcCode('14'), { number: 14, name: 'UNAVAILABLE' });
    assert.deepEqual(grpcCode('16'), { number: 16, name: 'UNAUTHENTICATED' });
    assert.deepEqual(grpcCode('99'), { number: 99, name: 'unknown code' });
    for (const text of ['', 'x', '-1', '1.5']) assert.equal(grpcCode(text), null);
  });

  it('has its message percent-encoded', () => {
    assert.equal(grpcMessage('no%20such%20thing%21 %C3%A4'), 'no such thing! ä');
    assert.equal(grpcMessage('100%'), '100%');
  });
});
