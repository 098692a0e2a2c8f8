import assert from 'node:assert/strict';
import { PLAIN_SERVICE_LEVEL } from '../../support/plain-check.ts';
import { configOf, serverOf } from './builders.ts';

const SERVER = `
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 80
    real_servers:
      - { address: 10.0.0.1, weight: 100 }
      - { address: 10.0.0.2, weight: 100, tier: 9, on_failure: remove, notify_up: /up, notify_down: [/down, "a b"] }
`;
const ROUTER = 'vrrp: [{ name: web, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.9] }]\n';

describe('config: how a virtual server treats its real servers', () => {
  it('nothing special unless it is said', () => {
    const { hysteresis, slowStart, gradedWeight, panic, haSuspend, hooks } = serverOf(SERVER);
    assert.deepEqual({ hysteresis, slowStart, gradedWeight, panic, haSuspend, hooks }, PLAIN_SERVICE_LEVEL);
    assert.equal(configOf(SERVER).selfCheck, null);
  });

  it('all of it', () => {
    const { hysteresis, slowStart, gradedWeight, panic, haSuspend, hooks } = serverOf(`${ROUTER}${SERVER}
    quorum: 150
    hysteresis: 50
    slow_start: { duration: 30s, from: 5 }
    graded_weight: { min: 20, max: 150, smoothing: 30, latency: { full: 10ms, low: 1s } }
    panic: { threshold: 60, within: 2s }
    ha_suspend: web
    quorum_up: /usr/bin/touch /run/up
    quorum_down: [/usr/bin/rm, /run/up]
    notify_up: /u
    notify_down: /d
    notify_user: nobody:nogroup
    notify_timeout: 2s
`);
    assert.deepEqual(
      { hysteresis, slowStart, gradedWeight, panic, haSuspend, hooks },
      {
        hysteresis: 50,
        slowStart: { durationMs: 30_000, fromPercent: 5 },
        gradedWeight: { minPercent: 20, maxPercent: 150, smoothingPercent: 30, latency: { fullMs: 10, lowMs: 1000 } },
        panic: { thresholdPercent: 60, withinMs: 2000 },
        haSuspend: 'web',
        hooks: {
          quorumUp: ['/usr/bin/touch', '/run/up'],
          quorumDown: ['/usr/bin/rm', '/run/up'],
          notifyUp: ['/u'],
          notifyDown: ['/d'],
          user: 'nobody:nogroup',
          timeoutMs: 2000,
        },
      },
    );
  });

  it('short forms and defaults', () => {
    const server = serverOf(`${SERVER}    slow_start: 30s\n    panic: {}\n    graded_weight: {}\n`);
    assert.deepEqual(server.slowStart, { durationMs: 30_000, fromPercent: 10 });
    assert.deepEqual(server.panic, { thresholdPercent: 50, withinMs: 5000 });
    assert.deepEqual(server.gradedWeight, PLAIN_SERVICE_LEVEL.gradedWeight);
    const graded = serverOf(`${SERVER}    graded_weight: { latency: { full: 1ms, low: 2ms } }\n`).gradedWeight;
    assert.equal(graded.smoothingPercent, 20);
  });

  it('a graded weight of 1 that may only grow has an effect', () => {
    const one = 'virtual_servers: [{ name: a, address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1 }],';
    assert.equal(serverOf(`${one} graded_weight: { max: 200 } }]`).gradedWeight.maxPercent, 200);
  });

  it('tiers and programs of a real server of their own', () => {
    const [first, second] = serverOf(SERVER).realServers;
    assert.deepEqual([first?.tier, first?.onFailure, first?.notifyUp, first?.notifyDown], [0, null, null, null]);
    assert.deepEqual([second?.tier, second?.onFailure], [9, 'remove']);
    assert.deepEqual([second?.notifyUp, second?.notifyDown], [['/up'], ['/down', 'a b']]);
  });

  it('a quorum that cannot be reached is fine where no server has any weight: that is meant', () => {
    const none = 'virtual_servers: [{ name: a, address: 192.0.2.1, port: 80, quorum: 5 }]';
    assert.equal(serverOf(none).quorum, 5);
    const zero = none.replace('quorum: 5', 'quorum: 5, real_servers: [{ address: 10.0.0.1, weight: 0 }]');
    assert.equal(serverOf(zero).quorum, 5);
  });

  const modes: readonly (readonly [what: string, server: string, real: string, required: 'all' | number])[] = [
    ['all by default', '', '', 'all'],
    ['any', 'check_mode: any', '', 1],
    ['so many', 'check_mode: 2', '', 2],
    ["the real server's own", 'check_mode: 2', 'check_mode: all', 'all'],
    ["the real server's own alone", '', 'check_mode: any', 1],
    ['without checks whatever it is', 'check_mode: 2', 'checks: []', 2],
  ];
  for (const [what, server, real, required] of modes) {
    it(`checks that must pass: ${what}`, () => {
      const text = `
virtual_servers:
  - { name: a, address: 192.0.2.1, port: 80, ${server === '' ? '' : `${server},`}
      checks: [{ type: tcp }, { type: http }, { type: icmp }],
      real_servers: [{ address: 10.0.0.1${real === '' ? '' : `, ${real}`} }] }
`;
      assert.equal(serverOf(text).realServers[0]?.required, required);
    });
  }

  it('several sorry servers, with weights and checks', () => {
    const text = `${SERVER}    sorry_servers:
      - { address: 10.0.0.3, weight: 3, checks: [{ type: tcp, port: 81 }] }
      - { address: 10.0.0.4 }
`;
    const target = { port: 80, forwarding: 'direct', tunnel: null };
    const [first, second] = serverOf(text).sorryServers;
    assert.deepEqual({ ...first, checks: [] }, { ...target, address: '10.0.0.3', weight: 3, checks: [] });
    assert.deepEqual(
      first?.checks.map(({ type, address, port }) => [type, address, port]),
      [['tcp', '10.0.0.3', 81]],
    );
    assert.deepEqual(second, { ...target, address: '10.0.0.4', weight: 1, checks: [] });
  });

  it('a self check goes where it says', () => {
    const { selfCheck } = configOf(
      'virtual_servers: []\nself_check: { type: icmp, address: 192.0.2.254, timeout: 300ms }',
    );
    assert.deepEqual(
      [selfCheck?.type, selfCheck?.address, selfCheck?.port, selfCheck?.timeoutMs],
      ['icmp', '192.0.2.254', 0, 300],
    );
    const tcp = configOf('virtual_servers: []\nself_check: { type: tcp, address: 192.0.2.254, port: 22 }').selfCheck;
    assert.deepEqual([tcp?.type, tcp?.address, tcp?.port], ['tcp', '192.0.2.254', 22]);
    const script = configOf('virtual_servers: []\nself_check: { type: script, command: /bin/true }').selfCheck;
    assert.deepEqual([script?.type, script?.port], ['script', 0], 'it knows whom to ask');
  });
});
