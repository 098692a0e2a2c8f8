/**
 * What listing the connection table costs, ipvsadm and lvsd one after the other: seconds, rows a second and peak memory.
 * First the kernel's own table, filled by sync messages; then a file of that format in memory, in the place of the kernel's:
 * the kernel counts its way to every page anew, so that its part grows with the square of the number of connections and
 * hides what the programs do.
 *
 *   scripts/lab.sh --ipvs --timeout 1200 -- node dist/bench/connections.js [kernel=100000] [file=1000000]
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONNECTIONS_FILE, listConnections } from '../src/sys/connections.ts';
import { Ipvs } from '../src/sys/ipvs.ts';
import { run } from '../test/lab/support/exec.ts';
import { daemonOf, newDest, newService, real, tcp } from '../test/unit/ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const SERVER = real('10.0.0.1', 80);
const DEVICE = { name: 'sync0', address: '198.51.100.1' } as const;
const GROUP = { address: '224.0.0.81', port: 8848 } as const;
const SYNC_ID = 7;
/** One message of the sync protocol, version 1: a header of 8 bytes and entries of 36. */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 36;
const ENTRIES = 40;
/** Messages sent before the kernel must have taken them: the socket's buffer holds no more. */
const MESSAGES_AT_ONCE = 50;
const BOUND_MS = 900_000;
const TITLE = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n';

/** The client of a connection: addresses of 10/8, a port each. */
function clientOf(index: number): { readonly address: number; readonly port: number } {
  return { address: 0x0b000000 + (index >> 4), port: 1024 + (index & 15) };
}

/** Connections from `from` on, ESTABLISHED for an hour. */
function syncMessage(from: number): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + ENTRIES * ENTRY_BYTES);
  message.writeUInt8(SYNC_ID, 1);
  message.writeUInt16BE(message.length, 2);
  message.writeUInt8(ENTRIES, 4);
  message.writeUInt8(1, 5);
  for (let entry = 0; entry < ENTRIES; entry++) {
    const at = HEADER_BYTES + entry * ENTRY_BYTES;
    const { address, port } = clientOf(from + entry);
    message.writeUInt8(6, at + 1);
    message.writeUInt16BE(ENTRY_BYTES, at + 2);
    message.writeUInt32BE(0x80, at + 4); // NOOUTPUT, masquerading
    message.writeUInt16BE(1, at + 8); // ESTABLISHED
    message.writeUInt16BE(port, at + 10);
    message.writeUInt16BE(80, at + 12);
    message.writeUInt16BE(80, at + 14);
    message.writeUInt32BE(3600, at + 20);
    message.writeUInt32BE(address, at + 24);
    message.writeUInt32BE(0xc0000201, at + 28);
    message.writeUInt32BE(0x0a000001, at + 32);
  }
  return message;
}

/** Makes the kernel hold that many connections, as a backup director does. */
async function fill(ipvs: Ipvs, count: number): Promise<void> {
  await ipvs.apply([newService(WEB, {}), newDest(WEB, SERVER, { forwardMethod: 0 })]);
  await run('ip', ['link', 'add', DEVICE.name, 'type', 'veth', 'peer', 'name', `${DEVICE.name}p`]);
  await run('ip', ['addr', 'add', `${DEVICE.address}/24`, 'dev', DEVICE.name]);
  await run('ip', ['link', 'set', DEVICE.name, 'up']);
  const refusal = ipvs.setDaemon(daemonOf({ role: 'backup', interface: DEVICE.name, syncId: SYNC_ID }));
  if (refusal !== null) throw new Error(refusal.text);
  const socket = createSocket('udp4');
  socket.bind(0, DEVICE.address);
  await once(socket, 'listening');
  socket.setMulticastInterface(DEVICE.address);
  const held = (): number => ipvs.dumpDestinations(WEB)[0]?.counters.activeConnections ?? 0;
  for (let from = 0; from < count; ) {
    const until = Math.min(count, from + MESSAGES_AT_ONCE * ENTRIES);
    for (; from < until; from += ENTRIES) socket.send(syncMessage(from), GROUP.port, GROUP.address);
    for (let waits = 0; held() < until && waits < 100; waits++) await sleep(10);
  }
  socket.close();
  console.log(`the kernel holds ${held()} connections`);
}

function writeTable(file: string, count: number): void {
  const handle = openSync(file, 'w');
  let text = TITLE;
  for (let index = 0; index < count; index++) {
    const { address, port } = clientOf(index);
    text += `TCP ${hex(address, 8)} ${hex(port, 4)} C0000201 0050 0A000001 0050 ESTABLISHED    3599\n`;
    if (text.length < 1_000_000 && index < count - 1) continue;
    writeSync(handle, text);
    text = '';
  }
  closeSync(handle);
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/** Runs a lister with its output to a file; its time and its peak memory, looked at while it runs. */
async function measure(name: string, command: string, args: readonly string[]): Promise<void> {
  const output = path.join(tmpdir(), `rows-${name}`);
  const handle = openSync(output, 'w');
  const options: SpawnOptions = { stdio: ['ignore', handle, 'inherit'], timeout: BOUND_MS };
  const startedAt = performance.now();
  const child = spawn(command, args, options);
  let peakKb = 0;
  const look = setInterval(() => {
    peakKb = Math.max(peakKb, peakOf(child.pid));
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(look);
  closeSync(handle);
  const seconds = (performance.now() - startedAt) / 1000;
  const rows = await rowsIn(output);
  const speed = Math.round(rows / seconds);
  console.log(
    `${name.padEnd(8)} exit ${code}  ${String(rows).padStart(8)} rows  ${seconds.toFixed(2).padStart(7)} s  ` +
      `${String(speed).padStart(8)} rows/s  peak ${Math.round(peakKb / 1024)} MiB`,
  );
}

async function rowsIn(file: string): Promise<number> {
  const { stdout } = await run('wc', ['-l', file]);
  return Number.parseInt(stdout, 10) - 2;
}

/** VmHWM, in KiB; 0 when the process is gone. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What `lvsd ipvs -Lnc` does with another file; this program, run as the child. */
async function list(file: string): Promise<void> {
  const filter = { service: null, server: null, state: null };
  const request = { kind: 'connections', numeric: true, persistentConn: false, json: false, filter } as const;
  const listed = await listConnections(request, process.stdout, file);
  if (!listed.ok) throw new Error(listed.error.text);
}

async function main(kernelCount: number, fileCount: number): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  const ipvs = Ipvs.open();
  if (kernelCount > 0) {
    await fill(ipvs, kernelCount);
    console.log(`the kernel's table, ${kernelCount} connections`);
    await measure('ipvsadm', 'ipvsadm', ['-Lnc']);
    await measure('lvsd', process.execPath, [self, 'list', CONNECTIONS_FILE]);
  }
  const file = path.join(tmpdir(), 'ip_vs_conn');
  writeFileSync(file, '');
  writeTable(file, fileCount);
  console.log(`a file in memory, ${fileCount} connections`);
  // A /proc of its own, with this one file in it.
  const script = `mount -t tmpfs proc /proc && mkdir /proc/net && touch /proc/net/ip_vs_conn && mount --bind ${file} /proc/net/ip_vs_conn && exec ipvsadm -Lnc`;
  await measure('ipvsadm', 'unshare', ['--mount', 'sh', '-c', script]);
  await measure('lvsd', process.execPath, [self, 'list', file]);
  ipvs.close();
}

const [first = '100000', second = '1000000'] = process.argv.slice(2);
if (first === 'list') await list(second);
else await main(Number(first), Number(second));
