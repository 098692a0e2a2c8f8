/** BFD sessions over real sockets, between two addresses of the loopback interface. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BFD_PORT, encodeControl } from '../../src/bfd/packet.ts';
import type { BfdReport } from '../../src/bfd/report.ts';
import type { BfdSessionConfig } from '../../src/config/types-bfd.ts';
import { parseAddress } from '../../src/net/ip.ts';
import type { InterfaceAddress } from '../../src/net/rtnetlink.ts';
import { BfdSessions } from '../../src/sys/bfd.ts';
import { interfaceIndex } from '../../src/sys/socket.ts';
import type { TrackState } from '../../src/vrrp/tracking.ts';
import { packet } from '../unit/bfd/builders.ts';

const LIMIT_MS = 8000;

/** One director: its address, its sessions, and what they told. */
class Side {
  readonly sessions: BfdSessions;
  readonly silent: string[] = [];
  readonly states: TrackState[] = [];
  readonly complaints: string[] = [];
  usable = true;
  address: string;

  constructor(address: string) {
    this.address = address;
    const index = interfaceIndex('lo') ?? 1;
    const link = () => ({ index, name: 'lo', usable: this.usable, mac: null });
    const addressesOf = (): InterfaceAddress[] => {
      const bytes = parseAddress(this.address)?.bytes ?? new Uint8Array(4);
      return [{ interfaceIndex: index, address: bytes, prefixLength: 8, secondary: false, tentative: false }];
    };
    this.sessions = new BfdSessions(
      { link, addressesOf },
      {
        silent: ({ name }) => this.silent.push(name),
        tracked: (_name, state) => this.states.push(state),
        log: () => {},
        complain: (text) => this.complaints.push(text),
      },
    );
  }

  speakWith(...neighbors: readonly string[]): void {
    this.sessions.configure(
      neighbors.map(
        (neighbor): BfdSessionConfig => ({
          name: neighbor,
          neighbor,
          family: 4,
          interface: 'lo',
          sourceAddress: null,
          minTxMs: 50,
          minRxMs: 50,
          multiplier: 3,
          passive: false,
        }),
      ),
      new Set(),
    );
  }

  report(neighbor: string): BfdReport {
    const found = this.sessions.report().find(({ name }) => name === neighbor);
    assert.ok(found !== undefined);
    return found;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (const limit = Date.now() + LIMIT_MS; !holds(); ) {
      assert.ok(Date.now() < limit, `${this.address}: not ${what}: ${JSON.stringify(this.sessions.report())}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function sendFrom(source: string, ttl: number, payload: Uint8Array, to: string): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, source);
  await once(socket, 'listening');
  socket.setTTL(ttl);
  await new Promise<void>((resolve) => socket.send(payload, BFD_PORT, to, () => resolve()));
  socket.close();
}

describe('sys/bfd on the loopback interface', function () {
  this.timeout(30_000);
  const [a, b, c] = ['127.77.0.1', '127.77.0.2', '127.77.0.3'];
  let sides: Side[] = [];
  const side = (address: string): Side => {
    const made = new Side(address);
    sides.push(made);
    return made;
  };
  afterEach(() => {
    for (const { sessions } of sides) sessions.close();
    sides = [];
  });
  const upPair = async (): Promise<[Side, Side]> => {
    const [one, two] = [side(a), side(b)];
    one.speakWith(b);
    two.speakWith(a);
    for (const [who, other] of [
      [one, b],
      [two, a],
    ] as const)
      await who.until('fast and UP', () => {
        const { state, detectionTimeMs } = who.report(other);
        return state === 'UP' && detectionTimeMs === 150;
      });
    return [one, two];
  };

  it('two come UP at their configured speed and stay so', async () => {
    const [one] = await upPair();
    const { sent, received, refused, flaps, sourceAddress, remote, reason } = one.report(b);
    assert.deepEqual(
      [refused, flaps, sourceAddress, remote, reason],
      [{}, 0, a, { state: 'UP', diagnostic: 'no diagnostic' }, null],
    );
    assert.ok(sent >= 2 && received >= 2);
    assert.deepEqual([one.states.at(-1), one.silent, one.complaints], [{ kind: 'up' }, [], []]);
  });

  it('one that stops in order is DOWN on purpose, not silent', async () => {
    const [one, two] = await upPair();
    two.sessions.stop();
    await one.until('DOWN', () => one.report(b).state === 'DOWN');
    assert.equal(one.report(b).reason, 'the neighbour took it down on purpose');
    assert.deepEqual(one.silent, []);
    assert.deepEqual(one.states.at(-1), { kind: 'down', reason: 'the neighbour took it down on purpose' });
  });

  it('one that dies is silent, once', async () => {
    const [one, two] = await upPair();
    two.sessions.close();
    await one.until('silent', () => one.silent.length > 0);
    const { state, reason, flaps, detectionTimeMs } = one.report(b);
    assert.deepEqual([state, reason, flaps, detectionTimeMs], ['DOWN', 'control detection time expired', 1, null]);
    assert.deepEqual(one.silent, [b]);
  });

  it('our own interface that goes down is not taken for a silent neighbour', async () => {
    const [one] = await upPair();
    one.usable = false;
    one.sessions.evaluate();
    assert.deepEqual([one.report(b).state, one.silent], ['DOWN', []]);
    assert.equal(one.report(b).reason, 'interface lo is down or has no carrier');
    one.usable = true;
    one.sessions.evaluate();
    await one.until('UP again', () => one.report(b).state === 'UP');
  });

  it("strangers' packets stay in the kernel; forwarded ones of the neighbour are refused and move nothing", async () => {
    const one = side(a);
    one.speakWith(b);
    const down = encodeControl(packet({ state: 'down', yourDiscriminator: 0 }));
    await sendFrom(c, 255, down, a);
    await sendFrom(b, 64, down, a);
    await one.until('refused', () => one.report(b).refused.ttl === 1);
    assert.deepEqual([one.report(b).refused, one.report(b).state, one.report(b).received], [{ ttl: 1 }, 'DOWN', 0]);
    await sendFrom(b, 255, new Uint8Array(24), a);
    await one.until('refused', () => one.report(b).refused.version === 1);
    // The way is open for what is right.
    await sendFrom(b, 255, down, a);
    await one.until('INIT', () => one.report(b).state === 'INIT');
  });

  it('one address speaks with several neighbours, and a reload that drops one leaves the other alone', async () => {
    const [one, two, three] = [side(a), side(b), side(c)];
    one.speakWith(b, c);
    two.speakWith(a);
    three.speakWith(a);
    await one.until('UP with both', () => one.sessions.report().every(({ state }) => state === 'UP'));
    one.speakWith(c);
    await two.until('DOWN', () => two.report(a).state === 'DOWN');
    assert.equal(two.report(a).reason, 'the neighbour took it down on purpose');
    assert.deepEqual([three.report(a).state, three.report(a).flaps], ['UP', 0]);
    one.speakWith(b, c);
    await two.until('UP again', () => two.report(a).state === 'UP');
    assert.deepEqual([three.report(a).state, three.report(a).flaps], ['UP', 0]);
  });

  it('a port that another daemon holds is told, and taken when it is free', async () => {
    const holder = createSocket('udp4');
    holder.bind(BFD_PORT, a);
    await once(holder, 'listening');
    const [one, two] = [side(a), side(b)];
    one.speakWith(b);
    two.speakWith(a);
    assert.match(one.report(b).reason ?? '', /EADDRINUSE/);
    assert.equal(one.complaints.length, 1);
    holder.close();
    await one.until('UP', () => one.report(b).state === 'UP');
  });
});
