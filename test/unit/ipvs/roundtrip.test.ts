import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeDestination, decodeService } from '../../../src/ipvs/decode.ts';
import { encodeCommand } from '../../../src/ipvs/encode.ts';
import type { Destination, ServiceId, ServiceSettings } from '../../../src/ipvs/types.ts';
import { formatAddress } from '../../../src/net/ip.ts';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import { fwmark, IDLE, unwrap } from './builders.ts';

/** Plain objects, to compare with. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });

describe('IPVS encode and decode', () => {
  const family = fc.constantFrom<4 | 6>(4, 6);
  const port = fc.integer({ min: 0, max: 65535 });
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const address = (of: 4 | 6) => {
    const length = of === 4 ? 4 : 16;
    return fc.uint8Array({ minLength: length, maxLength: length }).map(formatAddress);
  };
  const id: fc.Arbitrary<ServiceId> = family.chain((of) =>
    fc.oneof(
      record({
        kind: fc.constant<'address'>('address'),
        family: fc.constant(of),
        protocol: port,
        address: address(of),
        port,
      }),
      record({ kind: fc.constant<'fwmark'>('fwmark'), family: fc.constant(of), fwmark: u32 }),
    ),
  );
  const settings = (of: 4 | 6): fc.Arbitrary<ServiceSettings> =>
    record({
      scheduler: fc.constantFrom('rr', 'wlc', 'abcdefghijklmno'),
      flags: u32.map((flags) => (flags & ~2) >>> 0),
      timeoutS: u32,
      prefixLength: fc.integer({ min: of === 4 ? 0 : 1, max: of === 4 ? 32 : 128 }),
      persistenceEngine: fc.constantFrom('sip', null),
    });
  const real: fc.Arbitrary<Destination> = family.chain((of) =>
    record({
      id: record({ family: fc.constant(of), address: address(of), port }),
      settings: record({
        forwardMethod: fc.integer({ min: 0, max: 7 }),
        weight: u32,
        upperThreshold: u32,
        lowerThreshold: u32,
        tunnelType: fc.integer({ min: 0, max: 255 }),
        tunnelPort: port,
        tunnelFlags: port,
      }),
    }),
  );

  it('a service comes back as it was', () => {
    const service = id.chain((of) => fc.tuple(fc.constant(of), settings(of.family)));
    fc.assert(
      fc.property(service, ([of, given]) => {
        const writer = new AttrWriter();
        encodeCommand(writer, 28, 1, 5, { command: 'new-service', service: of, settings: given });
        const decoded = unwrap(decodeService(writer.finish().subarray(16)));
        assert.deepEqual(decoded, { id: of, settings: given, statistics: IDLE });
      }),
    );
  });

  it('a destination comes back as it was', () => {
    fc.assert(
      fc.property(real, (destination) => {
        const writer = new AttrWriter();
        encodeCommand(writer, 28, 1, 5, { command: 'new-dest', service: fwmark(1), destination });
        const decoded = unwrap(decodeDestination(writer.finish().subarray(16), 4));
        assert.deepEqual({ id: decoded.id, settings: decoded.settings }, destination);
      }),
    );
  });
});
