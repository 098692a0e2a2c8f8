import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeDaemon,
  decodeDestination,
  decodeInfo,
  decodeService,
  decodeTimeouts,
} from '../../../src/ipvs/decode.ts';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import type { Result } from '../../../src/util/result.ts';
import { unwrap } from './builders.ts';
import { payloads, vectors } from './vectors.ts';

describe('IPVS replies that are wrong', () => {
  const message = (command: number, write: (writer: AttrWriter) => void): Uint8Array => {
    const writer = new AttrWriter();
    writer.put8(command).put8(1).put16(0);
    write(writer);
    return writer.finish();
  };
  const nested = (command: number, type: number, write: (writer: AttrWriter) => void): Uint8Array =>
    message(command, (writer) => {
      const nest = writer.beginNest(type);
      write(writer);
      writer.endNest(nest);
    });
  const rows: readonly (readonly [string, Result<unknown, unknown>, object])[] = [
    ['no header', decodeService(Uint8Array.of(1, 1)), { kind: 'short', need: 4, have: 2 }],
    ['another command', decodeService(Uint8Array.of(5, 1, 0, 0)), { kind: 'command', want: 1, got: 5 }],
    ['no service', decodeService(Uint8Array.of(1, 1, 0, 0)), missing('IPVS_CMD_ATTR_SERVICE')],
    [
      'an attribute over the end',
      decodeInfo(Uint8Array.of(14, 1, 0, 0, 9, 0, 1, 0, 1, 2, 3, 4)),
      { kind: 'attributes', error: { kind: 'length', offset: 4, length: 9, available: 8 } },
    ],
    ['no family', decodeService(nested(1, 1, (w) => w.u32(5, 1))), missing('IPVS_SVC_ATTR_AF')],
    [
      'an unknown family',
      decodeService(nested(1, 1, (w) => w.u16(1, 99))),
      { kind: 'value', name: 'IPVS_SVC_ATTR_AF', got: 99 },
    ],
    [
      'an IPv6 service with four bytes of address',
      decodeService(
        nested(1, 1, (w) =>
          w
            .u16(1, 10)
            .u16(2, 6)
            .bytes(3, Uint8Array.of(1, 2, 3, 4))
            .u16be(4, 80),
        ),
      ),
      missing('IPVS_SVC_ATTR_ADDR'),
    ],
    [
      'an IPv4 netmask of three bytes',
      decodeService(nested(1, 1, (w) => fwmarkService(w).bytes(9, Uint8Array.of(255, 255, 255)))),
      missing('IPVS_SVC_ATTR_NETMASK'),
    ],
    [
      'a destination without weight',
      decodeDestination(
        nested(5, 2, (w) => w.bytes(1, new Uint8Array(16)).u16be(2, 80).u32(3, 0)),
        4,
      ),
      missing('IPVS_DEST_ATTR_WEIGHT'),
    ],
    [
      'a daemon of no known state',
      decodeDaemon(nested(9, 3, (w) => w.u32(1, 3))),
      { kind: 'value', name: 'IPVS_DAEMON_ATTR_STATE', got: 3 },
    ],
    [
      'a timeout too few',
      decodeTimeouts(message(12, (w) => w.u32(4, 1).u32(5, 1))),
      missing('IPVS_CMD_ATTR_TIMEOUT_UDP'),
    ],
  ];
  for (const [what, result, error] of rows) {
    it(`refuses ${what}`, () => assert.deepEqual(result, { ok: false, error }));
  }

  it('takes the family of the service where the kernel reports none for the destination', () => {
    const payload = nested(5, 2, (w) =>
      w
        .bytes(1, Uint8Array.of(10, 0, 0, 1))
        .u16be(2, 80)
        .u32(3, 3)
        .u32(4, 1),
    );
    assert.deepEqual(unwrap(decodeDestination(payload, 4)).id, { family: 4, address: '10.0.0.1', port: 80 });
  });

  it('never throws, whatever the bytes', () => {
    const decoders = [decodeService, forService4, decodeDaemon, decodeTimeouts, decodeInfo];
    const replies = [...vectors.keys()].slice(1).flatMap(payloads);
    const mutated = fc
      .tuple(fc.constantFrom(...replies), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat())
      .map(([reply, at, byte, cut]) => {
        const copy = reply.slice(0, reply.length - (cut % 3 === 0 ? cut % reply.length : 0));
        copy[at % copy.length] = byte;
        return copy;
      });
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated);
    fc.assert(
      fc.property(bytes, (payload) => {
        for (const decode of decoders) assert.equal(typeof decode(payload).ok, 'boolean');
      }),
      { numRuns: 2000 },
    );
  });
});

function fwmarkService(writer: AttrWriter): AttrWriter {
  return writer.u16(1, 2).u32(5, 7).string(6, 'rr').u32(7, 0).u32(8, 0);
}

function forService4(payload: Uint8Array): ReturnType<typeof decodeDestination> {
  return decodeDestination(payload, 4);
}

function missing(name: string): object {
  return { kind: 'attribute', name };
}
