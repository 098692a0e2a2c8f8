import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problems.ts';
import { addresses } from '../../vectors/bad-config/addresses.ts';
import type { BadConfig } from '../../vectors/bad-config/bad-config.ts';
import { bfd } from '../../vectors/bad-config/bfd.ts';
import { checks } from '../../vectors/bad-config/checks.ts';
import { connectionSync } from '../../vectors/bad-config/connection-sync.ts';
import { file } from '../../vectors/bad-config/file.ts';
import { forwarding } from '../../vectors/bad-config/forwarding.ts';
import { groups } from '../../vectors/bad-config/groups.ts';
import { http } from '../../vectors/bad-config/http.ts';
import { notify } from '../../vectors/bad-config/notify.ts';
import { process } from '../../vectors/bad-config/process.ts';
import { realServers } from '../../vectors/bad-config/real-servers.ts';
import { serviceLevel } from '../../vectors/bad-config/service-level.ts';
import { syncGroups } from '../../vectors/bad-config/sync-groups.ts';
import { table as ofTable } from '../../vectors/bad-config/table.ts';
import { together } from '../../vectors/bad-config/together.ts';
import { tracked } from '../../vectors/bad-config/tracked.ts';
import { virtualRouters } from '../../vectors/bad-config/virtual-routers.ts';
import { virtualServers } from '../../vectors/bad-config/virtual-servers.ts';

const GROUPS: Readonly<Record<string, readonly BadConfig[]>> = {
  'the file as a whole': file,
  'process and table': process,
  'the table, settings, draining': ofTable,
  'virtual routers': virtualRouters,
  'what virtual routers bring along': addresses,
  'preemption, tracked objects, sync groups': syncGroups,
  'BFD sessions': bfd,
  'tracked scripts and processes': tracked,
  notifications: notify,
  'connection synchronisation': connectionSync,
  'virtual servers': virtualServers,
  'groups of services': groups,
  'tunnels and full NAT': forwarding,
  'real servers': realServers,
  'quorum, weights, hooks, panic': serviceLevel,
  checks,
  'checks over HTTP': http,
  'all problems at once': together,
};

function problemsOf(text: string): readonly string[] {
  const loaded = loadConfig(text);
  return loaded.ok ? [] : loaded.error.map((problem) => formatProblem('', problem).slice(1));
}

/** The problems; one that is expected to go on (` ...` at its end) is cut there. */
function shortened(problems: readonly string[], expected: readonly string[]): readonly string[] {
  return problems.map((problem, i) => {
    const whole = expected[i] ?? '';
    return whole.endsWith(' ...') && problem.startsWith(whole.slice(0, -4)) ? whole : problem;
  });
}

describe('config: mistakes, with their places', () => {
  for (const [group, table] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const { what, text, problems } of table) {
        it(what, () => assert.deepEqual(shortened(problemsOf(text), problems), problems));
      }
    });
  }

  it('formatProblem puts the file first, and leaves out the path of the whole file', () => {
    const problem = { line: 3, column: 7, path: 'vrrp[0].name', message: 'wrong' };
    assert.equal(formatProblem('/etc/lvsd/lvsd.yaml', problem), '/etc/lvsd/lvsd.yaml:3:7: vrrp[0].name: wrong');
    assert.equal(formatProblem('a.yaml', { ...problem, path: '' }), 'a.yaml:3:7: wrong');
  });
});
