import assert from 'node:assert/strict';
import { plan } from '../../../src/ipvs/plan.ts';
import { describeCommand } from '../../../src/ipvs/refusal.ts';
import type { DestinationId, Service } from '../../../src/ipvs/types.ts';
import { destination, fwmark, real, serviceOf, tcp, udp } from './builders.ts';

const WEB = tcp('192.0.2.1', 80);
const DNS = udp('192.0.2.1', 53);
const A = real('10.0.0.1', 80);
const B = real('10.0.0.2', 80);
const C = real('10.0.0.3', 80);
const none = (): boolean => false;
const all = (): boolean => true;

interface Row {
  readonly what: string;
  readonly desired: readonly Service[];
  readonly actual: readonly Service[];
  readonly owned?: typeof none;
  /** Destinations that drain. */
  readonly drains?: readonly DestinationId[];
  readonly commands: readonly string[];
}

const ROWS: readonly Row[] = [
  { what: 'nothing wanted, nothing there', desired: [], actual: [], commands: [] },
  {
    what: 'a new service comes before its destinations',
    desired: [serviceOf(WEB, [destination(A), destination(B)])],
    actual: [],
    commands: [
      'add service tcp 192.0.2.1:80',
      'add destination 10.0.0.1:80 to tcp 192.0.2.1:80',
      'add destination 10.0.0.2:80 to tcp 192.0.2.1:80',
    ],
  },
  {
    what: 'equal tables in another order',
    desired: [serviceOf(WEB, [destination(A), destination(B)]), serviceOf(DNS)],
    actual: [serviceOf(DNS), serviceOf(WEB, [destination(B), destination(A)])],
    commands: [],
  },
  {
    what: 'a service that is neither desired nor owned stays',
    desired: [],
    actual: [serviceOf(WEB, [destination(A)])],
    commands: [],
  },
  {
    what: 'a service that is owned but not desired goes',
    desired: [],
    actual: [serviceOf(WEB, [destination(A)])],
    owned: all,
    commands: ['delete service tcp 192.0.2.1:80'],
  },
  {
    what: 'the fwmark service of the other family is another service',
    desired: [serviceOf(fwmark(7, 6))],
    actual: [serviceOf(fwmark(7))],
    commands: ['add service fwmark 7 ipv6'],
  },
  {
    what: "a stranger's destination in our service goes",
    desired: [serviceOf(WEB, [destination(A)])],
    actual: [serviceOf(WEB, [destination(C), destination(A)])],
    commands: ['delete destination 10.0.0.3:80 from tcp 192.0.2.1:80'],
  },
  {
    what: 'raise and add, then lower, then delete, over the whole table',
    desired: [
      serviceOf(WEB, [destination(A, { weight: 0 }), destination(B, { weight: 5 })]),
      serviceOf(DNS, [destination(A)]),
    ],
    actual: [
      serviceOf(WEB, [destination(A, { weight: 5 }), destination(B, { weight: 0 }), destination(C)]),
      serviceOf(fwmark(1)),
    ],
    owned: all,
    commands: [
      'change destination 10.0.0.2:80 of tcp 192.0.2.1:80',
      'add service udp 192.0.2.1:53',
      'add destination 10.0.0.1:80 to udp 192.0.2.1:53',
      'change destination 10.0.0.1:80 of tcp 192.0.2.1:80',
      'delete destination 10.0.0.3:80 from tcp 192.0.2.1:80',
      'delete service fwmark 1',
    ],
  },
  ...(
    [
      ['scheduler', { scheduler: 'rr' }],
      ['a flag', { flags: 0x8 }],
      ['persistence engine', { persistenceEngine: 'sip' }],
    ] as const
  ).map(([what, given]) => ({
    what: `another ${what} changes the service`,
    desired: [serviceOf(WEB, [], given)],
    actual: [serviceOf(WEB)],
    commands: ['change service tcp 192.0.2.1:80'],
  })),
  {
    what: 'another timeout changes a persistent service',
    desired: [serviceOf(WEB, [], { flags: 1, timeoutS: 300 })],
    actual: [serviceOf(WEB, [], { flags: 1, timeoutS: 60 })],
    commands: ['change service tcp 192.0.2.1:80'],
  },
  {
    what: 'a mask with holes, set by a stranger, is not the prefix that it begins with',
    desired: [serviceOf(WEB, [], { flags: 1, timeoutS: 300, prefixLength: 16 })],
    actual: [serviceOf(WEB, [], { flags: 1, timeoutS: 300, prefixLength: 16, holedMask: 0xff_ff_00_ff })],
    commands: ['change service tcp 192.0.2.1:80'],
  },
  {
    what: 'another granularity changes a persistent service',
    desired: [serviceOf(WEB, [], { flags: 1, timeoutS: 300, prefixLength: 24 })],
    actual: [serviceOf(WEB, [], { flags: 1, timeoutS: 300 })],
    commands: ['change service tcp 192.0.2.1:80'],
  },
  {
    what: 'timeout and granularity do nothing without persistence',
    desired: [serviceOf(WEB, [], { timeoutS: 0, prefixLength: 32 })],
    actual: [serviceOf(WEB, [], { timeoutS: 60, prefixLength: 24 })],
    commands: [],
  },
  {
    what: "the kernel's HASHED flag is no difference",
    desired: [serviceOf(WEB, [], { flags: 0x4 })],
    actual: [serviceOf(WEB, [], { flags: 0x6 })],
    commands: [],
  },
  ...(
    [
      ['forwarding method', { forwardMethod: 0 }],
      ['weight', { weight: 2 }],
      ['upper threshold', { upperThreshold: 10 }],
      ['lower threshold', { lowerThreshold: 10 }],
      ['tunnel type', { tunnelType: 1 }],
      ['tunnel port', { tunnelPort: 6080 }],
      ['tunnel flags', { tunnelFlags: 1 }],
    ] as const
  ).map(([what, given]) => ({
    what: `another ${what} changes the destination`,
    desired: [serviceOf(WEB, [destination(A, given)])],
    actual: [serviceOf(WEB, [destination(A)])],
    commands: ['change destination 10.0.0.1:80 of tcp 192.0.2.1:80'],
  })),
  {
    what: 'another port is another destination: added before the old one goes',
    desired: [serviceOf(WEB, [destination(real('10.0.0.1', 8080))])],
    actual: [serviceOf(WEB, [destination(A)])],
    commands: [
      'add destination 10.0.0.1:8080 to tcp 192.0.2.1:80',
      'delete destination 10.0.0.1:80 from tcp 192.0.2.1:80',
    ],
  },
  {
    what: 'what a dump repeats is deleted once',
    desired: [serviceOf(WEB)],
    actual: [serviceOf(WEB, [destination(A), destination(A)]), serviceOf(DNS), serviceOf(DNS)],
    owned: all,
    commands: ['delete destination 10.0.0.1:80 from tcp 192.0.2.1:80', 'delete service udp 192.0.2.1:53'],
  },
  {
    what: 'what drains gets weight 0 after everything that is added, and what does not is deleted',
    desired: [serviceOf(WEB, [destination(A)])],
    actual: [serviceOf(WEB, [destination(B, { weight: 5 }), destination(C)])],
    drains: [B],
    commands: [
      'add destination 10.0.0.1:80 to tcp 192.0.2.1:80',
      'change destination 10.0.0.2:80 of tcp 192.0.2.1:80',
      'delete destination 10.0.0.3:80 from tcp 192.0.2.1:80',
    ],
  },
  {
    what: 'what drains with weight 0 already needs no command',
    desired: [serviceOf(WEB)],
    actual: [serviceOf(WEB, [destination(B, { weight: 0 })])],
    drains: [B],
    commands: [],
  },
  {
    what: 'a service with something that drains stays until it is gone',
    desired: [],
    actual: [serviceOf(WEB, [destination(A), destination(B), destination(C, { weight: 0 })])],
    owned: all,
    drains: [A, C],
    commands: [
      'change destination 10.0.0.1:80 of tcp 192.0.2.1:80',
      'delete destination 10.0.0.2:80 from tcp 192.0.2.1:80',
    ],
  },
  {
    what: "a stranger's service is not drained",
    desired: [],
    actual: [serviceOf(WEB, [destination(A)])],
    drains: [A],
    commands: [],
  },
];

describe('IPVS plan', () => {
  for (const { what, desired, actual, owned, drains = [], commands } of ROWS) {
    it(what, () => {
      const planned = plan(desired, actual, owned ?? none, (_, { id }) => (drains.includes(id) ? 'drain' : 'delete'));
      assert.deepEqual(planned.map(describeCommand), commands);
    });
  }

  it('changes nothing of what drains but its weight', () => {
    const found = destination(B, { weight: 5, upperThreshold: 100, forwardMethod: 2, tunnelType: 1, tunnelPort: 6080 });
    const drained = { ...found, settings: { ...found.settings, weight: 0 } };
    assert.deepEqual(
      plan([serviceOf(WEB)], [serviceOf(WEB, [found])], none, () => 'drain'),
      [{ command: 'set-dest', service: WEB, destination: drained }],
    );
  });

  it('sends all settings with a change, as SET_DEST replaces all of them', () => {
    const wanted = destination(A, { weight: 0, upperThreshold: 100, lowerThreshold: 50 });
    assert.deepEqual(plan([serviceOf(WEB, [wanted])], [serviceOf(WEB, [destination(A)])], none), [
      { command: 'set-dest', service: WEB, destination: wanted },
    ]);
  });
});
