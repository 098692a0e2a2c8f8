/** BFD sessions: what must be unique among them, and what goes together. Pure. */
import { isLinkLocal } from '../net/ip.ts';
import type { Path, Report } from './problems.ts';
import { quote } from './problems.ts';
import { checkNames } from './resolve-names.ts';
import type { RawBfdSession } from './schema-bfd.ts';
import type { BfdSessionConfig } from './types-bfd.ts';

/** `hasRouters`: the file has virtual routers, or part of it was left out. */
export function resolveBfdSessions(
  raw: readonly RawBfdSession[],
  hasRouters: boolean,
  report: Report,
): readonly BfdSessionConfig[] {
  checkNames('bfd', raw, report);
  const neighbors = new Map<string, string>();
  if (raw.length > 0 && !hasRouters)
    report(['bfd'], 'sessions need a virtual router in `vrrp`: they live in the process of the virtual routers');
  return raw.map((session, index) => {
    const path = ['bfd', index];
    const { name, neighbor, source_address: source } = session;
    // Before a discriminator is known the address and the interface are all that tells sessions apart (RFC 5881 section 3).
    const key = `${neighbor.text} ${session.interface}`;
    const holder = neighbors.get(key);
    if (holder !== undefined)
      report(
        [...path, 'neighbor'],
        `${neighbor.text} on ${session.interface} is already the neighbour of ${quote(holder)}`,
      );
    else neighbors.set(key, name);
    checkSource(session, path, report);
    return {
      name,
      neighbor: neighbor.text,
      family: neighbor.family,
      interface: session.interface,
      sourceAddress: source?.text ?? null,
      minTxMs: session.min_tx,
      minRxMs: session.min_rx,
      multiplier: session.multiplier,
      passive: session.passive,
    };
  });
}

function checkSource({ neighbor, source_address: source }: RawBfdSession, path: Path, report: Report): void {
  if (source === undefined) return;
  const at = [...path, 'source_address'];
  if (source.family !== neighbor.family)
    report(at, `must be IPv${neighbor.family} as the neighbour; found ${quote(source.text)}`);
  else if (source.text === neighbor.text) report(at, 'must be an address of this machine, not the neighbour');
  else if (neighbor.family === 6 && isLinkLocal(source.bytes) !== isLinkLocal(neighbor.bytes))
    report(at, `must be link-local if the neighbour is, and only then; found ${quote(source.text)}`);
}
