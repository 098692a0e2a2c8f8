import assert from 'node:assert/strict';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import {
  encodeCommand,
  encodeGetDaemons,
  encodeGetDestinations,
  encodeGetInfo,
  encodeGetService,
  encodeGetServices,
  encodeGetTimeouts,
} from '../../../src/ipvs/encode.ts';
import type { ServiceId } from '../../../src/ipvs/types.ts';
import { AttrWriter } from '../../../src/net/nlattr.ts';
import {
  delDest,
  destination,
  fwmark,
  newDaemon,
  newDest,
  newService,
  real,
  sctp,
  setDest,
  setService,
  tcp,
  udp,
  vip,
} from './builders.ts';
import { vector, vectors } from './vectors.ts';

type Request =
  | IpvsCommand
  | { readonly query: 'services' | 'daemons' | 'info' | 'timeouts' }
  | { readonly query: 'service' | 'destinations'; readonly service: ServiceId };

/** Number of a vector, and the request that must come out as its bytes. */
const REQUESTS: readonly (readonly [number, Request])[] = [
  [1, { query: 'info' }],
  [2, newService(tcp('10.0.0.1', 80), { scheduler: 'wlc' })],
  [3, newService(tcp('10.0.0.1', 80), { scheduler: 'wlc' })],
  [4, newService(udp('2001:db8::1', 53), { scheduler: 'rr' })],
  [5, newService(fwmark(100), { scheduler: 'wrr', flags: 0x01, timeoutS: 300, prefixLength: 24 })],
  [6, newService(fwmark(100, 6), { scheduler: 'lc' })],
  [7, newService(fwmark(100, 6), { scheduler: 'lc' })],
  [8, newService(tcp('10.0.0.2', 443), { scheduler: 'lc', flags: 0x01, timeoutS: 600, prefixLength: 16 })],
  [9, newService(udp('10.0.0.3', 5060), { scheduler: 'rr', flags: 0x01, timeoutS: 300, persistenceEngine: 'sip' })],
  [10, newService(tcp('10.0.0.3', 5060), { scheduler: 'rr', flags: 0x01, timeoutS: 300, persistenceEngine: 'sip' })],
  [11, newService(udp('10.0.0.4', 53), { scheduler: 'rr', flags: 0x04 })],
  [12, newService(tcp('10.0.0.5', 80), { scheduler: 'sh', flags: 0x18 })],
  [13, newService(tcp('10.0.0.6', 80), { scheduler: 'mh', flags: 0x18 })],
  [14, newService(sctp('10.0.0.7', 3868), { scheduler: 'fo' })],
  [15, newService(vip(50, '10.0.0.8', 0), { scheduler: 'rr' })],
  [16, newService(tcp('10.0.0.9', 0), { scheduler: 'rr' })],
  [17, newService(tcp('10.0.0.10', 80), { scheduler: 'none' })],
  [21, { query: 'service', service: tcp('10.0.0.12', 80) }],
  [22, newService(tcp('10.0.0.14', 80), { scheduler: 'wlc', flags: 0x01 })],
  [24, newService(tcp('10.0.0.20', 80), { scheduler: 'nosuch' })],
  [25, newService(tcp('10.0.0.20', 80), { scheduler: 'abcdefghijklmnop' })],
  [26, newService(tcp('10.0.0.20', 80), { scheduler: 'wlc', flags: 0x01, timeoutS: 10, persistenceEngine: 'nosuch' })],
  [33, newService(tcp('2001:db8::2', 80), { scheduler: 'wlc', prefixLength: 0 })],
  [34, newService(tcp('2001:db8::2', 80), { scheduler: 'wlc', prefixLength: 0xffffffff })],
  [36, newService(fwmark(0), { scheduler: 'rr' })],
  [37, { command: 'del-service', service: fwmark(0) }],
  [43, setService(tcp('10.9.9.9', 80), { scheduler: 'wlc' })],
  [44, setService(tcp('10.0.0.1', 80), { scheduler: 'rr', flags: 0x01, timeoutS: 120 })],
  [46, { query: 'service', service: tcp('10.0.0.1', 80) }],
  [48, { query: 'service', service: tcp('10.0.0.1', 80) }],
  [49, setService(tcp('10.0.0.1', 80), { scheduler: 'nosuch' })],
  [50, { query: 'service', service: tcp('10.9.9.9', 80) }],
  [52, setService(udp('10.0.0.3', 5060), { scheduler: 'rr', flags: 0x01, timeoutS: 300 })],
  [53, { query: 'service', service: udp('10.0.0.3', 5060) }],
  [54, setService(udp('10.0.0.3', 5060), { scheduler: 'rr', flags: 0x01, timeoutS: 300, persistenceEngine: 'sip' })],
  [55, newDest(tcp('10.0.0.1', 80), real('192.168.1.11', 8080), { forwardMethod: 0, weight: 1 })],
  [56, newDest(tcp('10.0.0.1', 80), real('192.168.1.11', 8080), { forwardMethod: 0, weight: 1 })],
  [57, newDest(tcp('10.0.0.1', 80), real('192.168.1.12', 80), { forwardMethod: 3, weight: 2 })],
  [58, newDest(tcp('10.0.0.1', 80), real('192.168.1.12', 81), { forwardMethod: 3, weight: 2 })],
  [59, newDest(tcp('10.0.0.1', 80), real('192.168.1.13', 80), { forwardMethod: 2, weight: 3 })],
  [
    60,
    newDest(tcp('10.0.0.1', 80), real('192.168.1.14', 80), {
      forwardMethod: 2,
      weight: 4,
      tunnelType: 1,
      tunnelPort: 6080,
      tunnelFlags: 1,
    }),
  ],
  [61, newDest(tcp('10.0.0.1', 80), real('192.168.1.15', 80), { forwardMethod: 2, weight: 5, tunnelType: 2 })],
  [62, newDest(tcp('10.0.0.1', 80), real('127.0.0.1', 80), { forwardMethod: 1, weight: 5 })],
  [63, newDest(tcp('10.0.0.1', 80), real('192.168.1.16', 80), { forwardMethod: 4, weight: 5 })],
  [64, newDest(tcp('10.0.0.1', 80), real('192.168.1.17', 80), { forwardMethod: 5, weight: 5 })],
  [65, newDest(tcp('10.0.0.1', 80), real('192.168.1.18', 80), { forwardMethod: 2, weight: 1, tunnelType: 1 })],
  [
    66,
    newDest(tcp('10.0.0.1', 80), real('192.168.1.18', 80), {
      forwardMethod: 2,
      weight: 1,
      tunnelType: 9,
      tunnelPort: 1,
    }),
  ],
  [
    67,
    newDest(tcp('10.0.0.1', 80), real('192.168.1.18', 80), {
      forwardMethod: 3,
      weight: 1,
      upperThreshold: 5,
      lowerThreshold: 10,
    }),
  ],
  [68, newDest(tcp('10.0.0.1', 80), real('192.168.1.18', 80), { forwardMethod: 3, weight: -1 })],
  [69, newDest(tcp('10.0.0.1', 80), real('192.168.1.19', 80), { forwardMethod: 3, weight: 70000 })],
  [
    70,
    newDest(tcp('10.0.0.1', 80), real('192.168.1.18', 80), { forwardMethod: 3, weight: 1, upperThreshold: 2147483648 }),
  ],
  [71, newDest(tcp('10.0.0.1', 80), real('224.0.0.5', 80), { forwardMethod: 3, weight: 1 })],
  [72, newDest(tcp('10.0.0.1', 80), real('0.0.0.0', 80), { forwardMethod: 3, weight: 1 })],
  [73, newDest(tcp('10.0.0.1', 80), real('255.255.255.255', 80), { forwardMethod: 3, weight: 1 })],
  [78, newDest(tcp('10.9.9.9', 80), real('192.168.1.18', 80), { forwardMethod: 3, weight: 1 })],
  [81, newDaemon({ role: 'master', interface: 'lo', syncId: 7 })],
  [82, newDest(tcp('10.0.0.1', 80), real('2001:db8::98', 80), { forwardMethod: 3, weight: 1 })],
  [83, delDest(tcp('10.0.0.1', 80), real('2001:db8::99', 80))],
  [84, newDest(udp('2001:db8::1', 53), real('2001:db8::11', 5353), { forwardMethod: 0, weight: 1 })],
  [85, newDest(udp('2001:db8::1', 53), real('fe80::11', 53), { forwardMethod: 3, weight: 1 })],
  [86, newDest(udp('2001:db8::1', 53), real('ff02::11', 53), { forwardMethod: 3, weight: 1 })],
  [87, newDest(fwmark(100), real('192.168.1.11', 0), { forwardMethod: 3, weight: 1 })],
  [88, newDest(udp('10.0.0.3', 5060), real('192.168.1.11', 5060), { forwardMethod: 0, weight: 1 })],
  [89, newDest(tcp('10.0.0.10', 80), real('192.168.1.11', 80), { forwardMethod: 0, weight: 1 })],
  [
    90,
    setDest(tcp('10.0.0.1', 80), real('192.168.1.12', 80), {
      forwardMethod: 3,
      weight: 2,
      upperThreshold: 100,
      lowerThreshold: 50,
    }),
  ],
  [91, setDest(tcp('10.0.0.1', 80), real('192.168.1.11', 8080), { forwardMethod: 0, weight: 0 })],
  [
    93,
    setDest(tcp('10.0.0.1', 80), real('192.168.1.14', 80), {
      forwardMethod: 2,
      weight: 4,
      tunnelType: 1,
      tunnelPort: 6080,
      tunnelFlags: 2,
    }),
  ],
  [94, setDest(tcp('10.0.0.1', 80), real('192.168.1.200', 80), { forwardMethod: 3, weight: 1 })],
  [96, setDest(tcp('10.9.9.9', 80), real('192.168.1.200', 80), { forwardMethod: 3, weight: 1 })],
  [97, { query: 'services' }],
  [99, { query: 'destinations', service: tcp('10.0.0.1', 80) }],
  [100, { query: 'destinations', service: tcp('10.9.9.9', 80) }],
  [105, delDest(tcp('10.0.0.1', 80), real('192.168.1.13', 80))],
  [106, delDest(tcp('10.0.0.1', 80), real('192.168.1.13', 80))],
  [107, delDest(fwmark(100), real('192.168.1.11', 80))],
  [108, { command: 'zero', service: tcp('10.0.0.1', 80) }],
  [109, { command: 'zero', service: null }],
  [110, { command: 'zero', service: tcp('10.9.9.9', 80) }],
  [111, { query: 'daemons' }],
  [112, newDaemon({ role: 'master', interface: 'lo', syncId: 7 })],
  [113, newDaemon({ role: 'master', interface: 'lo', syncId: 7 })],
  [
    114,
    newDaemon({ role: 'backup', interface: 'lo', syncId: 7, maxLength: 1400, group: '224.0.0.90', port: 9000, ttl: 2 }),
  ],
  [115, { query: 'daemons' }],
  [119, { command: 'del-daemon', role: 'backup' }],
  [121, newDaemon({ role: 'master', interface: 'nosuch0', syncId: 7 })],
  [124, newDaemon({ role: 'master', interface: 'lo', syncId: 300 })],
  [125, { query: 'daemons' }],
  [126, { command: 'del-daemon', role: 'master' }],
  [127, newDaemon({ role: 'master', interface: 'lo', syncId: 7, group: '10.0.0.1' })],
  [128, newDaemon({ role: 'master', interface: 'lo', syncId: 7, group: 'ff02::81', port: 8848 })],
  [129, { query: 'daemons' }],
  [130, { command: 'del-daemon', role: 'master' }],
  [132, newDaemon({ role: 'master', interface: 'lo', syncId: 7, maxLength: 65000 })],
  [133, { query: 'daemons' }],
  [134, { command: 'del-daemon', role: 'master' }],
  [135, newDaemon({ role: 'master', interface: 'lo', syncId: 7, maxLength: 10 })],
  [136, { query: 'daemons' }],
  [137, { command: 'del-daemon', role: 'master' }],
  [138, { query: 'timeouts' }],
  [139, { command: 'set-timeouts', timeouts: { tcpS: 120, tcpFinS: 60, udpS: 30 } }],
  [140, { command: 'set-timeouts', timeouts: { tcpS: 0, tcpFinS: 0, udpS: 0 } }],
  [141, { command: 'set-timeouts', timeouts: { tcpS: null, tcpFinS: null, udpS: 33 } }],
  [142, { command: 'set-timeouts', timeouts: { tcpS: null, tcpFinS: null, udpS: null } }],
  [143, { query: 'timeouts' }],
  [144, { command: 'set-timeouts', timeouts: { tcpS: 4294967295, tcpFinS: null, udpS: null } }],
  [145, { command: 'set-timeouts', timeouts: { tcpS: 2147483647, tcpFinS: null, udpS: null } }],
  [146, { command: 'set-timeouts', timeouts: { tcpS: 2678400, tcpFinS: null, udpS: null } }],
  [152, { command: 'del-service', service: tcp('10.0.0.1', 80) }],
  [153, { command: 'del-service', service: tcp('10.0.0.1', 80) }],
  [154, { command: 'del-service', service: fwmark(100) }],
  [155, { command: 'flush' }],
  [156, { query: 'services' }],
  [157, { command: 'flush' }],
  [158, { query: 'info' }],
  [159, { query: 'services' }],
  [160, newService(tcp('10.0.0.1', 80), { scheduler: 'wlc' })],
];

/** Vectors that no request of ours can express, by reason: they probe what the kernel makes of odd bytes. */
const INEXPRESSIBLE: readonly (readonly [string, readonly number[]])[] = [
  ['another family', [0]],
  ['four byte address', [18]],
  ['garbage behind the address', [19]],
  ['twenty byte address', [20]],
  ['nest without its flag', [23]],
  ['attribute left out', [27, 28, 29, 30, 31, 32, 51, 74, 75, 76, 77, 79, 80, 92, 95, 101, 102, 116, 120, 131]],
  ['unknown address family', [35]],
  ['integer of the wrong size', [38, 39]],
  ['unknown attribute', [40]],
  ['flags without mask', [41]],
  ['string without NUL', [42]],
  ['flags mask other than all', [45, 47]],
  ['dump that asks for an ACK', [98]],
  ['dump command without dump', [103, 104]],
  ['more than the role to stop a daemon', [117, 118]],
  ['unknown daemon state', [122, 123]],
  ['unknown command', [147]],
  ['reply as a request', [148]],
  ['unknown version', [149, 150]],
  ['dump of a command without dump', [151]],
];

const FAMILY_ID = 0x1c;
const REQUEST_ACK = 0x5;

describe('IPVS requests', () => {
  for (const [index, request] of REQUESTS) {
    const { name, request: expected, result } = vector(index);
    it(`encodes vector ${index}: ${name} -> ${result}`, () => {
      assert.equal(hexOf(request, sequenceOf(expected)), expected);
    });
  }

  it('covers every vector: 116 are encoded, 45 cannot be expressed', () => {
    const encoded = REQUESTS.map(([index]) => index);
    const skipped = INEXPRESSIBLE.flatMap(([, indexes]) => indexes);
    assert.equal(encoded.length, 116);
    assert.equal(skipped.length, 45);
    const all = [...encoded, ...skipped].sort((a, b) => a - b);
    assert.deepEqual(all, [...vectors.keys()]);
  });

  it('puts messages one behind the other into one buffer', () => {
    const writer = new AttrWriter();
    encodeCommand(writer, FAMILY_ID, 156, REQUEST_ACK, { command: 'flush' });
    encodeCommand(writer, FAMILY_ID, 280, REQUEST_ACK, { command: 'flush' });
    assert.equal(Buffer.from(writer.finish()).toString('hex'), vector(155).request + vector(157).request);
  });

  it("never sends HASHED, which is the kernel's own flag", () => {
    const request = newService(tcp('10.0.0.5', 80), { scheduler: 'sh', flags: 0x1a });
    assert.equal(hexOf(request, 13), vector(12).request);
  });

  for (const [given, expected] of [
    [{ tunnelType: 1 }, '05000d0001000000' + '06000e0000000000' + '06000f0000000000'],
    [{ tunnelPort: 6080 }, '05000d0000000000' + '06000e0017c00000' + '06000f0000000000'],
    [{ tunnelFlags: 2 }, '05000d0000000000' + '06000e0000000000' + '06000f0002000000'],
  ] as const) {
    it(`sends all tunnel settings of a destination that has one, tunnel or not: ${JSON.stringify(given)}`, () => {
      const hex = hexOf(setDest(tcp('10.0.0.1', 80), real('192.168.1.14', 80), given), 1);
      assert.ok(hex.endsWith(expected), hex);
    });
  }

  it('throws on an address that is none: that is our own mistake', () => {
    const bad = destination(real('10.0.0.300', 80));
    const request: Request = { command: 'new-dest', service: tcp('10.0.0.1', 80), destination: bad };
    assert.throws(() => hexOf(request, 1), /"10\.0\.0\.300" is not an address/);
  });
});

const QUERIES = {
  services: encodeGetServices,
  daemons: encodeGetDaemons,
  info: encodeGetInfo,
  timeouts: encodeGetTimeouts,
};

function hexOf(request: Request, seq: number): string {
  const writer = new AttrWriter();
  if ('command' in request) encodeCommand(writer, FAMILY_ID, seq, REQUEST_ACK, request);
  else if ('service' in request) {
    const encode = request.query === 'service' ? encodeGetService : encodeGetDestinations;
    encode(writer, FAMILY_ID, seq, request.service);
  } else QUERIES[request.query](writer, FAMILY_ID, seq);
  return Buffer.from(writer.finish()).toString('hex');
}

function sequenceOf(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(8);
}
