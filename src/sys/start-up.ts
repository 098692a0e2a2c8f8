/** What a daemon takes before it does anything: its configuration, its place on this machine, the kernel's IPVS. */
import type { Config } from '../config/types.ts';
import { needsIpvs } from '../director/wanted.ts';
import type { DumpedService } from '../ipvs/types.ts';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';
import { type ConfigFailure, readConfigFile } from './config-file.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { Ipvs } from './ipvs.ts';
import type { Log } from './log.ts';
import { isNothing, type OwnedMemory, openOwnedMemory } from './owned-services.ts';
import { releaseLeftovers } from './release-addresses.ts';

/** What was taken. */
export interface Holdings {
  readonly config: Config;
  readonly lock: HeldLock;
  /** Null: not needed. */
  readonly ipvs: Ipvs | null;
  /** The kernel's table as it was found. */
  readonly table: readonly DumpedService[];
  readonly memory: OwnedMemory;
}

type HeldLock = Extract<ReturnType<typeof acquireInstanceLock>, { release(): void }>;

/** Takes all of it or nothing. */
export async function takeHoldings(
  { configFile, socketPath }: { readonly configFile: string; readonly socketPath: string },
  log: Pick<Log, 'warn'>,
): Promise<Result<Holdings, ConfigFailure>> {
  const config = readConfigFile(configFile);
  if (!config.ok) return config;
  let lock: ReturnType<typeof acquireInstanceLock>;
  try {
    lock = acquireInstanceLock();
  } catch (error) {
    return err({ exitCode: 1, problems: [messageOf(error)] });
  }
  if ('heldByPid' in lock) {
    const problem = `another lvsd (pid ${lock.heldByPid}) runs in this network namespace: stop it first`;
    return err({ exitCode: 1, problems: [problem] });
  }
  let ipvs: Ipvs | null = null;
  try {
    const memory = openOwnedMemory(socketPath);
    ipvs = openIpvs(config.value, memory, log);
    const table = ipvs === null ? [] : await ipvs.dump();
    if (config.value.virtualRouters.length === 0) releaseLeftovers(socketPath, (text) => log.warn(text));
    return ok({ config: config.value, lock, ipvs, table, memory });
  } catch (error) {
    ipvs?.close();
    lock.release();
    return err({ exitCode: 1, problems: [messageOf(error)] });
  }
}

/** Gives back what was taken, when the start failed after all. */
export function releaseHoldings({ ipvs, lock }: Holdings): void {
  ipvs?.close();
  lock.release();
}

/** Also opened for what an earlier run left. Throws when IPVS is needed and not there. */
function openIpvs(config: Config, memory: OwnedMemory, log: Pick<Log, 'warn'>): Ipvs | null {
  if (needsIpvs(config)) return Ipvs.open();
  if (isNothing(memory.found)) return null;
  try {
    return Ipvs.open();
  } catch (error) {
    log.warn(`Cannot take down what an earlier run left: ${messageOf(error)}`);
    return null;
  }
}
