/** The keeper against a kernel in memory: what it believes, tells, owns and takes down. */
import assert from 'node:assert/strict';
import type { WantedIpvs } from '../../src/director/wanted.ts';
import { destinationKey, serviceKey } from '../../src/ipvs/key.ts';
import type { Service, SyncDaemon } from '../../src/ipvs/types.ts';
import type { Owned } from '../../src/sys/owned-services.ts';
import { TableKeeper } from '../../src/sys/table-keeper.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { daemonOf, destination, real, serviceOf, tcp } from '../unit/ipvs/builders.ts';

const A = tcp('192.0.2.1', 80);
const B = tcp('192.0.2.2', 80);
const R1 = real('10.0.0.1', 80);
const KEY_A = serviceKey(A);
const KEY_B = serviceKey(B);
const NO_ORIGINALS = { settings: {}, timeouts: { tcpS: null, tcpFinS: null, udpS: null } };
const NOTHING_OWNED: Owned = { keys: [], syncDaemons: false, originals: NO_ORIGINALS };
const NO_SETTINGS: WantedIpvs = {
  exclusive: false,
  timeouts: { tcpS: null, tcpFinS: null, udpS: null },
  settings: {},
  restoreSettings: false,
};
const serviceWith = (id: typeof A, weight = 1, upperThreshold = 0): Service =>
  serviceOf(id, [destination(R1, { weight, upperThreshold })]);

describe('table keeper', () => {
  let kernel: FakeKernel;
  let wanted: Map<string, Service>;
  let daemons: readonly SyncDaemon[] | null;
  let saved: Owned[];
  let warnings: string[];
  let errors: string[];
  let infos: string[];
  let ipvs: WantedIpvs;
  /** Configured real servers that failed and are to be removed, as `SERVICE DESTINATION`. */
  let failed: Set<string>;
  let drainTimeouts: Map<string, number>;
  let nowMs: number;
  const keepers: TableKeeper[] = [];

  afterEach(async () => {
    for (const keeper of keepers.splice(0)) await keeper.close({ keepServices: true });
  });
  beforeEach(() => {
    infos = [];
    ipvs = NO_SETTINGS;
    failed = new Set();
    drainTimeouts = new Map();
    nowMs = 0;
    kernel = new FakeKernel();
    wanted = new Map([['a', serviceWith(A)]]);
    daemons = null;
    saved = [];
    warnings = [];
    errors = [];
  });

  function keeperWith(found: Partial<Owned> = {}): TableKeeper {
    const keeper = new TableKeeper(
      kernel,
      () => ({
        services: (names) => [...wanted].filter(([name]) => names?.has(name) ?? true).map(([, service]) => service),
        daemons: () => daemons,
        ipvs: () => ipvs,
        hasFailed: (service, destination) => failed.has(`${serviceKey(service)} ${destinationKey(destination)}`),
        defaultDrainTimeoutMs: () => 300_000,
        drainTimeoutMs: (service) => drainTimeouts.get(serviceKey(service)) ?? null,
      }),
      { memory: { found: { ...NOTHING_OWNED, ...found }, save }, log, folder: kernel.folder, now: () => nowMs },
    );
    keepers.push(keeper);
    return keeper;
  }

  function save(owned: Owned): null {
    saved.push(owned);
    return null;
  }

  const log = {
    info: (text: string) => void infos.push(text),
    warn: (text: string) => void warnings.push(text),
    error: (text: string) => void errors.push(text),
  };

  /** Refuses everything about service B that `command` names. */
  function refuseB(name: string): void {
    kernel.refuses = (command) =>
      command.command === name && 'service' in command && command.service === B ? 'ENOMEM' : null;
  }

  it('deletes what an earlier run left, and nothing of a stranger', async () => {
    for (const service of [A, B, tcp('192.0.2.3', 80)]) {
      kernel.do({ command: 'new-service', service, settings: serviceOf(service).settings });
    }
    await keeperWith({ keys: [KEY_B] }).reconcile();
    assert.deepEqual(Object.keys(kernel.weights).sort(), [KEY_A, 'tcp 192.0.2.3:80']);
    assert.deepEqual(saved, [
      { ...NOTHING_OWNED, keys: [KEY_B, KEY_A] },
      { ...NOTHING_OWNED, keys: [KEY_A] },
    ]);
  });

  it('remembers a service before the kernel has it', async () => {
    let rememberedAt: Owned | undefined;
    kernel.refuses = ({ command }) => {
      if (command === 'new-service') rememberedAt = saved.at(-1);
      return null;
    };
    await keeperWith().reconcile();
    assert.deepEqual(rememberedAt, { ...NOTHING_OWNED, keys: [KEY_A] });
  });

  describe('a command that is refused', () => {
    it('is a problem of that reconciliation, until one goes without', async () => {
      const keeper = keeperWith();
      wanted.set('b', serviceWith(B));
      refuseB('new-dest');
      const text = 'Cannot add destination 10.0.0.1:80 to tcp 192.0.2.2:80: ENOMEM (the kernel is out of memory)';
      assert.deepEqual(await keeper.reconcile(), [text]);
      assert.equal(keeper.counters.lastProblem, text);
      kernel.refuses = () => null;
      assert.deepEqual(await keeper.reconcile(), []);
      assert.equal(keeper.counters.lastProblem, null);
      assert.equal(keeper.counters.refusedCommands, 1);
    });

    it('is said once, however often it is refused', async () => {
      const keeper = keeperWith();
      wanted.set('b', serviceOf(B, [destination(R1), destination(real('10.0.0.2', 80))]));
      refuseB('new-dest');
      for (let i = 0; i < 10; i++) await keeper.reconcile();
      assert.equal(errors.length, 2);
      assert.deepEqual(warnings, []);
      assert.equal(keeper.counters.repairs, 0);
      assert.equal(keeper.counters.refusedCommands, 20);
    });

    it('does not hide what a stranger does to other services', async () => {
      const keeper = keeperWith();
      wanted.set('b', serviceWith(B));
      refuseB('new-service');
      await keeper.reconcile();
      kernel.do({ command: 'del-dest', service: A, destination: R1 });
      await keeper.reconcile();
      assert.deepEqual(warnings, [
        'IPVS table was changed from outside: tcp 192.0.2.1:80: 10.0.0.1:80 was missing: added',
      ]);
      assert.equal(keeper.counters.repairs, 1);
    });

    it('leaves the belief in other services: their changes need no dump', async () => {
      const keeper = keeperWith();
      wanted.set('b', serviceWith(B));
      refuseB('new-dest');
      await keeper.reconcile();
      wanted.set('a', serviceWith(A, 7));
      keeper.changed(['a']);
      await settle();
      assert.deepEqual([kernel.dumps, kernel.weights[KEY_A]], [1, { '10.0.0.1:80': 7 }]);
      wanted.set('b', serviceWith(B, 7));
      keeper.changed(['b']);
      await settle();
      assert.equal(kernel.dumps, 2);
    });

    it('keeps a service that could not be deleted among ours', async () => {
      kernel.do({ command: 'new-service', service: B, settings: serviceOf(B).settings });
      refuseB('del-service');
      await keeperWith({ keys: [KEY_B] }).reconcile();
      assert.deepEqual(saved.at(-1), { ...NOTHING_OWNED, keys: [KEY_B, KEY_A] });
    });
  });

  it('lost answers are a problem, and nothing is believed', async () => {
    const keeper = keeperWith();
    kernel.losesAnswers = true;
    const [problem = ''] = await keeper.reconcile();
    assert.match(problem, /^The kernel's answers to 2 IPVS commands were lost/);
    assert.equal(keeper.counters.lastProblem, problem);
    kernel.losesAnswers = false;
    keeper.changed(['a']);
    await settle();
    assert.equal(kernel.dumps, 2);
    assert.equal(keeper.counters.lastProblem, null);
  });

  it('a table that cannot be read is a problem of the reconciliation, and of no other', async () => {
    const keeper = keeperWith();
    kernel.afterDump = () => Promise.reject(new Error('Cannot read the IPVS services: EPERM'));
    assert.deepEqual(await keeper.reconcile(), ['Cannot read the IPVS services: EPERM']);
    kernel.afterDump = () => {};
    assert.deepEqual(await keeper.reconcile(), []);
    assert.deepEqual(kernel.weights, { [KEY_A]: { '10.0.0.1:80': 1 } });
  });

  it('a new configuration during a reconciliation is no repair', async () => {
    const keeper = keeperWith();
    await keeper.reconcile();
    let reconfigured: Promise<readonly string[]> | undefined;
    kernel.afterDump = () => {
      kernel.afterDump = () => {};
      wanted.set('a', serviceWith(A, 9));
      reconfigured = keeper.reconfigured();
    };
    await keeper.reconcile();
    await reconfigured;
    assert.deepEqual(kernel.weights, { [KEY_A]: { '10.0.0.1:80': 9 } });
    assert.deepEqual([warnings, keeper.counters.repairs], [[], 0]);
    kernel.do({ command: 'del-service', service: A });
    await keeper.reconcile();
    assert.equal(keeper.counters.repairs, 2);
  });

  it('forgets thresholds of destinations that are gone', async () => {
    wanted.set('a', serviceWith(A, 1, 10));
    const keeper = keeperWith();
    await keeper.reconcile();
    kernel.connections.set(`${KEY_A} 10.0.0.1:80`, 10);
    await keeper.read();
    assert.equal(keeper.isOver(KEY_A, '10.0.0.1:80'), true);
    kernel.do({ command: 'del-dest', service: A, destination: R1 });
    await keeper.read();
    assert.equal(keeper.isOver(KEY_A, '10.0.0.1:80'), false);
  });

  describe('sync daemons', () => {
    it('that were configured are stopped when they are no more', async () => {
      daemons = [daemonOf({ role: 'backup' })];
      const keeper = keeperWith();
      await keeper.reconcile();
      assert.deepEqual(kernel.running, daemons);
      assert.equal(saved[0]?.syncDaemons, true);
      daemons = null;
      await keeper.reconfigured();
      assert.deepEqual(kernel.running, []);
      assert.equal(saved.at(-1)?.syncDaemons, false);
    });

    it('of an earlier run are stopped; of a stranger they are not', async () => {
      kernel.running = [daemonOf({})];
      await keeperWith().reconcile();
      assert.equal(kernel.running.length, 1);
      await keeperWith({ syncDaemons: true }).reconcile();
      assert.deepEqual(kernel.running, []);
    });
  });

  describe('close', () => {
    it('deletes our services though the sync daemons cannot be read, and forgets them', async () => {
      daemons = [];
      const keeper = keeperWith();
      await keeper.reconcile();
      kernel.daemons = () => {
        throw new Error('Cannot read the IPVS sync daemons: EPERM');
      };
      await keeper.close({ keepServices: false });
      assert.deepEqual(kernel.weights, {});
      assert.deepEqual(saved.at(-1), { ...NOTHING_OWNED, syncDaemons: true });
      assert.equal(kernel.isClosed, true);
    });

    it('remembers what it could not delete, or what is to stay', async () => {
      const keeper = keeperWith();
      await keeper.reconcile();
      kernel.refuses = ({ command }) => (command === 'del-service' ? 'EPERM' : null);
      await keeper.close({ keepServices: false });
      assert.deepEqual(saved.at(-1), { ...NOTHING_OWNED, keys: [KEY_A] });
      kernel.refuses = () => null;
      const second = keeperWith();
      await second.reconcile();
      await second.close({ keepServices: true });
      assert.deepEqual(saved.at(-1), { ...NOTHING_OWNED, keys: [KEY_A] });
      assert.deepEqual(kernel.weights, { [KEY_A]: { '10.0.0.1:80': 1 } });
    });

    it('sends what changed in the same turn, if the table stays', async () => {
      const keeper = keeperWith();
      await keeper.reconcile();
      wanted.set('a', serviceWith(A, 7));
      keeper.changed(['a']);
      await keeper.close({ keepServices: true });
      assert.deepEqual(kernel.weights, { [KEY_A]: { '10.0.0.1:80': 7 } });
    });

    it('answers everybody who waits', async () => {
      const keeper = keeperWith();
      const waiting = keeper.reconcile();
      await keeper.close({ keepServices: true });
      assert.deepEqual(await waiting, ['lvsd is stopping']);
      assert.deepEqual(await keeper.reconcile(), ['lvsd is stopping']);
    });
  });
});

/** Until what was asked for with `changed` is done: the fake kernel answers within the same turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
