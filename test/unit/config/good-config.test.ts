import assert from 'node:assert/strict';
import type { StepConfig } from '../../../src/config/checks/steps.ts';
import type { Config, VirtualServerConfig } from '../../../src/config/types.ts';
import type { CheckCommon } from '../../../src/config/types-checks.ts';
import { httpPart } from '../../support/http-check.ts';
import { PLAIN_CHECK, PLAIN_REAL_SERVER, PLAIN_SERVICE_LEVEL } from '../../support/plain-check.ts';
import { routerConfig } from '../vrrp/builders.ts';
import { configOf, serverOf } from './builders.ts';

const probing = (address: string, port: number): CheckCommon => ({ ...PLAIN_CHECK, address, port });

const PING_PONG: readonly StepConfig[] = [
  { do: 'send', payload: { kind: 'text', text: 'PING\r\n' } },
  { do: 'expect', pattern: { kind: 'text', text: 'PONG' }, reject: null, answer: null, withinMs: null },
];

const LEAST_SERVER: VirtualServerConfig = {
  name: 'a',
  ids: [{ kind: 'address', family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 }],
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: null,
  onePacket: false,
  quorum: 1,
  onFailure: 'zero',
  initial: 'down',
  drainTimeoutMs: 300_000,
  sourceAddresses: [],
  realServers: [
    {
      address: '10.0.0.1',
      port: 80,
      forwarding: 'direct',
      tunnel: null,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      ...PLAIN_REAL_SERVER,
      checks: [{ type: 'tcp', ...probing('10.0.0.1', 80), steps: [] }],
    },
  ],
  sorryServers: [],
  ...PLAIN_SERVICE_LEVEL,
};

const LEAST: Config = {
  name: 'lvsd',
  vrrpProcess: { realtimePriority: 0, lockMemory: false, startupDelayMs: 0 },
  virtualRouters: [],
  syncGroups: [],
  trackedScripts: [],
  trackedProcesses: [],
  bfdSessions: [],
  notifications: { fifo: null, fifoUser: null, fifoScript: null, lvs: null },
  connectionSync: null,
  ipvs: {
    reconcileIntervalMs: 5000,
    keepOnExit: false,
    exclusive: false,
    timeouts: { tcpS: null, tcpFinS: null, udpS: null },
    settings: { expire_nodest_conn: '1', expire_quiescent_template: '1' },
    restoreSettings: false,
  },
  drainTimeoutMs: 300_000,
  selfCheck: null,
  probeWorkers: 'auto',
  virtualServers: [LEAST_SERVER],
};

/** What a udp check is about the reply's length and lost datagrams when it says nothing. */
const PLAIN_UDP = { replyLength: { min: 0, max: 65_535 }, tries: 1 } as const;

describe('config: valid files', () => {
  it('a pair by direct routing', () => {
    const text = `
name: lb1
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    priority: 150
    advertisement_interval: 1s
    virtual_addresses: [192.0.2.100/24]
connection_sync:
  follow: web
  interface: eth1
  sync_id: 51
defaults:
  check: { interval: 2s, timeout: 1s, rise: 2, fall: 3 }
virtual_servers:
  - name: web
    address: 192.0.2.100
    port: 80
    protocol: tcp
    scheduler: wlc
    forwarding: direct
    checks: [{ type: http, path: /healthz, status: [200] }]
    real_servers:
      - { address: 10.0.0.11, weight: 100, upper_threshold: 2000, lower_threshold: 1500 }
      - { address: 10.0.0.12, weight: 100 }
    sorry_server: { address: 10.0.0.90 }
`;
    const http = httpPart({ path: '/healthz', status: [{ from: 200, to: 200 }] });
    const real = { port: 80, forwarding: 'direct', tunnel: null, weight: 100 } as const;
    const expected: Config = {
      ...LEAST,
      name: 'lb1',
      virtualRouters: [routerConfig({ priority: 150 })],
      connectionSync: {
        follow: 'web',
        interface: 'eth1',
        syncId: 51,
        group: null,
        port: null,
        ttl: null,
        maxLength: null,
      },
      ipvs: { ...LEAST.ipvs, settings: { ...LEAST.ipvs.settings, sloppy_tcp: '1' } },
      selfCheck: null,
      probeWorkers: 'auto',
      virtualServers: [
        {
          ...LEAST_SERVER,
          name: 'web',
          ids: [{ kind: 'address', family: 4, protocol: 'tcp', address: '192.0.2.100', port: 80 }],
          realServers: [
            {
              ...real,
              address: '10.0.0.11',
              upperThreshold: 2000,
              lowerThreshold: 1500,
              ...PLAIN_REAL_SERVER,
              checks: [{ ...http, ...probing('10.0.0.11', 80) }],
            },
            {
              ...real,
              address: '10.0.0.12',
              upperThreshold: 0,
              lowerThreshold: 0,
              ...PLAIN_REAL_SERVER,
              checks: [{ ...http, ...probing('10.0.0.12', 80) }],
            },
          ],
          sorryServers: [{ address: '10.0.0.90', port: 80, forwarding: 'direct', tunnel: null, weight: 1, checks: [] }],
        },
      ],
    };
    assert.deepEqual(configOf(text), expected);
  });

  it('the least: every default', () => {
    const text = 'virtual_servers: [{ name: a, address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1 }] }]';
    assert.deepEqual(configOf(text), LEAST);
  });

  it('connection synchronisation and table: everything said', () => {
    const config = configOf(`
vrrp: [{ name: a, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }]
connection_sync: { follow: a, interface: eth1, group: FF02::81, port: 9000, ttl: 2, max_length: 1024 }
ipvs: { reconcile_interval: 500ms, keep_on_exit: true }
`);
    const sync = { follow: 'a', interface: 'eth1', syncId: 0, group: 'ff02::81', port: 9000, ttl: 2, maxLength: 1024 };
    assert.deepEqual(config.connectionSync, sync);
    const settings = { ...LEAST.ipvs.settings, sloppy_tcp: '1' };
    assert.deepEqual(config.ipvs, { ...LEAST.ipvs, reconcileIntervalMs: 500, keepOnExit: true, settings });
  });

  it('what a check, a real server and a virtual server say wins over the defaults', () => {
    const server = serverOf(`
defaults:
  check: { interval: 10s, timeout: 5s, rise: 4, fall: 5 }
  scheduler: sh
  forwarding: nat
  weight: 7
  on_failure: remove
  initial: up
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    scheduler_flags: [sh-port]
    checks: [{ type: tcp }, { type: tcp, interval: 1s, timeout: 100ms, rise: 1, fall: 1, address: 10.9.9.9, port: 9 }]
    real_servers:
      - { address: 10.0.0.1, port: 8080 }
      - { address: 10.0.0.2, weight: 0, forwarding: tunnel, checks: [] }
`);
    assert.equal(server.scheduler, 'sh');
    assert.deepEqual(server.schedulerFlags, ['sh-port']);
    assert.equal(server.onFailure, 'remove');
    assert.equal(server.initial, 'up');
    const tcp = { ...PLAIN_CHECK, type: 'tcp', steps: [] } as const;
    assert.deepEqual(server.realServers, [
      {
        address: '10.0.0.1',
        port: 8080,
        forwarding: 'nat',
        tunnel: null,
        weight: 7,
        upperThreshold: 0,
        lowerThreshold: 0,
        ...PLAIN_REAL_SERVER,
        checks: [
          {
            ...tcp,
            address: '10.0.0.1',
            port: 8080,
            intervalMs: 10_000,
            fastIntervalMs: 10_000,
            timeoutMs: 5000,
            rise: 4,
            fall: 5,
          },
          {
            ...tcp,
            address: '10.9.9.9',
            port: 9,
            intervalMs: 1000,
            fastIntervalMs: 1000,
            timeoutMs: 100,
            rise: 1,
            fall: 1,
          },
        ],
      },
      {
        address: '10.0.0.2',
        port: 80,
        forwarding: 'tunnel',
        tunnel: { type: 'ipip', port: 0, checksum: 'none' },
        weight: 0,
        upperThreshold: 0,
        lowerThreshold: 0,
        ...PLAIN_REAL_SERVER,
        checks: [],
      },
    ]);
  });

  it('checks of every type', () => {
    const server = serverOf(`
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    real_servers:
      - address: 10.0.0.1
        checks:
          - { type: tcp, send: "PING\\r\\n", expect: PONG }
          - { type: https, method: POST, path: /a?b=c, host: "www.example.com:8443", status: ["200-299", "301-301", 404], body: ok }
          - { type: https, verify: false }
          - { type: udp }
          - { type: udp, send: "?", expect: "!" }
`);
    const to = probing('10.0.0.1', 80);
    assert.deepEqual(server.realServers[0]?.checks, [
      { ...to, type: 'tcp', steps: PING_PONG },
      {
        ...to,
        ...httpPart({
          type: 'https',
          method: 'POST',
          path: '/a?b=c',
          host: 'www.example.com:8443',
          status: [
            { from: 200, to: 299 },
            { from: 301, to: 301 },
            { from: 404, to: 404 },
          ],
          body: 'ok',
          expiryWarningDays: 14,
        }),
      },
      {
        ...to,
        ...httpPart({ type: 'https', status: [{ from: 200, to: 200 }], verify: false, expiryWarningDays: 14 }),
      },
      { ...to, type: 'udp', send: { kind: 'text', text: '' }, expect: null, replyRequired: false, ...PLAIN_UDP },
      {
        ...to,
        type: 'udp',
        send: { kind: 'text', text: '?' },
        expect: { kind: 'text', text: '!' },
        replyRequired: true,
        ...PLAIN_UDP,
      },
    ]);
  });
});
