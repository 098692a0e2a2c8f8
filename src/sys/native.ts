/**
 * Finds and loads the native addon (native/, built by `make build`). Importing this module loads nothing, so commands
 * that need no socket of ours work without the addon.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

/** Must equal INTERFACE_VERSION of native/. */
const INTERFACE_VERSION = 3;

/** What `Socket` and `Timer` have in common; results are numbers, -errno on failure. */
interface NativeDescriptor {
  /** The callback gets 0 (readable, or the timer fired) or a positive errno. */
  start(callback: (errno: number) => void): number;
  stop(): void;
  ref(): void;
  unref(): void;
  close(): void;
}

export interface NativeSocket extends NativeDescriptor {
  bind(sockaddr: Uint8Array): number;
  connect(sockaddr: Uint8Array): number;
  listen(backlog: number): number;
  setsockopt(level: number, name: number, value: number | Uint8Array): number;
  getsockopt(level: number, name: number, out: Uint8Array): number;
  getsockname(out: Uint8Array): number;
  send(data: Uint8Array, sockaddr: Uint8Array | null, control: Uint8Array | null): number;
  /** `flags` are MSG_*; see SLAB in src/sys/socket.ts for where things are put. */
  recv(slab: Uint8Array, flags: number): number;
  /** The descriptor, the caller's to close from now on; -EBUSY once it was started. */
  detach(): number;
}

export interface NativeTimer extends NativeDescriptor {
  /** Milliseconds of CLOCK_MONOTONIC; a negative time disarms. */
  arm(atMs: number): number;
}

export interface NativeAddon {
  readonly interfaceVersion: number;
  /** Throws an Error with a numeric `errno`. */
  readonly Socket: new (
    family: number,
    type: number,
    protocol: number,
  ) => NativeSocket;
  readonly Timer: new () => NativeTimer;
  ifindex(name: string): number;
  setscheduler(policy: number, priority: number): number;
  getscheduler(): number;
  mlock(address: number, length: number): number;
  /** Nanoseconds that CLOCK_REALTIME is above CLOCK_MONOTONIC. */
  clockoffset(): bigint;
}

/** The addon is missing or will not load; the message says where it was looked for, why, and what to do. */
export class NativeUnavailableError extends Error {
  override readonly name = 'NativeUnavailableError';
}

let loaded: NativeAddon | null = null;

/** The addon, loaded at the first call. Throws NativeUnavailableError. */
export function native(): NativeAddon {
  loaded ??= load(addonPath());
  return loaded;
}

/** $LVSD_NATIVE, or dist/native/lvsd.node in the package that this file belongs to. */
function addonPath(): string {
  const wanted = process.env['LVSD_NATIVE'];
  if (wanted !== undefined && wanted !== '') return wanted;
  return join(packageRoot(), 'dist', 'native', 'lvsd.node');
}

function load(path: string): NativeAddon {
  if (!existsSync(path)) throw unavailable(path, 'there is no such file');
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (error) {
    throw unavailable(path, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  if (addon.interfaceVersion !== INTERFACE_VERSION) {
    throw unavailable(
      path,
      `it was built from other sources, interface ${addon.interfaceVersion}, not ${INTERFACE_VERSION}`,
    );
  }
  return addon;
}

function unavailable(path: string, reason: string): NativeUnavailableError {
  return new NativeUnavailableError(
    `Cannot load the native addon ${path} (${reason}): run \`make build\` where lvsd is installed`,
  );
}
