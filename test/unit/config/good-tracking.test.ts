import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/types.ts';
import type { TrackConfig } from '../../../src/config/types-tracking.ts';

function configOf(text: string): Config {
  const loaded = loadConfig(text);
  assert.deepEqual(loaded.ok ? [] : loaded.error, []);
  assert.ok(loaded.ok);
  return loaded.value;
}

const router = (name: string, id: number, more = ''): string =>
  `  - { name: ${name}, interface: eth0, virtual_router_id: ${id}, virtual_addresses: [192.0.2.${id}/24]${more} }\n`;
const tracksOf = (text: string): readonly TrackConfig[] => configOf(text).virtualRouters[0]?.tracks ?? [];
const plain = { upDelayMs: 0, downDelayMs: 0 };

describe('config: preemption', () => {
  const rows: readonly (readonly [string, boolean, number])[] = [
    ['', true, 0],
    [', preempt: true', true, 0],
    [', preempt: false', false, 0],
    [', preempt: { delay: 30s }', true, 30_000],
    [', preempt: { delay: 0s }', true, 0],
  ];
  for (const [text, preempt, delayMs] of rows) {
    it(text === '' ? 'the default' : text.slice(2), () => {
      const [web] = configOf(`vrrp:\n${router('web', 51, text)}`).virtualRouters;
      assert.deepEqual([web?.preempt, web?.preemptDelayMs], [preempt, delayMs]);
    });
  }

  it('startup delay', () => {
    const text = `vrrp_process: { startup_delay: 90s }\nvrrp:\n${router('web', 51)}`;
    assert.equal(configOf(text).vrrpProcess.startupDelayMs, 90_000);
  });
});

describe('config: tracked objects', () => {
  it('of every kind', () => {
    const text = `
vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    virtual_addresses: [192.0.2.1]
    track:
      - { interface: eth1, weight: -30, up_delay: 5s, down_delay: 500ms }
      - { interface: eth2 }
      - { script: check, weight: 20 }
      - { file: /run/weight }
      - { file: /run/other, weight: -2 }
      - { process: proxy, weight: -253 }
      - { virtual_server: web, weight: -50 }
      - { bfd: peer }
tracked_scripts: [{ name: check, command: /bin/true }]
tracked_processes: [{ name: proxy, process: haproxy }]
bfd: [{ name: peer, neighbor: 192.0.2.3, interface: eth0 }]
virtual_servers: [{ name: web, address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1 }] }]
`;
    assert.deepEqual(tracksOf(text), [
      { kind: 'interface', name: 'eth1', weight: -30, upDelayMs: 5000, downDelayMs: 500 },
      { kind: 'interface', name: 'eth2', weight: null, ...plain },
      { kind: 'script', name: 'check', weight: 20, ...plain },
      { kind: 'file', name: '/run/weight', weight: 1, ...plain },
      { kind: 'file', name: '/run/other', weight: -2, ...plain },
      { kind: 'process', name: 'proxy', weight: -253, ...plain },
      { kind: 'virtual_server', name: 'web', weight: -50, ...plain },
      { kind: 'bfd', name: 'peer', weight: null, ...plain },
    ]);
  });
});

describe('config: sync groups', () => {
  it('members know their group, and track what it tracks', () => {
    const text = `vrrp:
${router('web', 51, ', track: [{ interface: eth1 }]')}${router('mail', 52)}${router('alone', 53)}
vrrp_groups:
  - name: pair
    members: [mail, web]
    track: [{ interface: eth2, weight: -20 }]
`;
    const { virtualRouters, syncGroups } = configOf(text);
    assert.deepEqual(
      virtualRouters.map(({ group }) => group),
      ['pair', 'pair', null],
    );
    assert.deepEqual(syncGroups, [{ name: 'pair', members: ['mail', 'web'], notify: null }]);
    const ofGroup = { kind: 'interface', name: 'eth2', weight: -20, ...plain };
    assert.deepEqual(
      virtualRouters.map(({ tracks }) => tracks),
      [[{ kind: 'interface', name: 'eth1', weight: null, ...plain }, ofGroup], [ofGroup], []],
    );
  });
});
