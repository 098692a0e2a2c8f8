import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { descriptorLimit, descriptorsFor, descriptorWarning, probesAtOnce } from '../../src/sys/process-limits.ts';
import { tcpCheck, udpCheck } from '../support/probe-servers.ts';

describe('sys/process-limits', () => {
  it('reads the limit in force', () => {
    assert.ok(descriptorLimit() >= 64);
  });

  it('finds that Node has raised a soft limit to the hard one', () => {
    const file = new URL('../../src/sys/process-limits.js', import.meta.url).href;
    const script = `import { descriptorLimit } from '${file}'; console.log(descriptorLimit());`;
    const command = 'ulimit -Sn 300 && ulimit -Hn 600 && exec "$0" --input-type=module -e "$1"';
    assert.equal(execFileSync('sh', ['-c', command, process.execPath, script], { encoding: 'utf8' }), '600\n');
  });

  it('lets so many probes be under way as the rest leaves, and memory allows', () => {
    assert.equal(probesAtOnce(1024), 768);
    assert.equal(probesAtOnce(100), 16);
    assert.equal(probesAtOnce(1_000_000), 16_384);
    assert.equal(probesAtOnce(Number.POSITIVE_INFINITY), 16_384);
  });

  const silent = (count: number, check = {}) =>
    Array.from({ length: count }, () => tcpCheck(80, { intervalMs: 2000, timeoutMs: 1000, ...check }));

  it('counts what is open when no server answers', () => {
    assert.equal(descriptorsFor([]), 0);
    assert.equal(descriptorsFor(silent(10)), 5);
    assert.equal(descriptorsFor(silent(10, { timeoutMs: 6000 })), 10);
    assert.equal(descriptorsFor(silent(10, { watch: true })), 15);
    assert.equal(descriptorsFor([udpCheck(53, { intervalMs: 60_000, timeoutMs: 1000 })]), 1);
  });

  it('warns with numbers when they do not fit, else not', () => {
    assert.equal(descriptorWarning(silent(1536), 1024), null);
    assert.equal(
      descriptorWarning(silent(10_000), 1024),
      '10000 checks need up to 5256 file descriptors at once when no server answers, but the limit is 1024: probes would ' +
        'wait for each other; set LimitNOFILE=10512 in the unit, or raise `ulimit -Hn`',
    );
  });
});
