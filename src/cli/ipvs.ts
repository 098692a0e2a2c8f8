/** `lvsd ipvs`: the command line of ipvsadm. */
import type { Writable } from 'node:stream';
import { parse } from '../ipvsadm/parse.ts';
import { explain, IpvsadmSession } from '../sys/ipvsadm.ts';
import { restore, restoreAtomically } from '../sys/ipvsadm-restore.ts';
import { OperandNames } from '../sys/operand-names.ts';
import { socketPath } from './socket-path.ts';

/** Where a run reads and writes. */
export interface IpvsStreams {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Runs one command line, without `lvsd ipvs`. Exit codes are ipvsadm's: 0 done, 1 the service to list is not there, 2 wrong
 * usage or no IPVS, 255 refused by the kernel or not understood; and ours: 5 a running lvsd owns it.
 */
export async function runIpvs(
  argv: readonly string[],
  { stdin, stdout, stderr }: IpvsStreams,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const names = new OperandNames();
  const parsed = await names.resolving(() => parse(argv, names));
  const socket = socketPath((parsed.ok && parsed.value.socket) || undefined, env);
  const askOwner = async () => {
    const { askOwnership } = await import('../sys/ownership.ts'); // node:http is for changes only
    return askOwnership(socket);
  };
  const session = new IpvsadmSession({ stdout, stderr, askOwner: parsed.ok && parsed.value.force ? null : askOwner });
  try {
    if (!parsed.ok) {
      await session.complain(parsed.error.text);
      return parsed.error.exitCode;
    }
    const { request } = parsed.value;
    if (request.kind !== 'restore') return (await session.run(request)).exitCode;
    return await (request.atomic ? restoreAtomically : restore)(session, stdin, names);
  } catch (error) {
    const explained = explain(error);
    if (explained === null) throw error;
    await session.complain(explained.text);
    return explained.exitCode;
  } finally {
    session.close();
  }
}
