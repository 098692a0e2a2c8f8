/** The doctor: facts in, findings out. Pure. */
import { addressFindings } from './director-addresses.ts';
import { forwardingFindings } from './director-forwarding.ts';
import { kernelFindings } from './director-kernel.ts';
import { clockFindings, keepalivedFindings, syncFindings } from './director-sync.ts';
import type { Facts } from './facts.ts';
import { type Finding, sortedFindings } from './finding.ts';
import type { DirectorIntent, RealServerRole } from './intent.ts';
import { virtualAddressFindings } from './real-server-arp.ts';
import { asymmetryFindings, listenerFindings, translatedFindings, tunnelFindings } from './real-server-path.ts';

/** What is wrong with a director; without its configuration (null) only what is wrong with any. Errors first. */
export function directorFindings(read: Facts, intent: DirectorIntent | null): readonly Finding[] {
  // What lvsd sets by itself when it runs is as good as set.
  const configured = Object.entries(intent?.ipvsSettings ?? {}).map(([name, value]): readonly [string, string] => [
    `net/ipv4/vs/${name}`,
    value,
  ]);
  const facts = { ...read, settings: new Map([...read.settings, ...configured]) };
  return sortedFindings([
    ...forwardingFindings(facts, intent),
    ...(intent === null ? [] : addressFindings(facts, intent)),
    ...kernelFindings(facts, intent),
    ...(intent === null ? [] : syncFindings(facts, intent)),
    ...keepalivedFindings(facts, intent),
    ...clockFindings(facts, intent),
  ]);
}

/** What is wrong with a real server of these virtual addresses. Errors first; what several addresses share is said once. */
export function realServerFindings(facts: Facts, roles: readonly RealServerRole[]): readonly Finding[] {
  const all = roles.flatMap((role): readonly Finding[] => {
    if (role.forwarding === 'nat' || role.forwarding === 'fullnat') return translatedFindings(facts, role);
    return [
      ...(role.forwarding === 'tunnel' ? tunnelFindings(facts, role) : []),
      ...virtualAddressFindings(facts, role),
      ...asymmetryFindings(facts, role),
      ...listenerFindings(facts, role),
    ];
  });
  const unique = new Map(all.map((finding) => [`${finding.id} ${finding.what}`, finding]));
  return sortedFindings([...unique.values()]);
}
