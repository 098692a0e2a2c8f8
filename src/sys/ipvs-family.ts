/** Whether this kernel has IPVS for us, and under which number of generic netlink. */
import { spawnSync } from 'node:child_process';
import { IPVS_GENL_NAME } from '../ipvs/constants.ts';
import { type NetlinkSocket, resolveFamily } from './netlink.ts';

/** Loading ip_vs takes some 50 ms; a modprobe that hangs must not hang us. */
const MODPROBE_TIMEOUT_MS = 5000;

/** This machine cannot do IPVS, or not for us. The message is for a person. */
export class IpvsUnavailableError extends Error {
  override readonly name = 'IpvsUnavailableError';
  /** ENOENT: no such family; EPERM: no CAP_NET_ADMIN. */
  readonly code: 'ENOENT' | 'EPERM';

  constructor(code: 'ENOENT' | 'EPERM', message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The number of the family. Looking it up makes the kernel load the module; where it has no helper for that, we try
 * ourselves, once. Throws IpvsUnavailableError, SystemError.
 */
export function familyIdOf(socket: NetlinkSocket): number {
  const familyId = resolveFamily(socket, IPVS_GENL_NAME);
  if (familyId !== null) return familyId;
  const said = modprobe('ip_vs');
  const retried = resolveFamily(socket, IPVS_GENL_NAME);
  if (retried !== null) return retried;
  throw new IpvsUnavailableError(
    'ENOENT',
    `Cannot use IPVS: this kernel has none (generic netlink family ${IPVS_GENL_NAME}); modprobe ip_vs said: ${said}`,
  );
}

/** What modprobe had to say, in one line. */
function modprobe(module: string): string {
  const run = spawnSync('modprobe', [module], { encoding: 'utf8', timeout: MODPROBE_TIMEOUT_MS });
  if (run.error !== undefined) return run.error.message;
  const said = run.stderr.trim().replaceAll(/\s*\n\s*/g, '; ');
  return said === '' ? `nothing (exit code ${run.status})` : said;
}
