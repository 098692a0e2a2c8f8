/** One thing wrong with a healthy real server, and what is found. */
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/doctor/facts.ts';
import { commandOf, type Finding } from '../../../src/doctor/finding.ts';
import { realServerFindings } from '../../../src/doctor/findings.ts';
import type { RealServerRole } from '../../../src/doctor/intent.ts';
import { address, realServer, role } from './builders.ts';

export interface Row {
  readonly broken: string;
  readonly facts?: Facts;
  readonly role?: RealServerRole;
  /** `severity id`, with "!" behind what `--fix` mends. */
  readonly found: readonly string[];
  /** Commands of all findings. */
  readonly fix?: readonly string[];
}

export const V6 = role({ vip: 'fd00::100', family: 6 });
export const TUNNEL = role({ forwarding: 'tunnel' });
export const LAN = address('eth0', '10.0.0.21/24');

export const brief = ({ severity, id, safe }: Finding): string => `${severity} ${id}${safe ? '!' : ''}`;
export const holding = (...addresses: Facts['addresses']): Facts => ({ ...realServer, addresses: [LAN, ...addresses] });

/** A test for each row. */
export function itFinds(rows: readonly Row[]): void {
  for (const { broken, facts = realServer, role: as = role(), found, fix } of rows) {
    it(broken, () => {
      const findings = realServerFindings(facts, [as]);
      assert.deepEqual(findings.map(brief), found);
      if (fix !== undefined) assert.deepEqual(findings.flatMap((finding) => finding.fix).map(commandOf), fix);
    });
  }
}
