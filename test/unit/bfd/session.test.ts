import assert from 'node:assert/strict';
import type { SessionState } from '../../../src/bfd/packet.ts';
import { deadline, detectionTime, startSession, step, transmitAt } from '../../../src/bfd/session.ts';
import type { Effect, Session, Step } from '../../../src/bfd/types.ts';
import { down, init, packet, parameters, remote, up } from './builders.ts';

/** 0.75 of each interval is left by jitter. */
const at = (now: number) => ({ now, random: 0 });
const hear = (session: Session, changes: Parameters<typeof packet>[0] = {}, now = 5100): Step =>
  step(parameters, session, { type: 'packet', packet: packet(changes) }, at(now));
const tick = (session: Session, now: number, p = parameters): Step => step(p, session, { type: 'tick' }, at(now));
const sent = ({ effects }: Step) => effects.flatMap((effect) => (effect.do === 'send' ? [effect.packet] : []));
const changes = ({ effects }: Step) =>
  effects.flatMap((effect) => (effect.do === 'changed' ? [[effect.from, effect.to, effect.diagnostic]] : []));
const adminDown: Session = { ...up, state: 'admin-down', diagnostic: 7, farewells: 0 };

describe('bfd/session: states (RFC 5880 sections 6.2 and 6.8.6)', () => {
  const table: readonly (readonly [
    given: Session,
    received: SessionState,
    next: SessionState,
    diagnostic: number,
    told: boolean,
  ])[] = [
    [down, 'admin-down', 'down', 0, false],
    [down, 'down', 'init', 0, true],
    [down, 'init', 'up', 0, true],
    [down, 'up', 'down', 0, false],
    [init, 'admin-down', 'down', 3, true],
    [init, 'down', 'init', 0, false],
    [init, 'init', 'up', 0, true],
    [init, 'up', 'up', 0, true],
    [up, 'admin-down', 'down', 3, true],
    [up, 'down', 'down', 3, true],
    [up, 'init', 'up', 0, false],
    [up, 'up', 'up', 0, false],
    [adminDown, 'admin-down', 'admin-down', 7, false],
    [adminDown, 'down', 'admin-down', 7, false],
    [adminDown, 'init', 'admin-down', 7, false],
    [adminDown, 'up', 'admin-down', 7, false],
  ];
  for (const [given, received, next, diagnostic, told] of table) {
    it(`${given.state}, received ${received}: ${next}${told ? ', and the neighbour is told at once' : ''}`, () => {
      const result = hear(given, { state: received });
      assert.deepEqual([result.session.state, result.session.diagnostic], [next, diagnostic]);
      assert.deepEqual(changes(result), next === given.state ? [] : [[given.state, next, diagnostic]]);
      assert.deepEqual(
        sent(result).map((out) => [out.state, out.diagnostic, out.yourDiscriminator]),
        told ? [[next, diagnostic, 0x93092098]] : [],
      );
    });
  }

  it('keeps what the neighbour said', () => {
    const { session } = hear(up, { diagnostic: 5, desiredMinTxUs: 400_000, demand: true, detectMultiplier: 7 });
    assert.deepEqual(session.remote, { ...remote, diagnostic: 5, minTxMs: 400, demand: true, detectMultiplier: 7 });
  });
});

describe('bfd/session: detection time (RFC 5880 section 6.8.4)', () => {
  const table: readonly (readonly [rule: string, desiredMinTxUs: number, multiplier: number, detectionMs: number])[] = [
    ['the neighbour is faster than we want', 50_000, 3, 900],
    ['the neighbour is slower', 500_000, 3, 1500],
    ["the neighbour's multiplier counts, not ours", 500_000, 5, 2500],
  ];
  for (const [rule, desiredMinTxUs, detectMultiplier, detectionMs] of table) {
    it(`${rule}: ${detectionMs} ms`, () => {
      const { session } = hear(up, { desiredMinTxUs, detectMultiplier }, 6000);
      assert.equal(detectionTime(session), detectionMs);
      assert.equal(session.expiresAt, 6000 + detectionMs);
    });
  }

  it('expired in Up: Down with diagnostic 1, the neighbour forgotten, the slow interval, and the neighbour told', () => {
    const result = tick(up, 5900);
    assert.deepEqual(changes(result), [['up', 'down', 1]]);
    assert.deepEqual(result.session.remote, null);
    const [out, ...more] = sent(result);
    assert.deepEqual(more, []);
    assert.deepEqual(out, {
      ...packet({ state: 'down', diagnostic: 1, myDiscriminator: 0x0a0b0c0d, yourDiscriminator: 0 }),
      desiredMinTxUs: 1_000_000,
      requiredMinRxUs: 300_000,
    });
    assert.equal(deadline(parameters, result.session), 6650);
  });

  it('expired in Init: Down', () => assert.deepEqual(changes(tick(init, 5900)), [['init', 'down', 1]]));

  it('expired in Down: only the discriminator is forgotten', () => {
    const result = tick({ ...down, remote, expiresAt: 5900 }, 5900);
    assert.deepEqual([result.effects, result.session.remote, result.session.state], [[], null, 'down']);
  });

  it('not one moment earlier', () => assert.deepEqual(changes(tick(up, 5899.9)), []));

  it('a tick later than a packet interval is our own standstill: one more detection time', () => {
    const late = tick(up, 5900 + 301);
    assert.deepEqual(changes(late), []);
    assert.equal(late.session.expiresAt, 7101);
    assert.equal(sent(late).length, 1, 'what was due is sent');
    assert.deepEqual(changes(tick(late.session, 7101)), [['up', 'down', 1]], 'once');
    assert.deepEqual(changes(tick(up, 5900 + 299)), [['up', 'down', 1]]);
  });
});

describe('bfd/session: transmission (RFC 5880 sections 6.8.2, 6.8.3, 6.8.7)', () => {
  it('starts Down, slowly, spread over a quarter of a second', () => {
    for (const [random, firstAt] of [
      [0, 1000],
      [0.5, 1125],
    ] as const) {
      const session = startSession(parameters, { now: 1000, random });
      assert.equal(transmitAt(parameters, session), firstAt);
      assert.equal(session.state, 'down');
    }
    const first = tick(startSession(parameters, at(1000)), 1000);
    assert.equal(sent(first)[0]?.desiredMinTxUs, 1_000_000);
    assert.equal(deadline(parameters, first.session), 1750);
  });

  it('a configured interval above one second is kept while Down', () => {
    const slower = { ...parameters, minTxMs: 2500 };
    const result = tick(startSession(slower, at(0)), 0, slower);
    assert.equal(sent(result)[0]?.desiredMinTxUs, 2_500_000);
    assert.equal(deadline(slower, result.session), 1875);
  });

  const intervals: readonly (readonly [rule: string, minRxMs: number, random: number, mult: number, dueAt: number])[] =
    [
      ['our interval, jitter 25 %', 250, 0, 3, 5225],
      ['our interval, the least jitter', 250, 0.999, 3, 5299.925],
      ["the neighbour's Required Min RX is longer", 1000, 0, 3, 5750],
      ['multiplier 1: at most 90 %', 250, 0.999, 1, 5269.955],
      ['multiplier 1: at least 75 %', 250, 0, 1, 5225],
    ];
  for (const [rule, minRxMs, random, detectMultiplier, dueAt] of intervals) {
    it(`${rule}: next at ${dueAt}`, () => {
      const p = { ...parameters, detectMultiplier };
      const session: Session = { ...up, sentAt: 4000, remote: { ...remote, minRxMs }, expiresAt: null };
      const result = step(p, session, { type: 'tick' }, { now: 5000, random });
      assert.ok(Math.abs((transmitAt(p, result.session) ?? 0) - dueAt) < 1e-6);
    });
  }

  it('a shorter interval holds from the last packet on', () => {
    const { session } = hear({ ...up, remote: { ...remote, minRxMs: 5000 } }, { requiredMinRxUs: 250_000 });
    assert.equal(transmitAt(parameters, session), 5300);
  });

  it('6.8.7 a neighbour with Required Min RX 0 gets none but answers to its polls', () => {
    const { session } = hear(up, { requiredMinRxUs: 0 });
    assert.equal(transmitAt(parameters, session), null);
    assert.equal(deadline(parameters, session), session.expiresAt, 'it is still watched');
    assert.deepEqual(sent(tick(session, 5500)), []);
    assert.equal(sent(hear(session, { requiredMinRxUs: 0, poll: true })).length, 1);
  });

  it('6.6 a neighbour in Demand mode gets none while both are Up', () => {
    assert.equal(transmitAt(parameters, hear(up, { demand: true }).session), null);
    assert.notEqual(transmitAt(parameters, hear(up, { demand: true, state: 'init' }).session), null);
    assert.notEqual(transmitAt(parameters, hear({ ...up, polling: true }, { demand: true }).session), null);
  });

  it('6.1 the passive one is silent until it is spoken to, and again when the neighbour is lost', () => {
    const passive = { ...parameters, passive: true };
    const fresh = startSession(passive, at(0));
    assert.equal(deadline(passive, fresh), null);
    assert.deepEqual(tick(fresh, 99_999, passive).effects, []);
    const spoken = step(passive, fresh, { type: 'packet', packet: packet({ state: 'down' }) }, at(100));
    assert.equal(sent(spoken)[0]?.state, 'init');
    const lost = tick(up, 5900, passive);
    assert.deepEqual([changes(lost), sent(lost)], [[['up', 'down', 1]], []]);
  });
});

describe('bfd/session: Poll Sequence (RFC 5880 sections 6.5 and 6.8.3)', () => {
  it('in Up the configured interval holds at once and is announced by Poll until Final comes', () => {
    const result = hear(init, { state: 'init' });
    assert.deepEqual(
      sent(result).map(({ poll, desiredMinTxUs }) => [poll, desiredMinTxUs]),
      [[true, 300_000]],
    );
    assert.equal(transmitAt(parameters, result.session), 5325);
    const again = tick(result.session, 5325);
    assert.equal(sent(again)[0]?.poll, true);
    const answered = hear(again.session, { final: true }, 5400);
    assert.equal(answered.session.polling, false);
    assert.equal(sent(tick(answered.session, 5700))[0]?.poll, false);
  });

  it('a poll is answered at once with Final, never with Poll, and moves no timer', () => {
    const polling: Session = { ...up, polling: true };
    const result = hear(polling, { poll: true });
    assert.deepEqual(
      sent(result).map(({ poll, final }) => [poll, final]),
      [[false, true]],
    );
    assert.equal(result.session.polling, true, 'ours goes on');
    assert.equal(transmitAt(parameters, result.session), transmitAt(parameters, polling));
  });

  it('a poll that also changes the state is answered once', () => {
    const result = hear(init, { poll: true });
    assert.deepEqual(
      sent(result).map(({ state, poll, final }) => [state, poll, final]),
      [['up', false, true]],
    );
  });

  it('no poll where nothing changed on the way to Up', () => {
    const slow = { ...parameters, minTxMs: 2000 };
    const before: Session = { ...init, desiredTxMs: 2000, txMs: 2000 };
    const result = step(slow, before, { type: 'packet', packet: packet({ state: 'init' }) }, at(5100));
    assert.equal(sent(result)[0]?.poll, false);
  });

  const reload = (minTxMs: number, minRxMs: number): Session =>
    step({ ...parameters, minTxMs, minRxMs }, up, { type: 'reconfigure' }, at(5100)).session;

  it('6.8.3 a reload: sending slower and expecting faster wait for Final, their opposites do not', () => {
    const harder = reload(500, 100);
    assert.deepEqual([harder.desiredTxMs, harder.requiredRxMs], [500, 100], 'announced');
    assert.deepEqual([harder.txMs, harder.rxMs, harder.polling], [300, 300, true], 'not yet in force');
    const slower = { ...parameters, minTxMs: 500, minRxMs: 100 };
    const done = step(slower, harder, { type: 'packet', packet: packet({ final: true }) }, at(5200)).session;
    assert.deepEqual([done.txMs, done.rxMs, done.polling], [500, 100, false]);
    assert.equal(done.expiresAt, 5200 + 600, 'three of the 200 ms that the neighbour keeps');
    const easier = reload(100, 500);
    assert.deepEqual([easier.txMs, easier.rxMs, easier.polling], [100, 500, true]);
  });

  it('a reload that changes nothing polls nothing', () => assert.deepEqual(reload(300, 300), up));
});

describe('bfd/session: ends', () => {
  it('a path that is down is our own news: diagnostic 5, no detection needed', () => {
    assert.deepEqual(changes(step(parameters, up, { type: 'path-down' }, at(5100))), [['up', 'down', 5]]);
    assert.deepEqual(changes(step(parameters, down, { type: 'path-down' }, at(5100))), []);
  });

  it('6.8.16 shutdown: AdminDown with diagnostic 7 as often as a neighbour may miss, then closed', () => {
    let result = step(parameters, up, { type: 'shutdown' }, at(5100));
    assert.deepEqual(changes(result), [['up', 'admin-down', 7]]);
    const out = [...sent(result)];
    const effects: Effect[] = [...result.effects];
    for (let i = 0; i < 10; i++) {
      const due = deadline(parameters, result.session);
      if (due === null) break;
      result = tick(result.session, due);
      out.push(...sent(result));
      effects.push(...result.effects);
    }
    assert.deepEqual(
      out.map(({ state, diagnostic, desiredMinTxUs }) => [state, diagnostic, desiredMinTxUs]),
      Array.from({ length: 3 }, () => ['admin-down', 7, 1_000_000]),
    );
    assert.deepEqual(effects.at(-1), { do: 'close' });
    assert.deepEqual(effects.filter((effect) => effect.do === 'close').length, 1);
  });

  it('a session that nobody heard ends without a word', () => {
    const result = step(parameters, down, { type: 'shutdown' }, at(5100));
    assert.deepEqual([sent(result), result.effects.at(-1)], [[], { do: 'close' }]);
  });

  it('a second shutdown, a path that is down and a reload do nothing more', () => {
    for (const type of ['shutdown', 'path-down', 'reconfigure'] as const)
      assert.deepEqual(step(parameters, adminDown, { type }, at(1)).effects, []);
  });
});
