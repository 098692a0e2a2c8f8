import assert from 'node:assert/strict';
import type { RealServerConfig, VirtualServerConfig } from '../../../src/config/types.ts';
import { desiredServices, serviceIdOf } from '../../../src/director/desired.ts';
import {
  type Candidate,
  NOTHING_REACHED_YET,
  type Serving,
  type Standing,
  servingOf,
} from '../../../src/director/serving.ts';
import type { Service, ServiceSettings } from '../../../src/ipvs/types.ts';
import { realServer, tcpId, virtualServer } from './builders.ts';

/** `u` up, `d` down, `?` unknown: one letter a real server. Sorry servers are up. */
function serving(server: VirtualServerConfig, letters: string): Serving {
  const candidates = server.realServers.map((real, i): Candidate => {
    const { weight, upperThreshold, lowerThreshold } = real;
    return { up: letters[i] === 'u', share: { weight, upperThreshold, lowerThreshold } };
  });
  const sorryUp = server.sorryServers.map(() => true);
  return servingOf(server, candidates, sorryUp, NOTHING_REACHED_YET);
}

/** `10.0.0.11:80 100` for each destination. */
const weights = (service: Service): string[] =>
  service.destinations.map(({ id, settings }) => `${id.address}:${id.port} ${settings.weight}`);

const three = [realServer('10.0.0.11'), realServer('10.0.0.12', { weight: 50 }), realServer('10.0.0.13')];
const sorryServer = {
  address: '10.0.0.90',
  port: 8080,
  forwarding: 'nat',
  tunnel: null,
  weight: 1,
  checks: [],
} as const;

function servicesOf(server: VirtualServerConfig, letters: string): readonly Service[] {
  return desiredServices(server, serving(server, letters));
}

/** Of a virtual server that is one service. */
function desiredService(server: VirtualServerConfig, letters: string): Service {
  const [service, ...others] = servicesOf(server, letters);
  assert.ok(service !== undefined && others.length === 0);
  return service;
}

describe('director/desired: weights', () => {
  const rows: readonly [
    name: string,
    given: Partial<VirtualServerConfig>,
    verdicts: string,
    expected: readonly string[],
  ][] = [
    ['all up', {}, 'uuu', ['10.0.0.11:80 100', '10.0.0.12:80 50', '10.0.0.13:80 100']],
    ['a failed one stays with weight 0', {}, 'udu', ['10.0.0.11:80 100', '10.0.0.12:80 0', '10.0.0.13:80 100']],
    ['one that is not checked yet has weight 0', {}, 'u?u', ['10.0.0.11:80 100', '10.0.0.12:80 0', '10.0.0.13:80 100']],
    ['on_failure remove', { onFailure: 'remove' }, 'udu', ['10.0.0.11:80 100', '10.0.0.13:80 100']],
    ['on_failure remove, not checked yet', { onFailure: 'remove' }, '?uu', ['10.0.0.12:80 50', '10.0.0.13:80 100']],
    [
      'on_failure of a real server',
      { realServers: [realServer('10.0.0.11', { onFailure: 'remove' }), realServer('10.0.0.12', { onFailure: null })] },
      'dd',
      ['10.0.0.12:80 0'],
    ],
    [
      'on_failure of a real server, against that of the virtual server',
      { onFailure: 'remove', realServers: [realServer('10.0.0.11', { onFailure: 'zero' })] },
      'd',
      ['10.0.0.11:80 0'],
    ],
    ['on_failure remove, all failed', { onFailure: 'remove' }, 'ddd', []],
    ['all failed', {}, 'ddd', ['10.0.0.11:80 0', '10.0.0.12:80 0', '10.0.0.13:80 0']],
    [
      'all failed: the sorry server is added, alone with a weight',
      { sorryServers: [sorryServer] },
      'ddd',
      ['10.0.0.11:80 0', '10.0.0.12:80 0', '10.0.0.13:80 0', '10.0.0.90:8080 1'],
    ],
    [
      'all failed, on_failure remove: the sorry server is all there is',
      { sorryServers: [sorryServer], onFailure: 'remove' },
      'ddd',
      ['10.0.0.90:8080 1'],
    ],
    [
      'no sorry server while the quorum is reached',
      { sorryServers: [sorryServer] },
      'dud',
      ['10.0.0.11:80 0', '10.0.0.12:80 50', '10.0.0.13:80 0'],
    ],
    [
      'below the quorum the sorry server takes over from those that are up',
      { sorryServers: [sorryServer], quorum: 101 },
      'udd',
      ['10.0.0.11:80 0', '10.0.0.12:80 0', '10.0.0.13:80 0', '10.0.0.90:8080 1'],
    ],
    [
      'below the quorum without a sorry server those that are up serve on',
      { quorum: 101 },
      'udd',
      ['10.0.0.11:80 100', '10.0.0.12:80 0', '10.0.0.13:80 0'],
    ],
    [
      'at the quorum exactly',
      { sorryServers: [sorryServer], quorum: 150 },
      'uud',
      ['10.0.0.11:80 100', '10.0.0.12:80 50', '10.0.0.13:80 0'],
    ],
  ];
  for (const [name, given, verdicts, expected] of rows) {
    it(name, () => {
      assert.deepEqual(weights(desiredService(virtualServer(three, given), verdicts)), expected);
    });
  }

  const standings: readonly [given: Partial<VirtualServerConfig>, verdicts: string, expected: Standing][] = [
    [{}, 'uuu', { up: true, usableWeight: 250, sorry: false }],
    [{}, 'd?d', { up: false, usableWeight: 0, sorry: false }],
    [{ sorryServers: [sorryServer] }, 'd?d', { up: false, usableWeight: 0, sorry: true }],
    [{ sorryServers: [sorryServer], quorum: 51 }, '?ud', { up: false, usableWeight: 50, sorry: true }],
    [{ sorryServers: [sorryServer], quorum: 50 }, '?ud', { up: true, usableWeight: 50, sorry: false }],
  ];
  for (const [given, verdicts, expected] of standings) {
    it(`standing: quorum ${given.quorum ?? 1}, ${verdicts}, ${given.sorryServers ? 'a' : 'no'} sorry server`, () => {
      assert.deepEqual(serving(virtualServer(three, given), verdicts).standing, expected);
    });
  }

  it('a configured weight 0 is never usable', () => {
    const server = virtualServer([realServer('10.0.0.11', { weight: 0 })]);
    assert.deepEqual(serving(server, 'u').standing, { up: false, usableWeight: 0, sorry: false });
    assert.deepEqual(weights(desiredService(server, 'u')), ['10.0.0.11:80 0']);
  });
});

describe('director/desired: the service', () => {
  const PLAIN: ServiceSettings = {
    scheduler: 'wlc',
    flags: 0,
    timeoutS: 0,
    prefixLength: 32,
    persistenceEngine: null,
  };
  /** IP_VS_SVC_F_*: PERSISTENT 1, ONEPACKET 4, SCHED1 8, SCHED2 16, SCHED3 32. */
  const rows: readonly [name: string, given: Partial<VirtualServerConfig>, expected: Partial<ServiceSettings>][] = [
    ['plain', {}, {}],
    ['IPv6', { ids: [tcpId('2001:db8::100', 80)] }, { prefixLength: 128 }],
    [
      'persistence in seconds',
      { persistence: { timeoutMs: 300_000, prefixLength: 32, engine: null } },
      { flags: 1, timeoutS: 300 },
    ],
    [
      'persistence of networks, with an engine',
      { persistence: { timeoutMs: 60_000, prefixLength: 24, engine: 'sip' } },
      { flags: 1, timeoutS: 60, prefixLength: 24, persistenceEngine: 'sip' },
    ],
    ['one packet', { onePacket: true }, { flags: 4 }],
    ['sh flags', { scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] }, { scheduler: 'sh', flags: 24 }],
    ['mh fallback', { scheduler: 'mh', schedulerFlags: ['mh-fallback'] }, { scheduler: 'mh', flags: 8 }],
    ['mh port', { scheduler: 'mh', schedulerFlags: ['mh-port'] }, { scheduler: 'mh', flags: 16 }],
    ['flags by number', { schedulerFlags: ['flag-1', 'flag-2', 'flag-3'] }, { flags: 56 }],
    ['a flag named twice', { schedulerFlags: ['sh-port', 'flag-2'] }, { flags: 16 }],
    [
      'all at once',
      {
        schedulerFlags: ['flag-3'],
        onePacket: true,
        persistence: { timeoutMs: 1000, prefixLength: 32, engine: null },
      },
      { flags: 37, timeoutS: 1 },
    ],
  ];
  for (const [name, given, expected] of rows) {
    it(name, () => {
      const { settings } = desiredService(virtualServer([], given), '');
      assert.deepEqual(settings, { ...PLAIN, ...expected });
    });
  }

  it('has the number of its protocol, or a mark', () => {
    assert.deepEqual(serviceIdOf({ kind: 'address', family: 4, protocol: 'udp', address: '192.0.2.1', port: 53 }), {
      kind: 'address',
      family: 4,
      protocol: 17,
      address: '192.0.2.1',
      port: 53,
    });
    const protocols = (['tcp', 'sctp'] as const).map((protocol) =>
      serviceIdOf({ kind: 'address', family: 6, protocol, address: '2001:db8::1', port: 0 }),
    );
    assert.deepEqual(
      protocols.map((id) => id.kind === 'address' && id.protocol),
      [6, 132],
    );
    assert.deepEqual(serviceIdOf({ kind: 'fwmark', family: 6, fwmark: 7 }), { kind: 'fwmark', family: 6, fwmark: 7 });
  });

  it('has complete destinations, thresholds and forwarding passed through', () => {
    const reals: readonly RealServerConfig[] = [
      realServer('10.0.0.11', { upperThreshold: 2000, lowerThreshold: 1500 }),
      realServer('10.0.0.12', { port: 8080, forwarding: 'nat', weight: 7 }),
      realServer('2001:db8::13', { forwarding: 'tunnel' }),
    ];
    const none = { tunnelType: 0, tunnelPort: 0, tunnelFlags: 0 };
    assert.deepEqual(desiredService(virtualServer(reals), 'uud').destinations, [
      {
        id: { family: 4, address: '10.0.0.11', port: 80 },
        settings: { forwardMethod: 3, weight: 100, upperThreshold: 2000, lowerThreshold: 1500, ...none },
      },
      {
        id: { family: 4, address: '10.0.0.12', port: 8080 },
        settings: { forwardMethod: 0, weight: 7, upperThreshold: 0, lowerThreshold: 0, ...none },
      },
      {
        id: { family: 6, address: '2001:db8::13', port: 80 },
        settings: { forwardMethod: 2, weight: 0, upperThreshold: 0, lowerThreshold: 0, ...none },
      },
    ]);
  });

  it('gives the sorry server its own port and forwarding, and no thresholds', () => {
    const [sorry] = desiredService(virtualServer([], { sorryServers: [sorryServer] }), '').destinations;
    assert.deepEqual(sorry, {
      id: { family: 4, address: '10.0.0.90', port: 8080 },
      settings: {
        forwardMethod: 0,
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
        tunnelType: 0,
        tunnelPort: 0,
        tunnelFlags: 0,
      },
    });
  });
});

describe('director/desired: tunnels and full NAT', () => {
  /** Type: 0 IPIP, 1 GUE, 2 GRE; flags: 0 no checksum, 1 checksum, 2 remote checksum. */
  const rows: readonly [given: Partial<RealServerConfig>, expected: readonly number[]][] = [
    [{ forwarding: 'tunnel', tunnel: { type: 'ipip', port: 0, checksum: 'none' } }, [2, 0, 0, 0]],
    [{ forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'none' } }, [2, 1, 6080, 0]],
    [{ forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'full' } }, [2, 1, 6080, 1]],
    [{ forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'remote' } }, [2, 1, 6080, 2]],
    [{ forwarding: 'tunnel', tunnel: { type: 'gre', port: 0, checksum: 'full' } }, [2, 2, 0, 1]],
    [{ forwarding: 'fullnat' }, [0, 0, 0, 0]],
  ];
  for (const [given, expected] of rows) {
    it(JSON.stringify(given), () => {
      const real = realServer('10.0.0.11', given);
      const [destination] = desiredService(virtualServer([real]), 'u').destinations;
      const settings = destination?.settings;
      assert.deepEqual(
        [settings?.forwardMethod, settings?.tunnelType, settings?.tunnelPort, settings?.tunnelFlags],
        expected,
      );
    });
  }
});

describe('director/desired: groups', () => {
  const ids = [tcpId('192.0.2.1', 80), tcpId('192.0.2.1', 443), tcpId('192.0.2.2', 80)];
  const reals = [realServer('10.0.0.11', { port: null }), realServer('10.0.0.12', { port: 8080 })];

  it('a service for each id, in order, with the same settings', () => {
    const services = servicesOf(virtualServer(reals, { ids, scheduler: 'mh' }), 'uu');
    assert.deepEqual(
      services.map(({ id }) => id),
      ids.map(serviceIdOf),
    );
    assert.deepEqual(new Set(services.map(({ settings }) => settings.scheduler)), new Set(['mh']));
  });

  it("a real server without a port has each service's, one with a port keeps it; verdicts hold for all", () => {
    const sorry = { address: '10.0.0.90', port: null, forwarding: 'nat', tunnel: null } as const;
    const of = (verdicts: string) =>
      servicesOf(virtualServer(reals, { ids, sorryServers: [{ ...sorry, weight: 1, checks: [] }] }), verdicts).map(
        weights,
      );
    assert.deepEqual(of('ud'), [
      ['10.0.0.11:80 100', '10.0.0.12:8080 0'],
      ['10.0.0.11:443 100', '10.0.0.12:8080 0'],
      ['10.0.0.11:80 100', '10.0.0.12:8080 0'],
    ]);
    assert.deepEqual(of('dd')[1], ['10.0.0.11:443 0', '10.0.0.12:8080 0', '10.0.0.90:443 1']);
  });

  it('marks of one family: port 0', () => {
    const marks = [1, 2].map((fwmark) => ({ kind: 'fwmark', family: 6, fwmark }) as const);
    const [one, two] = servicesOf(virtualServer([realServer('2001:db8::11', { port: 0 })], { ids: marks }), 'u');
    assert.equal(one?.settings.prefixLength, 128);
    assert.deepEqual(one.destinations, two?.destinations);
    assert.deepEqual(one.destinations[0]?.id, { family: 6, address: '2001:db8::11', port: 0 });
  });
});
