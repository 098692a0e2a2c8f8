import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/types.ts';
import type { NotifyConfig } from '../../../src/config/types-notify.ts';

function configOf(notify: string, more = ''): Config {
  const loaded = loadConfig(`vrrp:
  - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.1]${notify} }
${more}`);
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.error));
  return loaded.value;
}

const NOTHING: NotifyConfig = {
  script: null,
  master: null,
  backup: null,
  fault: null,
  stop: null,
  conflict: null,
  user: null,
  timeoutMs: 10_000,
};

describe('config: notifications', () => {
  const rows: readonly [string, string, NotifyConfig | null][] = [
    ['none', '', null],
    ['none of its programs', ', notify: { user: nobody }', null],
    ['a text is split into words', ', notify: { script: "/n  \'a b\' c" }', { ...NOTHING, script: ['/n', 'a b', 'c'] }],
    [
      'everything',
      ', notify: { script: [/n, "a b"], master: /m, backup: /b, fault: /f, stop: /s, conflict: /c, user: "x:y", timeout: 1.5s }',
      {
        script: ['/n', 'a b'],
        master: ['/m'],
        backup: ['/b'],
        fault: ['/f'],
        stop: ['/s'],
        conflict: ['/c'],
        user: 'x:y',
        timeoutMs: 1500,
      },
    ],
  ];
  for (const [name, text, notify] of rows) {
    it(`of a virtual router: ${name}`, () => assert.deepEqual(configOf(text).virtualRouters[0]?.notify, notify));
  }

  it('of a group', () => {
    const [group] = configOf('', 'vrrp_groups: [{ name: pair, members: [web], notify: { script: /n } }]').syncGroups;
    assert.deepEqual(group?.notify, { ...NOTHING, script: ['/n'] });
  });

  it('the FIFO', () => {
    assert.deepEqual(configOf('').notifications, { fifo: null, fifoUser: null, fifoScript: null, lvs: null });
    assert.deepEqual(
      configOf('', 'notifications: { fifo: /run/x, fifo_user: nobody, fifo_script: /r -v }').notifications,
      {
        fifo: '/run/x',
        fifoUser: 'nobody',
        fifoScript: ['/r', '-v'],
        lvs: null,
      },
    );
  });

  it('the FIFO of virtual and real servers alone', () => {
    const { fifo, lvs } = configOf(
      '',
      'notifications: { lvs_fifo: /run/y, lvs_fifo_user: "1:2", lvs_fifo_script: [/r, a b] }',
    ).notifications;
    assert.equal(fifo, null);
    assert.deepEqual(lvs, { fifo: '/run/y', fifoUser: '1:2', fifoScript: ['/r', 'a b'] });
  });
});
