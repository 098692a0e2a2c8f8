/** The synchronous netlink transport against the running kernel; changes only in a network namespace of its own. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { AttrWriter, decodeAttrs } from '../../src/net/nlattr.ts';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from '../../src/net/nlmsg.ts';
import { NETLINK_GENERIC, NETLINK_ROUTE, NetlinkSocket, resolveFamily } from '../../src/sys/netlink.ts';

const RTM_GETLINK = 18;
const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const NETNS = `lvsd-nl-${process.pid}`;
const module = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** What every program that runs inside the namespace begins with. */
const PRELUDE = `
  const { AttrWriter } = await import(${module('net/nlattr.js')});
  const { NetlinkSocket, NetlinkEvents } = await import(${module('sys/netlink.js')});
  const { interfaceIndex } = await import(${module('sys/socket.js')});
  const [NEWADDR, DELADDR, GETADDR, ADD, DEL] = [20, 21, 22, 0x605, 0x5];
  const socket = new NetlinkSocket(0);
  const index = interfaceIndex('lo');
  const w = new AttrWriter();
  const address = (type, flags, seq, bytes, prefix = 32) => {
    const message = w.beginMessage(type, flags, seq);
    w.put8(2).put8(prefix).put8(0).put8(0).put32(index).bytes(2, bytes).bytes(1, bytes).endMessage(message);
  };
  const change = (type, flags, bytes, prefix) => {
    w.reset();
    address(type, flags, socket.nextSeq(), bytes, prefix);
    return socket.request(w.finish());
  };
  const vip = (n) => Uint8Array.of(10, 99, n >> 8, n & 255);
  const count = () => {
    let n = 0;
    w.reset();
    const message = w.beginMessage(GETADDR, 0x301, socket.nextSeq());
    w.put8(2).put8(0).put8(0).put8(0).put32(0).endMessage(message);
    const { errno, interrupted } = socket.dump(w.finish(), () => n++);
    if (errno !== 0 || interrupted) throw new Error('dump: ' + errno + ' ' + interrupted);
    return n;
  };
  const print = (value) => console.log(JSON.stringify(value));
`;

const NODE = [process.execPath, '--input-type=module', '-e'] as const;

/** The JSON lines that a program inside the namespace printed. */
function inside(program: string): unknown[] {
  return outputOf(['ip', 'netns', 'exec', NETNS, ...NODE], program);
}

function outputOf([command = '', ...args]: readonly string[], program: string): unknown[] {
  const { status, stdout, stderr } = spawnSync(command, [...args, PRELUDE + program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function dumpLinks(socket: NetlinkSocket): string[] {
  const w = new AttrWriter(64);
  const message = w.beginMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, socket.nextSeq());
  w.put32(0).put32(0).put32(0).put32(0).endMessage(message);
  const names: string[] = [];
  const outcome = socket.dump(w.finish(), ({ type, payload }) => {
    assert.equal(type, 16);
    const attrs = decodeAttrs(payload, 16);
    assert.ok(attrs.ok);
    names.push(attrs.value.string(3) ?? '');
  });
  assert.deepEqual(outcome, { errno: 0, interrupted: false });
  return names;
}

describe('sys/netlink: as anybody', () => {
  let route: NetlinkSocket;
  let generic: NetlinkSocket;
  beforeEach(() => {
    route = new NetlinkSocket(NETLINK_ROUTE);
    generic = new NetlinkSocket(NETLINK_GENERIC);
  });
  afterEach(() => {
    route.close();
    generic.close();
  });

  it('dumps links', () => {
    assert.equal(dumpLinks(route)[0], 'lo');
  });

  it('resolves a generic netlink family; null for one that is not there', () => {
    assert.equal(resolveFamily(generic, 'nlctrl'), 16);
    assert.equal(resolveFamily(generic, 'NO_SUCH_FAMILY'), null);
  });

  it('what `each` throws leaves the socket usable', () => {
    const w = new AttrWriter(64);
    const message = w.beginMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, route.nextSeq());
    w.put32(0).put32(0).put32(0).put32(0).endMessage(message);
    const boom = (): void => {
      throw new Error('boom');
    };
    assert.throws(() => route.dump(w.finish(), boom), /boom/);
    assert.equal(dumpLinks(route)[0], 'lo');
  });

  it('answers that nobody waited for are skipped', () => {
    const w = new AttrWriter(64);
    for (const name of ['nlctrl', 'NO_SUCH_FAMILY']) {
      const message = w.beginMessage(16, NLM_F_REQUEST | NLM_F_ACK, generic.nextSeq());
      w.put8(3).put8(1).put16(0).string(2, name).endMessage(message);
    }
    // Two messages where `request` expects one: the answer to the second, ENOENT, stays in the socket.
    const answer = generic.request(w.finish());
    assert.equal(answer === 'no-reply' ? answer : answer.errno, 0);
    assert.equal(resolveFamily(generic, 'nlctrl'), 16);
  });

  it('a batch whose last verdict does not come is not complete', () => {
    const w = new AttrWriter(64);
    const message = w.beginMessage(16, NLM_F_REQUEST | NLM_F_ACK, generic.nextSeq());
    w.put8(3).put8(1).put16(0).string(2, 'nlctrl').endMessage(message);
    assert.deepEqual(generic.batch(w.finish(), 999), { refused: new Map(), complete: false, errno: 0 });
  });

  it('a request without NLM_F_ACK that succeeds has no verdict: no-reply, at once', () => {
    const w = new AttrWriter(64);
    const message = w.beginMessage(16, NLM_F_REQUEST, generic.nextSeq());
    w.put8(3).put8(1).put16(0).string(2, 'nlctrl').endMessage(message);
    assert.equal(generic.request(w.finish()), 'no-reply');
  });

  it('a message over the send buffer is refused by the system call, not cut', () => {
    const huge = new Uint8Array(40 * 1024 * 1024);
    const outcome = route.batch(huge, 1);
    assert.equal(outcome.errno, 90);
    assert.equal(outcome.complete, false);
    const answer = route.request(huge);
    assert.equal(answer === 'no-reply' ? answer : answer.errno, 90);
  });

  it('sequence numbers count up; the port id is that of the socket', () => {
    assert.equal(route.nextSeq() + 1, route.nextSeq());
    assert.ok(route.portId > 0);
    const other = new NetlinkSocket(NETLINK_ROUTE);
    assert.notEqual(route.portId, other.portId);
    other.close();
  });

  it('answers 10 000 requests in a row, synchronously', function () {
    this.timeout(20_000);
    for (let n = 0; n < 10_000; n++) if (resolveFamily(generic, 'nlctrl') !== 16) assert.fail(`request ${n}`);
  });

  it('refusals without privilege are values', () => {
    const drop = needsRoot === '' ? ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'] : ['env'];
    assert.deepEqual(outputOf([...drop, ...NODE], 'print(change(NEWADDR, ADD, vip(1), 32))'), [
      { errno: 1, replies: [], text: null },
    ]);
  });
});

describe(`sys/netlink: in a network namespace${needsRoot}`, function () {
  this.timeout(20_000);
  before(function () {
    if (needsRoot !== '') return this.skip();
    execFileSync('ip', ['netns', 'add', NETNS]);
    execFileSync('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up']);
  });
  after(() => {
    if (needsRoot === '') execFileSync('ip', ['netns', 'del', NETNS]);
  });

  it('adds and deletes an address; refusals carry errno and the text of the kernel', () => {
    const results = inside(`
      print(change(NEWADDR, ADD, vip(1)));
      print(count());
      print(change(NEWADDR, ADD, vip(1)));
      print(change(DELADDR, DEL, vip(1)));
      print(change(DELADDR, DEL, vip(1)));
      print(change(NEWADDR, ADD, vip(1), 33));
      print(count());`);
    const done = { errno: 0, text: null, replies: [] };
    assert.deepEqual(results.slice(0, 2), [done, 2]);
    const [again, deleted, gone, prefix, left] = results.slice(2) as { errno: number; text: string }[];
    assert.equal(again?.errno, 17);
    assert.deepEqual(deleted, done);
    assert.equal(gone?.errno, 99);
    assert.match(gone?.text ?? '', /^ipv4: Address not found/);
    assert.equal(prefix?.errno, 22);
    assert.match(prefix?.text ?? '', /^ipv4: Invalid prefix length/);
    assert.equal(left, 1);
  });

  it('10 000 additions and deletions one at a time: every answer is there when sendmsg returns', () => {
    const [bad, seconds] = inside(`
      let bad = 0;
      const begin = process.hrtime.bigint();
      for (let n = 0; n < 5000; n++) {
        for (const answer of [change(NEWADDR, ADD, vip(n % 256)), change(DELADDR, DEL, vip(n % 256))]) {
          if (answer === 'no-reply' || answer.errno !== 0) bad++;
        }
      }
      print(bad); print(Number(process.hrtime.bigint() - begin) / 1e9);`) as [number, number];
    assert.equal(bad, 0);
    assert.ok(seconds > 0);
  });

  it('a batch: ACK on the last only, refusals by sequence number, and a dump in many parts', () => {
    const results = inside(`
      const batch = (type, flags, numbers) => {
        w.reset();
        let seq = 0;
        numbers.forEach((n, i) => {
          seq = socket.nextSeq();
          address(type, i === numbers.length - 1 ? flags : flags & ~4, seq, vip(n));
        });
        const { refused, complete, errno } = socket.batch(w.finish(), seq);
        return { refused: [...refused].map(([s, e]) => [s - seq, e]), complete, errno };
      };
      const all = Array.from({ length: 1000 }, (_, n) => n);
      print(batch(NEWADDR, ADD, all));
      print(count());
      print(batch(NEWADDR, ADD, [2000, 5, 2001, 6, 2002]));
      print(batch(NEWADDR, ADD, [2003, 7]));
      print(batch(DELADDR, DEL, [...all, 2000, 2001, 2002, 2003]));
      print(count());`);
    const done = { refused: [], complete: true, errno: 0 };
    assert.deepEqual(results, [
      done,
      1001,
      {
        refused: [
          [-3, 17],
          [-1, 17],
        ],
        complete: true,
        errno: 0,
      },
      { refused: [[0, 17]], complete: true, errno: 0 },
      done,
      1,
    ]);
  });

  it('events tell what changed and whose socket did it', () => {
    const results = inside(`
      const seen = [];
      const events = new NetlinkEvents(0, [5], { message: (m, portId) => seen.push([m.type, portId === socket.portId]), overrun: () => seen.push('overrun') });
      change(NEWADDR, ADD, vip(1));
      change(DELADDR, DEL, vip(1));
      setTimeout(() => { events.close(); print(seen); }, 50);`);
    assert.deepEqual(results, [
      [
        [20, true],
        [21, true],
      ],
    ]);
  });

  it('an overrun of the event socket is told once, and later events arrive', () => {
    const results = inside(`
      let overruns = 0, before = 0, after = 0, storm = true;
      const events = new NetlinkEvents(0, [5], { message: () => { if (storm) before++; else after++; }, overrun: () => overruns++ });
      const flags = ADD & ~4;
      // Far more notifications than 16 MiB of buffer hold, while the event loop stands still.
      for (let round = 0; round < 30; round++) {
        for (const [type, f] of [[NEWADDR, flags], [DELADDR, 1]]) {
          w.reset();
          for (let n = 0; n < 1000; n++) address(type, f, socket.nextSeq(), vip(n));
          socket.batch(w.finish(), 0);
        }
      }
      const settle = () => new Promise((resolve) => setTimeout(resolve, 200));
      await settle();
      storm = false;
      change(NEWADDR, ADD, vip(1));
      await settle();
      events.close();
      print([overruns, before > 0 && before < 60000, after]);`);
    assert.deepEqual(results, [[1, true, 1]]);
  });

  it('NetlinkEvents keeps the process alive until closed', async () => {
    const program = `${PRELUDE} new NetlinkEvents(0, [1], { message() {}, overrun() {} }); print('open');`;
    const child = spawn('ip', ['netns', 'exec', NETNS, process.execPath, '--input-type=module', '-e', program]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(child.exitCode, null);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  });
});
