/** Quorums that the real servers cannot reach: told, not refused, for weights are taken away while servers are mended. Pure. */
import type { Config } from './types.ts';

/** Whole sentences. keepalived lowers such a quorum without a word. */
export function quorumProblems({ virtualServers }: Pick<Config, 'virtualServers'>): readonly string[] {
  return virtualServers.flatMap(({ name, quorum, hysteresis, realServers }) => {
    const total = realServers.reduce((sum, { weight }) => sum + weight, 0);
    // Without any weight it is meant to be out of service.
    if (total === 0) return [];
    const weigh = `all real servers together weigh ${total}`;
    if (quorum - hysteresis > total) return [`virtual server ${name} stays DOWN: its quorum is ${quorum}, ${weigh}`];
    if (quorum + hysteresis <= total) return [];
    const needed = hysteresis === 0 ? `quorum, ${quorum}` : `quorum + hysteresis, ${quorum + hysteresis}`;
    return [`virtual server ${name} would never come back UP: that takes its ${needed}, but ${weigh}`];
  });
}
