import assert from 'node:assert/strict';
import { decodeControl, encodeControl } from '../../../src/bfd/packet.ts';
import { BfdSpeaker, type SpeakerPorts, type StateChange } from '../../../src/bfd/speaker.ts';
import { config, packet } from './builders.ts';

const neighbor = Uint8Array.of(192, 0, 2, 3);

class Bench {
  now = 0;
  wakeAt: number | null = null;
  closed = 0;
  goesOut = true;
  readonly sent: string[] = [];
  readonly changes: StateChange[] = [];
  readonly speaker: BfdSpeaker;

  constructor() {
    const ports: SpeakerPorts = {
      now: () => this.now,
      random: () => 0,
      wakeAt: (at) => {
        this.wakeAt = at;
      },
      send: (bytes) => {
        const decoded = decodeControl(bytes);
        assert.ok(decoded.ok);
        this.sent.push(decoded.value.state);
        return this.goesOut;
      },
      changed: (change) => this.changes.push(change),
      closed: () => {
        this.closed++;
      },
    };
    this.speaker = new BfdSpeaker(config, 0x0a0b0c0d, ports);
    this.speaker.start();
  }

  hear(changes: Parameters<typeof packet>[0], source = neighbor, ttl = 255): void {
    this.speaker.receive({ payload: encodeControl(packet(changes)), source, ttl }, this.now);
  }

  tickTo(at: number): void {
    while (this.wakeAt !== null && this.wakeAt <= at) {
      this.now = this.wakeAt;
      this.speaker.tick();
    }
    this.now = at;
  }

  up(): this {
    this.hear({ state: 'down', yourDiscriminator: 0 });
    this.hear({ state: 'up' });
    this.hear({ state: 'up', final: true });
    this.changes.length = 0;
    return this;
  }
}

describe('bfd/speaker', () => {
  it('sends by itself, once a second while nobody answers, and says so', () => {
    const bench = new Bench();
    bench.tickTo(2900);
    assert.deepEqual(bench.sent, ['down', 'down', 'down', 'down']);
    const { state, reason, remote, detectionTimeMs, transmitIntervalMs, sent, received } = bench.speaker.report();
    assert.deepEqual(
      [state, reason, remote, detectionTimeMs, transmitIntervalMs, sent, received],
      ['DOWN', 'the neighbour was not heard yet', null, null, 1000, 4, 0],
    );
  });

  it('counts what went out, not what was refused by the machine', () => {
    const bench = new Bench();
    bench.goesOut = false;
    bench.tickTo(1000);
    assert.equal(bench.speaker.report().sent, 0);
  });

  it('comes UP, and falls silent neighbours are told as such, once', () => {
    const bench = new Bench();
    bench.hear({ state: 'down', yourDiscriminator: 0 });
    assert.equal(bench.speaker.report().reason, 'the neighbour does not answer to us yet');
    bench.hear({ state: 'up' });
    bench.hear({ state: 'up', final: true });
    assert.deepEqual(
      bench.changes.map(({ from, to, silent }) => [from, to, silent]),
      [
        ['down', 'init', false],
        ['init', 'up', false],
      ],
    );
    const { state, reason, remote, detectionTimeMs, transmitIntervalMs } = bench.speaker.report();
    assert.deepEqual(
      [state, reason, remote, detectionTimeMs, transmitIntervalMs],
      ['UP', null, { state: 'UP', diagnostic: 'no diagnostic' }, 900, 300],
    );
    bench.changes.length = 0;
    bench.tickTo(20_000);
    assert.deepEqual(bench.changes, [
      { from: 'up', to: 'down', silent: true, reason: 'control detection time expired' },
    ]);
    assert.equal(bench.speaker.report().flaps, 1);
  });

  it('a neighbour that says Down or AdminDown, and a path of our own that is gone, is not silent', () => {
    const told = new Bench().up();
    told.hear({ state: 'down' });
    assert.deepEqual(told.changes, [
      { from: 'up', to: 'down', silent: false, reason: 'neighbor signaled session down' },
    ]);
    const stopped = new Bench().up();
    stopped.hear({ state: 'admin-down', diagnostic: 7 });
    assert.deepEqual(stopped.changes, [
      { from: 'up', to: 'down', silent: false, reason: 'the neighbour took it down on purpose' },
    ]);
    const cut = new Bench().up();
    cut.speaker.pathDown();
    assert.deepEqual(cut.changes, [{ from: 'up', to: 'down', silent: false, reason: 'path down' }]);
  });

  it('a session that never was UP is not silent when the neighbour goes', () => {
    const bench = new Bench();
    bench.hear({ state: 'down', yourDiscriminator: 0 });
    bench.tickTo(20_000);
    assert.deepEqual(
      bench.changes.map(({ to, silent }) => [to, silent]),
      [
        ['init', false],
        ['down', false],
      ],
    );
    assert.equal(bench.speaker.report().flaps, 0);
  });

  it('refused datagrams are counted by reason and move neither state nor timer', () => {
    const bench = new Bench().up();
    const before = bench.wakeAt;
    bench.now = 200;
    bench.hear({ state: 'down' }, neighbor, 254);
    bench.hear({ state: 'down' }, Uint8Array.of(192, 0, 2, 4));
    bench.hear({ state: 'down', yourDiscriminator: 7 });
    bench.hear({ state: 'down', yourDiscriminator: 7 });
    const { refused, state } = bench.speaker.report();
    assert.deepEqual([refused, state, bench.wakeAt], [{ ttl: 1, source: 1, 'unknown-session': 2 }, 'UP', before]);
    bench.tickTo(899);
    assert.equal(bench.speaker.report().state, 'UP');
    bench.tickTo(900);
    assert.equal(bench.speaker.report().state, 'DOWN');
  });

  it('says goodbye three times, then closes', () => {
    const bench = new Bench().up();
    bench.sent.length = 0;
    bench.speaker.shutdown();
    assert.deepEqual([bench.sent, bench.closed], [['admin-down'], 0]);
    bench.tickTo(20_000);
    assert.deepEqual([bench.sent, bench.closed], [['admin-down', 'admin-down', 'admin-down'], 1]);
  });

  it('a reload of the intervals is on the wire with the next packet', () => {
    const bench = new Bench().up();
    bench.speaker.reconfigure({ ...config, minTxMs: 100, minRxMs: 1000 });
    assert.equal(bench.speaker.report().state, 'UP');
    assert.deepEqual([bench.speaker.report().transmitIntervalMs, bench.speaker.report().detectionTimeMs], [250, 3000]);
  });
});
