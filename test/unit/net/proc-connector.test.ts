/** Process events against bytes that a Linux 6.18 kernel sent (recorded with a Python socket), and random ones. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeProcEvent, encodeListen, type ProcEvent } from '../../../src/net/proc-connector.ts';

const HEADER = '4c000000030000000000000000000000' + '0100000001000000' + '0000000001000000' + '28000000';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** The parts of an event as the kernel sends it: `what`, then the event's own numbers. */
function event(what: string, ...numbers: readonly string[]): Uint8Array {
  const time = '01000000' + 'e764fc1a16000000';
  return bytes(HEADER + what + time + numbers.join('').padEnd(48, '0'));
}

describe('process events', () => {
  const recorded: readonly (readonly [string, string, ProcEvent])[] = [
    [
      'the answer to our request',
      '4c00000003000000000000000000000001000000010000000000000001000000280000000000000001000000820763fc1a160000000000000000000000000000000000000000000000000000',
      { kind: 'ack', errno: 0 },
    ],
    [
      'a fork',
      '4c000000030000000100000000000000010000000100000001000000000000002800000001000000010000000de764fc1a1600002a7200002a72000053720000537200000000000000000000',
      { kind: 'fork', pid: 29_267, parentPid: 29_226 },
    ],
    [
      'an exec',
      '4c00000003000000000000000000000001000000010000000000000000000000280000000200000000000000774f68fc1a160000537200005372000000000000000000000000000000000000',
      { kind: 'exec', pid: 29_267 },
    ],
    [
      'an exit',
      '4c00000003000000020000000000000001000000010000000200000000000000280000000000008001000000501f73fc1a160000537200005372000000000000110000002a7200002a720000',
      { kind: 'exit', pid: 29_267 },
    ],
  ];
  for (const [name, hex, expected] of recorded) {
    it(`${name} is read`, () => assert.deepEqual(decodeProcEvent(bytes(hex)), expected));
  }

  it('a refused request has its errno', () => {
    assert.deepEqual(decodeProcEvent(event('00000000', '01000000')), { kind: 'ack', errno: 1 });
  });

  it('a new name is read', () => {
    const found = decodeProcEvent(event('00020000', '05000000', '05000000', '6162000000000000'));
    assert.deepEqual(found, { kind: 'comm', pid: 5 });
  });

  const passed: readonly (readonly [string, Uint8Array])[] = [
    ['a new thread', event('01000000', '05000000', '05000000', '07000000', '05000000')],
    ["a thread's end", event('00000080', '07000000', '05000000')],
    ["a thread's name", event('00020000', '07000000', '05000000')],
    ['new credentials', event('04000000', '05000000', '05000000')],
    ['a core dump', event('00000040', '05000000', '05000000')],
    ['another connector', bytes(HEADER.replace('01000000', '02000000') + '02000000'.padEnd(80, '0'))],
    ['half an event', event('02000000', '05000000', '05000000').subarray(0, 60)],
    ['nothing', new Uint8Array(0)],
  ];
  for (const [name, datagram] of passed) {
    it(`${name} is passed over`, () => assert.equal(decodeProcEvent(datagram), null));
  }

  it('any bytes are read without throwing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (datagram) => void decodeProcEvent(datagram)));
  });

  it('are asked for, and no more, as other programs do it', () => {
    const expected = (op: string) => `280000000300000007000000000000000100000001000000070000000000000004000000${op}`;
    assert.equal(Buffer.from(encodeListen(true, 7)).toString('hex'), expected('01000000'));
    assert.equal(Buffer.from(encodeListen(false, 7)).toString('hex'), expected('02000000'));
  });
});
