import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';

const ROUTERS = `vrrp:
  - name: web
    interface: eth0
    virtual_router_id: 51
    virtual_addresses: [192.0.2.100/24]
    track:
      - { script: chk }
      - { process: proxy, weight: -50 }
`;

describe('config: tracked scripts and processes', () => {
  it('take their defaults', () => {
    const loaded = loadConfig(`${ROUTERS}tracked_scripts: [{ name: chk, command: "killall -0 'a b'" }]
tracked_processes: [{ name: proxy, process: haproxy }]
`);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.deepEqual(loaded.value.trackedScripts, [
      {
        name: 'chk',
        command: ['killall', '-0', 'a b'],
        intervalMs: 1000,
        timeoutMs: 1000,
        rise: 1,
        fall: 1,
        user: null,
        initial: 'up',
      },
    ]);
    assert.deepEqual(loaded.value.trackedProcesses, [
      {
        name: 'proxy',
        process: 'haproxy',
        parameters: [],
        quorum: 1,
        quorumMax: null,
        upDelayMs: 0,
        downDelayMs: 0,
      },
    ]);
  });

  it('take everything', () => {
    const loaded = loadConfig(`${ROUTERS}tracked_scripts:
  - name: chk
    command: [/bin/sh, -c, "exit 0"]
    interval: 50ms
    timeout: 1h
    rise: 100
    fall: 2
    user: nobody:nogroup
    initial: down
tracked_processes:
  - name: proxy
    process: /usr/sbin/haproxy
    parameters: [-f, /etc/haproxy.cfg]
    quorum: 0
    quorum_max: 0
    up_delay: 1.5s
    down_delay: 1h
`);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.deepEqual(loaded.value.trackedScripts, [
      {
        name: 'chk',
        command: ['/bin/sh', '-c', 'exit 0'],
        intervalMs: 50,
        timeoutMs: 3_600_000,
        rise: 100,
        fall: 2,
        user: 'nobody:nogroup',
        initial: 'down',
      },
    ]);
    assert.deepEqual(loaded.value.trackedProcesses, [
      {
        name: 'proxy',
        process: '/usr/sbin/haproxy',
        parameters: ['-f', '/etc/haproxy.cfg'],
        quorum: 0,
        quorumMax: 0,
        upDelayMs: 1500,
        downDelayMs: 3_600_000,
      },
    ]);
  });
});
