/** Events over the control socket: the ring, those who wait, those who go, and `lvsd events`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type EventsOptions, runEvents } from '../../src/cli/events.ts';
import type { EventsAnswer, News } from '../../src/status/events.ts';
import { isEventsAnswer } from '../../src/status/render-events.ts';
import { type Control, openControl } from '../../src/sys/control.ts';
import { request } from '../../src/sys/control-client.ts';
import { EventFeed } from '../../src/sys/event-feed.ts';
import { snapshot } from '../support/snapshot.ts';

const news: News = { kind: 'router', object: 'web', from: 'BACKUP', to: 'MASTER', reason: 'active-down' };
const seqs = ({ events }: EventsAnswer): number[] => events.map(({ seq }) => seq);

describe('events over the control socket', () => {
  let folder = '';
  let socket = '';
  let feed = new EventFeed();
  let control: Control;

  const serve = async (): Promise<void> => {
    control = await openControl(socket, {
      snapshot: async () => snapshot,
      reload: async () => ({ ok: true, problems: [] }),
      plan: async () => ({ ok: true, changes: [] }),
      events: (query, gone) => feed.after(query, gone),
      report: () => ({ ok: true, value: undefined }),
    });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-events-'));
    socket = join(folder, 'lvsd.sock');
    feed = new EventFeed();
    await serve();
  });
  afterEach(async () => {
    feed.close();
    await control.close();
    rmSync(folder, { recursive: true });
  });

  async function get(query = ''): Promise<EventsAnswer> {
    const answer = await request(socket, 'GET', `/v1/events${query}`, 5000);
    assert.ok(answer.ok);
    assert.equal(answer.value.status, 200);
    const { body } = answer.value;
    assert.ok(isEventsAnswer(body));
    return body;
  }

  it('answers at once with what there is, and with nothing', async () => {
    assert.deepEqual([seqs(await get()), (await get()).last], [[], 0]);
    for (let i = 0; i < 3; i++) feed.add(news);
    const all = await get();
    assert.deepEqual([seqs(all), all.last, all.lost], [[1, 2, 3], 3, 0]);
    assert.deepEqual(seqs(await get('?since=2&wait=5')), [3]);
    const [event] = all.events;
    assert.ok(event !== undefined && Math.abs(event.atMs - Date.now()) < 10_000);
    assert.deepEqual({ ...event, atMs: 0 }, { seq: 1, atMs: 0, ...news });
  });

  it('tells a gap', async () => {
    for (let i = 0; i < 1005; i++) feed.add(news);
    const { events, lost, last } = await get('?since=2');
    assert.deepEqual([events.length, lost, last, events[0]?.seq], [1000, 3, 1005, 6]);
  });

  it('waits for the next, and tells together what happens together', async () => {
    feed.add(news);
    const waiting = get('?since=1&wait=5');
    await new Promise((resolve) => setTimeout(resolve, 100));
    feed.add(news);
    feed.add(news);
    assert.deepEqual(seqs(await waiting), [2, 3]);
  });

  it('waits as long as it was asked to', async () => {
    const startedAt = performance.now();
    assert.deepEqual(seqs(await get('?wait=1')), []);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 990 && tookMs < 3000, `${tookMs} ms`);
  }).timeout(5000);

  it('a number of another run means from the beginning', async () => {
    feed.add(news);
    const { instance } = await get();
    assert.deepEqual(seqs(await get(`?since=1&instance=${instance}`)), []);
    assert.deepEqual(seqs(await get('?since=1&instance=another')), [1]);
  });

  it('refuses what is no number', async () => {
    for (const query of ['since=x', 'since=-1', 'wait=1.5', 'wait=31', 'since=', 'wait=5s']) {
      const answer = await request(socket, 'GET', `/v1/events?${query}`, 5000);
      assert.ok(answer.ok);
      assert.equal(answer.value.status, 400, query);
    }
  });

  it('few may wait; who goes away makes room', async () => {
    const sockets = Array.from({ length: 16 }, () => {
      const client = connect(socket, () => client.write('GET /v1/events?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n'));
      return client.on('error', () => {});
    });
    const refused = async (): Promise<number> => {
      const answer = await request(socket, 'GET', '/v1/events?wait=1', 5000);
      return answer.ok ? answer.value.status : 0;
    };
    const end = performance.now() + 3000;
    while ((await refused()) !== 503) assert.ok(performance.now() < end, 'never refused');
    for (const client of sockets) client.destroy();
    while ((await refused()) !== 200) assert.ok(performance.now() < end + 3000, 'never free again');
  }).timeout(10_000);

  it('the end of the daemon lets those who wait go, with the last events', async () => {
    const waiting = get('?wait=20');
    await new Promise((resolve) => setTimeout(resolve, 100));
    feed.add({ ...news, to: 'LEAVING' });
    feed.close();
    await control.close();
    assert.deepEqual(seqs(await waiting), [1]);
  });

  describe('lvsd events', () => {
    async function run(given: Partial<EventsOptions> = {}): Promise<{ code: number; out: string; err: string }> {
      const [out, err] = [{ text: '' }, { text: '' }];
      const sink = (into: { text: string }) => ({ write: (text: string) => (into.text += text) });
      const options = { socket, since: 0, follow: false, json: false, ...given };
      const code = await runEvents(options, sink(out), sink(err));
      return { code, out: out.text, err: err.text };
    }

    it('prints lines with their time', async () => {
      feed.add(news);
      const { code, out, err } = await run();
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^20\d\d-\d\d-\d\dT[\d:.]+Z #1 router web: BACKUP -> MASTER \(active-down\)\n$/);
    });

    it('prints JSON, one event a line, and gaps', async () => {
      for (let i = 0; i < 1001; i++) feed.add(news);
      const { out } = await run({ json: true });
      const lines = out
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
      const { instance } = await get();
      assert.deepEqual(lines[0], { instance, lost: 1 });
      assert.deepEqual({ ...Object(lines[1]), atMs: 0 }, { instance, seq: 2, atMs: 0, ...news });
      assert.equal(lines.length, 1001);
    });

    it('follows until the daemon ends', async () => {
      feed.add(news);
      const following = run({ follow: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
      feed.add({ ...news, to: 'LEAVING' });
      feed.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await control.close();
      const { code, out, err } = await following;
      assert.equal(code, 3);
      assert.match(out, /#1 router.*\n.*#2 router web: BACKUP -> LEAVING/);
      assert.match(err, /no lvsd answers|ended the connection/);
    });

    it('says that nobody answers', async () => {
      const { code, err } = await run({ socket: join(folder, 'nobody') });
      assert.equal(code, 3);
      assert.match(err, /^lvsd events: no lvsd answers at /);
    });
  });
});
