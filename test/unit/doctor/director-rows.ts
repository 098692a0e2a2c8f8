/** One thing wrong with a healthy director, and what is found. */
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/doctor/facts.ts';
import { commandOf, type Finding } from '../../../src/doctor/finding.ts';
import { directorFindings } from '../../../src/doctor/findings.ts';
import type { DirectorIntent } from '../../../src/doctor/intent.ts';
import { director, intent } from './builders.ts';

export interface Row {
  readonly broken: string;
  readonly facts?: Facts;
  readonly intent?: DirectorIntent | null;
  /** `severity id`, in order. */
  readonly found: readonly string[];
  /** Commands of the first finding. */
  readonly fix?: readonly string[];
}

export const wants = (more: Partial<DirectorIntent>): DirectorIntent => ({ ...intent, ...more });
export const serving = (...services: DirectorIntent['services']): DirectorIntent => wants({ services });

/** A test for each row. */
export function itFinds(rows: readonly Row[]): void {
  const brief = ({ severity, id }: Finding): string => `${severity} ${id}`;
  for (const { broken, facts = director, intent: wanted = intent, found, fix } of rows) {
    it(broken, () => {
      const findings = directorFindings(facts, wanted);
      assert.deepEqual(findings.map(brief), found);
      if (fix !== undefined) assert.deepEqual(findings[0]?.fix.map(commandOf), fix);
      for (const { safe, what, why } of findings) {
        assert.equal(safe, false, 'nothing is changed on a director');
        assert.ok(what.length > 10 && why.length > 20);
      }
    });
  }
}
