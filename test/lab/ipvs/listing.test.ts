/**
 * Our listings beside those of ipvsadm, byte for byte: random tables in all columns, with and without names, timeouts and
 * daemons, and random connections. Another seed: LVSD_SEED; more tables: LVSD_TABLES.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { serviceKey } from '../../../src/ipvs/key.ts';
import type { ServiceId } from '../../../src/ipvs/types.ts';
import { addressesIn, renderTable } from '../../../src/ipvsadm/list.ts';
import { renderDaemons, renderTimeouts } from '../../../src/ipvsadm/render-other.ts';
import type { Columns, ListTable } from '../../../src/ipvsadm/types.ts';
import { listConnections } from '../../../src/sys/connections.ts';
import type { Ipvs } from '../../../src/sys/ipvs.ts';
import { KnownNames } from '../../../src/sys/names.ts';
import { Random } from '../../sim/random.ts';
import { daemonOf, newDest, newService, real, udp } from '../../unit/ipvs/builders.ts';
import { run, waitFor } from '../support/exec.ts';
import { HOSTS, randomConnections, randomTable } from './random-table.ts';
import { useIpvs } from './referee.ts';

const SEED = Number(process.env['LVSD_SEED'] ?? 20260);
const TABLES = Number(process.env['LVSD_TABLES'] ?? 10);
/** Listings compared for each table, of the 54 that there are. */
const LISTINGS = 12;

const COLUMNS: readonly (readonly [Columns, string])[] = [
  ['default', ''],
  ['stats', '--stats'],
  ['rate', '--rate'],
  ['thresholds', '--thresholds'],
  ['persistent-conn', '--persistent-conn'],
  ['tun-info', '--tun-info'],
];

function requestOf(random: Random, services: readonly ServiceId[]): ListTable {
  const [columns] = random.pick(COLUMNS);
  const some = { numeric: random.chance(0.5), exact: random.chance(0.5), sorted: random.chance(0.8), json: false };
  const service = services.length > 0 && random.chance(0.2) ? random.pick(services) : null;
  return { kind: 'list', service, columns, ...some };
}

/** The command line of ipvsadm that asks for the same. */
function argumentsOf({ service, columns, numeric, exact, sorted }: ListTable): readonly string[] {
  const column = COLUMNS.find(([name]) => name === columns)?.[1] ?? '';
  const flags = [column, numeric ? '-n' : '', exact ? '--exact' : '', sorted ? '' : '--nosort'];
  return ['-L', ...(service === null ? [] : serviceArguments(service)), ...flags.filter((flag) => flag !== '')];
}

function serviceArguments(id: ServiceId): readonly string[] {
  if (id.kind === 'fwmark') return id.family === 6 ? ['-f', String(id.fwmark), '-6'] : ['-f', String(id.fwmark)];
  const option = id.protocol === 6 ? '-t' : id.protocol === 17 ? '-u' : '--sctp-service';
  return [option, id.family === 6 ? `[${id.address}]:${id.port}` : `${id.address}:${id.port}`];
}

async function ours(ipvs: Ipvs, request: ListTable): Promise<string> {
  const wanted = request.service === null ? null : serviceKey(request.service);
  const table = await ipvs.dump((id) => wanted === null || serviceKey(id) === wanted);
  const names = new KnownNames();
  if (!request.numeric) await names.lookUp(addressesIn(table));
  return renderTable(request, ipvs.info(), table, names);
}

async function theirs(args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('ipvsadm', args, { timeoutMs: 60_000 });
  return stdout + stderr;
}

/** Fails with the first line that differs, blanks and all. */
function assertSame(mine: string, theirs: string, what: string): void {
  if (mine === theirs) return;
  const their = theirs.split('\n');
  const lines = mine.split('\n');
  const at = lines.findIndex((line, index) => line !== their[index]);
  const shown = `ours:\n${JSON.stringify(lines[at])}\nipvsadm:\n${JSON.stringify(their[at])}`;
  assert.fail(`${what}: line ${at + 1} of ${lines.length} and ${their.length}: ${shown}`);
}

describe('listings are those of ipvsadm', function () {
  this.timeout(300_000);
  const { ipvs, applied } = useIpvs();
  const dir = mkdtempSync(path.join(tmpdir(), 'listing-'));

  before(async () => {
    // In the private mounts of the lab: names for some addresses, and a name server that no route leads to. (Not one on
    // 127.0.0.1: a service there would count the questions.)
    writeFileSync(path.join(dir, 'hosts'), HOSTS);
    writeFileSync(path.join(dir, 'resolv.conf'), 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n');
    for (const name of ['hosts', 'resolv.conf']) await run('mount', ['--bind', path.join(dir, name), `/etc/${name}`]);
  });
  after(async () => {
    for (const name of ['hosts', 'resolv.conf']) await run('umount', [`/etc/${name}`], { check: false });
    rmSync(dir, { recursive: true, force: true });
  });

  it(`of ${TABLES} random tables (seed ${SEED})`, async () => {
    for (let round = 0; round < TABLES; round++) {
      const random = new Random(SEED + round);
      await run('ipvsadm', ['-C']);
      // What this kernel refuses is not in the table, for neither of us.
      await ipvs().apply(randomTable(random));
      const services = ipvs()
        .dumpServices()
        .map(({ id }) => id)
        .filter((id) => id.kind === 'fwmark' || [6, 17, 132].includes(id.protocol));
      for (let listing = 0; listing < LISTINGS; listing++) {
        const request = requestOf(random, services);
        const args = argumentsOf(request);
        assertSame(await ours(ipvs(), request), await theirs(args), `seed ${SEED + round}: ipvsadm ${args.join(' ')}`);
      }
    }
  });

  it('of what traffic has counted', async () => {
    const service = udp('127.0.0.2', 9999);
    const persistent = { scheduler: 'rr', flags: 0x1, timeoutS: 300 };
    await applied(newService(service, persistent), newDest(service, real('127.0.0.1', 9999), {}));
    const socket = createSocket('udp4');
    for (let bytes = 0; bytes < 200; bytes++) {
      await new Promise((sent) => socket.send(Buffer.alloc(bytes), 9999, '127.0.0.2', sent));
    }
    socket.close();
    // The kernel sums its counters up every two seconds.
    const counted = (): boolean => ipvs().dumpServices()[0]?.statistics.inPackets === 200;
    await waitFor(counted, { timeoutMs: 20_000, what: 'all 200 packets to be counted' });
    for (const [columns] of COLUMNS) {
      const flags = { service: null, columns, numeric: true, exact: true, sorted: true, json: false } as const;
      const request: ListTable = { kind: 'list', ...flags };
      // The kernel averages its rates anew every two seconds, perhaps between the two listings: then once more.
      let [mine, their] = ['', ''];
      for (let tries = 0; tries < 5 && (mine === '' || mine !== their); tries++) {
        mine = await ours(ipvs(), request);
        their = await theirs(argumentsOf(request));
      }
      assertSame(mine, their, columns);
    }
  });

  it('of timeouts and daemons', async () => {
    assert.equal(renderTimeouts(ipvs().timeouts()), await theirs(['-L', '--timeout']));
    assert.equal(renderDaemons(ipvs().daemons()), '');
    await run('ip', ['link', 'add', 'd0', 'up', 'type', 'veth', 'peer', 'name', 'd1']);
    await run('ip', ['link', 'set', 'd1', 'up']);
    assert.equal(ipvs().setDaemon(daemonOf({ role: 'backup', group: 'ff02::81', interface: 'd0' })), null);
    assert.equal(ipvs().setDaemon(daemonOf({ role: 'master', syncId: 255, maxLength: 1400, ttl: 7 })), null);
    const mine = renderDaemons(ipvs().daemons());
    assert.equal(mine.split('\n').length, 3, mine);
    assert.equal(mine, await theirs(['-L', '--daemon']));
    for (const role of ['master', 'backup'] as const) assert.equal(ipvs().stopDaemon(role), null);
    await run('ip', ['link', 'del', 'd0']);
  });

  for (const [option, persistentConn] of [['-c'], ['-c', true]] as const) {
    for (const numeric of [true, false]) {
      it(`of random connections: ${option}${persistentConn ? ' --persistent-conn' : ''}${numeric ? ' -n' : ''}`, async () => {
        const file = path.join(dir, 'ip_vs_conn');
        writeFileSync(file, randomConnections(new Random(SEED), 2000), 'latin1');
        const out = new PassThrough();
        const filter = { service: null, server: null, state: null };
        const json = false;
        const request = {
          kind: 'connections',
          numeric,
          persistentConn: persistentConn ?? false,
          json,
          filter,
        } as const;
        const mine = text(out);
        assert.deepEqual(await listConnections(request, out, file), { ok: true, value: undefined });
        out.end();
        const args = ['-Lc', ...(numeric ? ['-n'] : []), ...(persistentConn ? ['--persistent-conn'] : [])];
        const script = `mount -t tmpfs proc /proc && mkdir /proc/net && cp ${file} /proc/net/ip_vs_conn && exec ipvsadm ${args.join(' ')}`;
        const { stdout } = await run('unshare', ['--mount', 'sh', '-c', script], { timeoutMs: 120_000 });
        assertSame(await mine, stdout, args.join(' '));
      });
    }
  }
});
