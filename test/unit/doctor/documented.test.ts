/** docs/doctor.md names every finding, and no other. Runs in the root of the project. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

const IDS = /\bid: (?:\w+ \? )?'([a-z-]+)'(?: : '([a-z-]+)')?|\bfinding\(\s*'([a-z-]+)'/g;

describe('doctor: docs/doctor.md', () => {
  it('names every finding', () => {
    const sources = readdirSync('src/doctor').map((file) => readFileSync(`src/doctor/${file}`, 'utf8'));
    const ids = new Set(
      sources.flatMap((text) => [...text.matchAll(IDS)].flatMap(([, ...names]) => names.filter((name) => name))),
    );
    const rows =
      /## Findings\n([\s\S]*?)\n## /
        .exec(readFileSync('docs/doctor.md', 'utf8'))?.[1]
        ?.match(/^\| `[a-z`, -]+` \|/gm) ?? [];
    const documented = new Set(rows.flatMap((row) => row.match(/[a-z][a-z-]+/g) ?? []));
    assert.ok(ids.size > 40, `only ${ids.size} found`);
    assert.deepEqual([...ids].sort(), [...documented].sort());
  });
});
