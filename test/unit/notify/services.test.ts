import assert from 'node:assert/strict';
import type { ServiceIdConfig, VirtualServerConfig } from '../../../src/config/types.ts';
import type { Change } from '../../../src/director/observation.ts';
import type { Combined, Verdict } from '../../../src/health/verdict.ts';
import { ServiceBoard, type ServiceWorld } from '../../../src/notify/services.ts';
import { configOf, realServer, tcpId, virtualServer } from '../director/builders.ts';

const REFUSED = { reason: 'refused', detail: 'connect\0ECONNREFUSED' } as const;
const HOOKS = {
  quorumUp: ['/quorum-up'],
  quorumDown: ['/quorum-down'],
  notifyUp: ['/up'],
  notifyDown: ['/down', 'a b'],
  user: 'nobody',
  timeoutMs: 3000,
};
const PLAIN = { hooks: HOOKS };

const combined = (verdict: Verdict): Combined => ({ verdict, failure: verdict === 'down' ? REFUSED : null });
const standing = (up: boolean) => ({ up, usableWeight: up ? 100 : 0, sorry: false });

function real(name: string, from: Verdict, to: Verdict): Change {
  const [change] = [{ kind: 'real-server', virtualServer: 'web', realServer: name } as const];
  return { ...change, from: combined(from), to: combined(to) };
}

const quorum = (up: boolean): Change => ({
  kind: 'virtual-server',
  virtualServer: 'web',
  from: standing(!up),
  to: standing(up),
});

/** A board of one virtual server, whose real servers have these verdicts; what it tells, in short. */
class Bench {
  readonly board = new ServiceBoard();
  readonly server: VirtualServerConfig;
  verdicts: readonly Verdict[];
  up = false;
  constructor(verdicts: readonly Verdict[], given: Partial<VirtualServerConfig> = PLAIN) {
    this.verdicts = verdicts;
    const reals = verdicts.map((_, index) => realServer(`10.0.0.${11 + index}`));
    this.server = virtualServer(reals, given);
    this.board.set([this.server]);
  }

  get world(): ServiceWorld {
    return {
      config: configOf(this.server),
      verdict: (_name, index) => combined(this.verdicts[index] ?? 'unknown'),
      standing: () => standing(this.up),
    };
  }

  /** `LINE (program)`. */
  tell(...changes: readonly Change[]): readonly string[] {
    return this.board.changed(changes, this.world).map(({ line, program }) => brief(line, program));
  }

  settle(): readonly string[] {
    return this.board.settled(this.world).map(({ line, program }) => brief(line, program));
  }
}

function brief(line: string, program: { readonly argv: readonly string[] } | null): string {
  assert.ok(line.endsWith('\n'));
  return program === null ? line.trimEnd() : `${line.trimEnd()} (${program.argv.join(' ')})`;
}

const VS = 'VS [192.0.2.100]:tcp:80';
const RS = 'RS [10.0.0.11]:tcp:80 [192.0.2.100]:tcp:80';

describe('notify/services', () => {
  it('the first check of a real server that passes runs no program; all that follows does', () => {
    const bench = new Bench(['up']);
    bench.up = true;
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'up'), quorum(true)), [
      `${RS} UP`,
      `${VS} UP (/quorum-up)`,
    ]);
    bench.up = false;
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'up', 'down'), quorum(false)), [
      `${RS} DOWN (/down a b)`,
      `${VS} DOWN (/quorum-down)`,
    ]);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'down', 'up')), [`${RS} UP (/up)`]);
  });

  it('a first check that fails does: nobody expects that', () => {
    const bench = new Bench(['down']);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'down')), [
      `${RS} DOWN (/down a b)`,
      // And so does the virtual server, whose state was never another one.
      `${VS} DOWN (/quorum-down)`,
    ]);
  });

  it('a virtual server is down when all its real servers were asked, not before', () => {
    const bench = new Bench(['down', 'unknown']);
    assert.deepEqual(bench.settle(), []);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'down')), [`${RS} DOWN (/down a b)`]);
    bench.verdicts = ['down', 'down'];
    assert.deepEqual(bench.tell(real('10.0.0.12:80', 'unknown', 'down')), [
      'RS [10.0.0.12]:tcp:80 [192.0.2.100]:tcp:80 DOWN (/down a b)',
      `${VS} DOWN (/quorum-down)`,
    ]);
    assert.deepEqual(bench.settle(), []);
  });

  it('one that was taken over in working order is told at the start, its real servers are not', () => {
    const bench = new Bench(['up', 'up']);
    bench.up = true;
    assert.deepEqual(bench.settle(), [`${VS} UP (/quorum-up)`]);
    assert.deepEqual(bench.settle(), []);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'up', 'down')), [`${RS} DOWN (/down a b)`]);
  });

  it('one without real servers is down', () => assert.deepEqual(new Bench([]).settle(), [`${VS} DOWN (/quorum-down)`]));

  it('a reload that makes it up or down without a probe tells so; what it drops is forgotten', () => {
    const bench = new Bench(['down']);
    bench.tell(real('10.0.0.11:80', 'unknown', 'down'));
    bench.board.set([bench.server]);
    bench.up = true;
    assert.deepEqual(bench.settle(), [`${VS} UP (/quorum-up)`]);
    bench.board.set([{ ...bench.server, realServers: [] }]);
    bench.board.set([bench.server]);
    // New again: its first check is no news.
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'up')), [`${RS} UP`]);
    bench.board.set([]);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'up', 'down')), []);
  });

  it('nothing is told twice in a row, and nothing of what is neither up nor down', () => {
    const bench = new Bench(['up']);
    bench.tell(real('10.0.0.11:80', 'unknown', 'down'));
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'down', 'unknown')), []);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'down')), []);
    bench.tell(real('10.0.0.11:80', 'down', 'up'));
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'up', 'unknown')), []);
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'unknown', 'up')), []);
  });

  it("a real server's own programs instead of the virtual server's", () => {
    const own = realServer('10.0.0.11', { notifyUp: ['/own-up'], notifyDown: ['/own-down'] });
    const bench = new Bench(['up'], { ...PLAIN, realServers: [own] });
    assert.deepEqual(bench.tell(real('10.0.0.11:80', 'up', 'down'), real('10.0.0.11:80', 'down', 'up')).slice(0, 2), [
      `${RS} DOWN (/own-down)`,
      `${RS} UP (/own-up)`,
    ]);
  });

  it('what a program gets', () => {
    const bench = new Bench(['down']);
    const [ofReal, ofService] = bench.board.changed([real('10.0.0.11:80', 'up', 'down')], bench.world);
    assert.deepEqual(ofReal, {
      virtualServer: 'web',
      line: `${RS} DOWN\n`,
      note: { type: 'service', realServer: '10.0.0.11:80', state: 'DOWN' },
      program: {
        argv: ['/down', 'a b'],
        user: 'nobody',
        timeoutMs: 3000,
        env: {
          LVSD_VIRTUAL_SERVER: 'web',
          LVSD_REAL_SERVER: '10.0.0.11:80',
          LVSD_STATE: 'DOWN',
          LVSD_REASON: 'refused: connect?ECONNREFUSED',
        },
      },
    });
    assert.deepEqual(ofService?.program?.env, {
      LVSD_VIRTUAL_SERVER: 'web',
      LVSD_REAL_SERVER: '',
      LVSD_STATE: 'DOWN',
      LVSD_REASON: 'usable weight 0, quorum 1',
    });
  });

  // keepalived 2.2.7, lvs_notify_fifo.
  const sctp: ServiceIdConfig = { kind: 'address', family: 4, protocol: 'sctp', address: '192.0.2.3', port: 5060 };
  const udp6: ServiceIdConfig = { kind: 'address', family: 6, protocol: 'udp', address: 'fd00::1', port: 53 };
  const lines: readonly (readonly [what: string, ids: readonly ServiceIdConfig[], address: string, line: string])[] = [
    ['TCP', [tcpId('192.0.2.1', 80)], '10.99.0.1', 'RS [10.99.0.1]:tcp:8001 [192.0.2.1]:tcp:80 DOWN'],
    ['UDP over IPv6', [udp6], 'fd99::1', 'RS [fd99::1]:udp:8001 [fd00::1]:udp:53 DOWN'],
    ['SCTP', [sctp], '10.99.0.1', 'RS [10.99.0.1]:sctp:8001 [192.0.2.3]:sctp:5060 DOWN'],
    ['a fwmark', [{ kind: 'fwmark', family: 4, fwmark: 7 }], '10.99.0.1', 'RS [10.99.0.1]:none:8001 FWM 7 DOWN'],
    [
      'a group',
      [tcpId('192.0.2.5', 8080), tcpId('192.0.2.6', 8080)],
      '10.99.0.1',
      'RS [10.99.0.1]:tcp:8001 [web]:0 DOWN',
    ],
  ];
  for (const [what, ids, address, line] of lines) {
    it(`lines as keepalived's: ${what}`, () => {
      const bench = new Bench(['down'], { ids, realServers: [realServer(address, { port: 8001 })] });
      const name = address.includes(':') ? `[${address}]:8001` : `${address}:8001`;
      const service = line.split(' ').slice(2, -1).join(' ');
      assert.deepEqual(bench.tell(real(name, 'unknown', 'down')), [line, `VS ${service} DOWN`]);
    });
  }
});
