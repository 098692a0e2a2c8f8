import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { REFUSALS } from '../../../src/vrrp/receive.ts';
import { snapshot, strangers, troubles } from '../../support/snapshot.ts';

/** Tests run from the project's folder. */
const DOCUMENT = readFileSync('docs/status.md', 'utf8');

/** The names of all fields of a value, at any depth. */
function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysOf);
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

/** A field stands in the first column of a table: `name`, `outer.name`, `outer[].name`. */
function isDocumented(key: string): boolean {
  return new RegExp(`^\\| \`(?:[\\w.[\\]]+\\.)?${key}\` \\|`, 'm').test(DOCUMENT);
}

describe('docs/status.md', () => {
  it('has every field of a snapshot', () => {
    const missing = [...new Set(keysOf([snapshot, strangers, troubles]))].filter((key) => !isDocumented(key));
    assert.deepEqual(missing, []);
    assert.ok(!isDocumented('noSuchField'));
  });

  it('has every reason for refusing a packet', () => {
    assert.deepEqual(
      REFUSALS.filter((reason) => !isDocumented(reason)),
      [],
    );
  });

  it('has every failure of a probe', () => {
    const failures = [
      'refused',
      'timeout',
      'unreachable',
      'reset',
      'closed',
      'status',
      'answer',
      'tls',
      'protocol',
      'script',
      'told',
      'local',
    ];
    assert.deepEqual(
      failures.filter((failure) => !isDocumented(failure)),
      [],
    );
  });
});
