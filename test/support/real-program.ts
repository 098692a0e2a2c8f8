/**
 * Real servers, started by a test on loopback with a configuration and a folder of its own, and ended by pid. Nothing of
 * the machine's own configuration is used, and no port that is known beforehand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { sleep } from './wait.ts';

export interface RealProgram {
  readonly pid: number;
  /** What it said so far, for a test that fails. */
  output(): string;
  /** Whether it still runs. */
  running(): boolean;
  /** Stops it (SIGSTOP) and waits until no thread of it runs any more: the machine is there, the program hangs. */
  pause(): Promise<void>;
  /** Ends it and waits for its end; again does nothing. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StartOptions {
  /** Called until it is true, for `limitMs` (default 20 s) at most; a program that ends before that is an error. */
  readonly ready: (program: RealProgram) => boolean | Promise<boolean>;
  readonly limitMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Run as this user of /etc/passwd: servers that refuse to run as root. */
  readonly user?: string;
}

const started = new Set<RealProgram>();
const folders = new Set<string>();
/** More of what a server says helps nobody. */
const OUTPUT_LIMIT = 64 * 1024;

/** Starts a program in the foreground and waits until it is ready. Throws, with what it said, if it is not in time. */
export async function startProgram(
  command: string,
  args: readonly string[],
  { ready, limitMs = 20_000, cwd, env, user }: StartOptions,
): Promise<RealProgram> {
  const account = user === undefined ? null : accountOf(user);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    // A group of its own: what it forked ends with it.
    detached: true,
  });
  const program = watched(child);
  started.add(program);
  const end = performance.now() + limitMs;
  for (;;) {
    if (!program.running()) throw new Error(`${command} has ended: ${program.output()}`);
    if (await ready(program)) return program;
    if (performance.now() > end) {
      await program.stop('SIGKILL');
      throw new Error(`${command} is not ready within ${limitMs} ms: ${program.output()}`);
    }
    await sleep(20);
  }
}

function watched(child: ChildProcess): RealProgram {
  let output = '';
  const note = (text: unknown) => {
    if (output.length < OUTPUT_LIMIT) output += String(text);
  };
  let running = child.pid !== undefined;
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  child.on('error', (error) => {
    running = false;
    note(error.message);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  }).then(() => {
    running = false;
  });
  const pid = child.pid ?? 0;
  const program: RealProgram = {
    pid,
    output: () => output,
    running: () => running,
    pause: async () => {
      process.kill(pid, 'SIGSTOP');
      for (let tries = 0; tries < 200 && !isStopped(pid); tries++) await sleep(10);
    },
    stop: async (signal = 'SIGTERM') => {
      started.delete(program);
      if (pid === 0) return;
      signalGroup(pid, signal);
      if (running) await Promise.race([ended, sleep(5000)]);
      // What does not end when asked to, and what it left behind in its group.
      signalGroup(pid, 'SIGKILL');
      await ended;
    },
  };
  return program;
}

/** In /proc/PID/task/TID/stat the state stands behind the name in parentheses. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((tid) =>
    /^.*\) [Tt] /.test(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')),
  );
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}

/** Ends every program of this file and deletes its folders: for `after` or `afterEach`. */
export async function stopPrograms(): Promise<void> {
  await Promise.all([...started].map((program) => program.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** A new folder, deleted by `stopPrograms`; owned by `user` if one is given. */
export function programFolder(user?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lvsd-program-'));
  folders.add(folder);
  if (user !== undefined) {
    const { uid, gid } = accountOf(user);
    chownSync(folder, uid, gid);
  }
  return folder;
}

/** Writes a file into it and returns its path. */
export function fileIn(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port: no address');
  return address.port;
}

/** A UDP port of 127.0.0.1 that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** For `ready`: whether something listens there. */
export function listening(port: number, host = '127.0.0.1'): () => Promise<boolean> {
  return () =>
    new Promise((resolve) => {
      const socket = connect(port, host);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
}

/** For `ready`: whether it has said this. */
export function saying(words: string | RegExp): (program: RealProgram) => boolean {
  return (program) => (typeof words === 'string' ? program.output().includes(words) : words.test(program.output()));
}

/** Where a program is, by PATH and the folders of servers; null: not installed. */
function programPath(name: string): string | null {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  for (const place of places) {
    const path = join(place, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

/**
 * Where it is; a test without it is skipped, or fails if `LVSD_REQUIRE_SERVERS=1` says that skipping is failing.
 * Call it in `before` or in the test, with mocha's `this`.
 */
export function requireProgram(context: Mocha.Context, name: string, debianPackage: string): string {
  const path = name.startsWith('/') ? (existsSync(name) ? name : null) : programPath(name);
  if (path !== null) return path;
  if (process.env['LVSD_REQUIRE_SERVERS'] === '1') {
    throw new Error(`Cannot test against ${name}: not installed; apt-get install ${debianPackage}`);
  }
  return context.skip();
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

function accountOf(user: string): Account {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`Cannot run as ${user}: no such user`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** Whether this test runs as root. */
export function isRoot(): boolean {
  return userInfo().uid === 0;
}
