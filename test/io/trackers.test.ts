/** All trackers together: what they tell, what a reload leaves alone, and that nothing is left at the end. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/types.ts';
import type { TrackedScriptConfig } from '../../src/config/types-tracked.ts';
import type { TrackConfig, TrackKind } from '../../src/config/types-tracking.ts';
import { World } from '../../src/director/world.ts';
import { scriptProblems } from '../../src/sys/script-problems.ts';
import { Trackers } from '../../src/sys/trackers.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import { isAlive, until } from '../support/wait.ts';
import { configOf, failure, realServer, tcpCheck, virtualServer } from '../unit/director/builders.ts';
import { routerConfig } from '../unit/vrrp/builders.ts';

const track = (kind: TrackKind, name: string): TrackConfig => ({
  kind,
  name,
  weight: null,
  upDelayMs: 0,
  downDelayMs: 0,
});

describe('the trackers', function () {
  this.timeout(8000);
  let folder = '';
  let trackers: Trackers | null = null;
  let states: Record<string, TrackState> = {};
  let logged: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-trackers-'));
    states = {};
    logged = [];
  });
  afterEach(async () => {
    await trackers?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (): Trackers => {
    const log = (text: string) => logged.push(text);
    trackers = new Trackers([{ tracked: (news) => Object.assign(states, news) }], { info: log, warn: log });
    return trackers;
  };
  const script = (name: string, text: string, given: Partial<TrackedScriptConfig> = {}): TrackedScriptConfig => ({
    name,
    command: ['sh', '-c', text],
    intervalMs: 50,
    timeoutMs: 5000,
    rise: 1,
    fall: 1,
    user: null,
    initial: 'up',
    ...given,
  });
  const world = (config: Config): World => new World(config, () => false, 0);
  const with_ = (tracks: readonly TrackConfig[], given: Partial<Config> = {}): Config => ({
    ...configOf(),
    virtualRouters: [routerConfig({ tracks })],
    ...given,
  });

  it('tell at once what they know, and then what changes', async () => {
    const file = join(folder, 'prio');
    writeFileSync(file, '7');
    const server = virtualServer([realServer('10.0.0.1')]);
    const tracks = [track('file', file), track('script', 's'), track('script', 'late'), track('virtual_server', 'web')];
    const trackedScripts = [script('s', 'exit 3'), script('late', 'exit 0', { initial: 'down' })];
    const it = open();
    const config = with_(tracks, { trackedScripts, virtualServers: [server] });
    const now = world(config);
    it.set(now);
    assert.deepEqual(states, {
      'script s': { kind: 'up' },
      'script late': { kind: 'down', reason: 'not run yet' },
      [`file ${file}`]: { kind: 'value', value: 7 },
      'virtual_server web': { kind: 'up' },
    });
    await until(() => states['script s']?.kind === 'down' && states['script late']?.kind === 'up');
    assert.ok(logged.includes('tracked script s: down (exit code 3)'), logged.join('\n'));
    writeFileSync(file, '-8');
    await until(() => logged.includes(`tracked file ${file}: -8`));
    now.observe(JSON.stringify(tcpCheck('10.0.0.1', 80)), failure(), 1);
    it.look(now);
    it.look(now);
    assert.deepEqual(states['virtual_server web'], { kind: 'down', reason: 'usable weight 0, quorum 1' });
    assert.equal(logged.filter((text) => text.includes('virtual_server')).length, 1);
    const report = it.report().find(({ object }) => object === 'script s');
    assert.match(report?.detail ?? '', /^exit code 3 in \d+ ms, \d+ runs?(, \d left out .*)?$/);
  });

  it('say at loading which scripts cannot be run', () => {
    const trackedScripts = [
      { ...script('gone', ''), command: ['/nowhere/chk'] },
      { ...script('unused', ''), command: ['/nowhere/chk'] },
    ];
    assert.deepEqual(scriptProblems(with_([track('script', 'gone')], { trackedScripts })), [
      'tracked script gone counts as failed: `/nowhere/chk` cannot be run: there is no such file',
      'tracked script unused is looked at by nobody: no `track` of a virtual router names it',
    ]);
  });

  it('take a change of a script or process for no news: what was down stays down until the first look', async () => {
    const tracks = [track('script', 's'), track('process', 'p')];
    const process = { name: 'p', parameters: [], quorum: 1, quorumMax: null, upDelayMs: 0, downDelayMs: 0 };
    const config = (code: number, more: Partial<TrackedScriptConfig>, program: string): Config =>
      with_(tracks, {
        trackedScripts: [script('s', `exit ${code}`, more)],
        trackedProcesses: [{ ...process, process: program }],
      });
    const it = open();
    it.set(world(config(4, {}, 'no-such-program')));
    await until(() => states['script s']?.kind === 'down' && states['process p']?.kind === 'down');
    states = {};
    it.set(world(config(0, { rise: 2 }, 'node')));
    assert.deepEqual(states, {
      'script s': { kind: 'down', reason: 'exit code 4' },
      'process p': { kind: 'down', reason: 'not looked at yet after a change' },
    });
    await until(() => states['script s']?.kind === 'up' && states['process p']?.kind === 'up');
    assert.match(it.report().find(({ object }) => object === 'process p')?.detail ?? '', /^\d+ process/);
  });

  it('leave what stays the same alone at a reload; what is gone is killed, what changed begins anew', async () => {
    const pidFile = (name: string) => join(folder, name);
    const hanging = (name: string, mark = '') =>
      script(name, `: ${mark}; echo $$ > ${pidFile(name)}.new; mv ${pidFile(name)}.new ${pidFile(name)}; sleep 60`, {
        timeoutMs: 60_000,
      });
    const pidOf = (name: string): number => {
      try {
        return Number(readFileSync(pidFile(name), 'utf8'));
      } catch {
        return 0;
      }
    };
    const tracks = ['same', 'gone', 'changed'].map((name) => track('script', name));
    const it = open();
    it.set(world(with_(tracks, { trackedScripts: [hanging('same'), hanging('gone'), hanging('changed')] })));
    await until(() => pidOf('same') > 0 && pidOf('gone') > 0 && pidOf('changed') > 0);
    const [same, gone, changed] = [pidOf('same'), pidOf('gone'), pidOf('changed')];
    const kept = [tracks[0], tracks[2]].flatMap((one) => one ?? []);
    it.set(world(with_(kept, { trackedScripts: [hanging('same'), hanging('changed', 'new')] })));
    await until(() => !isAlive(gone) && !isAlive(changed) && pidOf('changed') !== changed);
    assert.ok(isAlive(same));
    assert.equal(pidOf('same'), same);
    assert.deepEqual(
      it.report().map(({ object }) => object),
      ['script same', 'script changed'],
    );
    const last = pidOf('changed');
    await it.close();
    assert.deepEqual([same, last].filter(isAlive), []);
    assert.deepEqual(it.report(), []);
  });
});
