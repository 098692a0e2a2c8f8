/** What a configuration would change in the kernel when no keeper has it at hand: reads it once, changes nothing. */
import { existsSync } from 'node:fs';
import type { KernelChange } from '../director/changes.ts';
import { type KernelState, plannedChanges } from '../director/planned.ts';
import type { Wanted } from '../director/wanted.ts';
import { Ipvs } from './ipvs.ts';
import { KERNEL_SETTINGS } from './ipvs-settings.ts';
import type { OwnedMemory } from './owned-services.ts';
import type { Reading } from './table-acts.ts';

/** There when ip_vs is loaded. Opening IPVS would load it, and a rehearsal changes nothing. */
const LOADED = '/proc/net/ip_vs';
/** The kernel's defaults (ip_vs_proto_tcp.c, ip_vs_proto_udp.c). */
const DEFAULT_TIMEOUTS = { tcpS: 900, tcpFinS: 120, udpS: 300 };

/** `wanted` is asked with what was read. Rejects when the kernel refuses. */
export async function planWithoutKeeper(
  { found }: Pick<OwnedMemory, 'found'>,
  wanted: (reading: Reading) => Wanted,
): Promise<readonly KernelChange[]> {
  const state = await readKernel();
  const { keys, syncDaemons: syncOurs, originals } = found;
  const known = { owned: new Set(keys), syncOurs, drains: new Map(), originals, nowMs: 0 };
  return plannedChanges(state, wanted(state), known);
}

async function readKernel(): Promise<KernelState> {
  if (!existsSync(LOADED)) return { table: [], daemons: [], timeouts: DEFAULT_TIMEOUTS, setting: () => null };
  const ipvs = Ipvs.open();
  try {
    const [daemons, timeouts] = [ipvs.daemons(), ipvs.timeouts()];
    return { table: await ipvs.dump(), daemons, timeouts, setting: (name) => KERNEL_SETTINGS.read(name) };
  } finally {
    ipvs.close();
  }
}
