/** What `lvsd ipvs` adds to ipvsadm, on a real kernel: all lines or none, thresholds that are kept, respect for a running lvsd. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { runIpvs } from '../../../src/cli/ipvs.ts';
import { Daemon } from '../support/daemon.ts';
import { run, waitFor } from '../support/exec.ts';
import { waitForWeights } from '../support/ipvsadm.ts';
import { type Answer, Kept } from '../support/ipvsadm-worker.ts';
import { Lab, requireIpvs } from '../support/lab.ts';
import { useIpvs } from './referee.ts';

const SLACK_MS = 15_000;
const LVSD = path.resolve(import.meta.dirname, '../../../src/main.js');

/** `lvsd ipvs` in our own process and network namespace. */
async function ipvs(line: string, input = ''): Promise<Answer> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const code = await runIpvs(
    line.split(' '),
    { stdin: Readable.from([Buffer.from(input)]), stdout, stderr },
    process.env,
  );
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const rules = async (): Promise<string> => (await run('ipvsadm', ['-Sn'])).stdout;
const done = (stdout = ''): Answer => ({ code: 0, stdout, stderr: '' });

const RULES = `-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 1
`;

describe('lvsd ipvs', function () {
  this.timeout(60_000);
  useIpvs();

  it('saves thresholds when asked, and restores them', async () => {
    assert.deepEqual(await ipvs('-R', RULES), done());
    assert.deepEqual(await ipvs('-Sn --thresholds'), done(RULES));
    assert.deepEqual(await ipvs('-Sn'), done(RULES.replace(' -x 100 -y 50', '')));
  });

  it('sees each line done before the next one comes', async () => {
    const seen: string[] = [];
    async function* typed(): AsyncGenerator<string> {
      yield '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80';
      seen.push(await rules());
      yield ' -r 10.1.0.1:80 -m\n';
      seen.push(await rules());
    }
    const [stdout, stderr] = [new Kept(), new Kept()];
    assert.equal(await runIpvs(['-R'], { stdin: typed(), stdout, stderr }, {}), 0);
    const service = '-A -t 10.0.0.1:80 -s rr\n';
    assert.deepEqual(seen, [service, `${service}-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1\n`]);
  });

  it('restores a thousand servers in batches, refusals in their place', async () => {
    const lines = Array.from(
      { length: 1000 },
      (_, index) => `-a -f 1 -r 10.1.${index >> 8}.${index & 255} -m -w ${index}`,
    );
    const { code, stderr } = await ipvs('-R', ['-A -f 1', ...lines, '-A -f 1', lines[5], '-E -f 2', '-Z'].join('\n'));
    assert.deepEqual([code, stderr], [0, 'Service already exists\nDestination already exists\nNo such service\n']);
    assert.equal((await rules()).split('\n').length, 1002);
  });

  describe('-R --atomic', () => {
    it('applies all lines, comments and all', async () => {
      assert.deepEqual(await ipvs('-R --atomic', `# web\n-C\n${RULES}`), done());
      assert.equal(await rules(), RULES.replace(' -x 100 -y 50', ''));
    });

    it('applies none when one is wrong, and tells all that are', async () => {
      await ipvs('-R', RULES);
      const wrong = '-D -t 10.0.0.1:80\n-A -t 10.0.0.2\n-L\n';
      const { code, stderr } = await ipvs('-R --atomic', wrong);
      assert.deepEqual(
        [code, stderr],
        [
          2,
          "line 2: Zero port specified for non-persistent service\nline 3: only changes can be restored at once, not 'list'\n" +
            'Nothing was changed\n',
        ],
      );
      const missing = await ipvs('-R --atomic', '-D -t 10.0.0.1:80\n-D -t 10.0.0.1:80\n');
      assert.deepEqual([missing.code, missing.stderr], [255, 'line 2: No such service\nNothing was changed\n']);
      assert.equal(await rules(), RULES.replace(' -x 100 -y 50', ''));
    });

    it('puts the table back though nobody can be told', async () => {
      await ipvs('-R', RULES);
      const before = await rules();
      const stderr = new Writable({ write: (_piece, _encoding, done) => done(new Error('full')) });
      const stdin = Readable.from([Buffer.from('-A -f 9\n-A -f 10 -s nosuch\n')]);
      assert.equal(await runIpvs(['-R', '--atomic'], { stdin, stdout: new Kept(), stderr }, process.env), 255);
      assert.equal(await rules(), before);
    });

    it('is not interrupted in the middle', async () => {
      const services = 5000;
      const child = spawn(process.execPath, [LVSD, 'ipvs', '-R', '--atomic'], { stdio: ['pipe', 'ignore', 'inherit'] });
      const ended = once(child, 'close');
      child.stdin.end(Array.from({ length: services }, (_, index) => `-A -f ${index + 1} -s rr\n`).join(''));
      const hasBegun = async (): Promise<boolean> => readFileSync('/proc/net/ip_vs', 'utf8').includes('FWM');
      await waitFor(hasBegun, { timeoutMs: 30_000, what: 'the first service' });
      child.kill('SIGINT');
      assert.deepEqual(await ended, [0, null]);
      assert.equal((await rules()).split('\n').length, services + 1);
    });

    it('puts the table back when the kernel refuses one that looked right', async () => {
      await ipvs('-R', `${RULES}--set 800 60 30\n-A -f 7 -p 5 -M 255.0.255.0\n`);
      const before = await rules();
      const lines =
        '-C\n--set 1 2 3\n-A -f 9\n-A -t 10.0.0.1:80 -s nosuch\n--start-daemon backup --mcast-interface lo\n';
      const { code, stderr } = await ipvs('-R --atomic', lines);
      assert.deepEqual(
        [code, stderr],
        [255, 'line 4: Scheduler or persistence engine not found\nThe table was put back as it was\n'],
      );
      assert.equal(await rules(), before);
      assert.equal((await run('ipvsadm', ['-L', '--daemon'])).stdout, '');
      assert.deepEqual(await ipvs('-L --timeout'), done('Timeout (tcp tcpfin udp): 800 60 30\n'));
      await ipvs('--set 900 120 300');
    });
  });

  it('shows connections of one service only, if asked', async () => {
    const titles = (await ipvs('-Lcn')).stdout;
    assert.deepEqual(await ipvs('-L -c -n -t 10.0.0.1:80 -r 10.1.0.1 --state ESTABLISHED'), done(titles));
  });

  it('lists as JSON', async () => {
    await ipvs('-R', RULES);
    const { stdout } = await ipvs('-L --json -t 10.0.0.1:80');
    assert.equal(JSON.parse(stdout).services[0].destinations.length, 2);
    assert.deepEqual(Object.keys(JSON.parse((await ipvs('-L --daemon --json')).stdout)), ['format', 'daemons']);
  });
});

describe('lvsd ipvs beside a running lvsd', function () {
  this.timeout(90_000);
  let lab: Lab | null = null;
  let daemon: Daemon;

  before(async () => {
    requireIpvs();
    lab = await Lab.create({ directors: 1, realServers: 1 });
    daemon = Daemon.start(lab, 'd1', {
      config: `
name: d1
virtual_servers:
  - { name: web, address: 10.0.0.100, port: 80, checks: [], real_servers: [{ address: 10.0.0.21 }] }
`,
    });
    await waitForWeights(lab.node('d1'), { 'TCP 10.0.0.100:80': { '10.0.0.21:80': 1 } }, SLACK_MS);
  });
  after(() => lab?.destroy());

  it('does not change what is its own, unless it must', async () => {
    const change = (...args: readonly string[]) => daemon.lvsd(['ipvs', ...args], { check: false });
    const refused = await change('-e', '-t', '10.0.0.100:80', '-r', '10.0.0.21', '-w', '7');
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /^Cannot change tcp 10\.0\.0\.100:80: it belongs to the running lvsd \(pid \d+\)/);
    assert.equal((await change('-C')).code, 5);
    assert.equal((await change('-A', '-t', '10.0.0.200:80')).code, 0);
    assert.equal((await change('-Z', '-t', '10.0.0.100:80')).code, 0);
    assert.equal((await change('-e', '-t', '10.0.0.100:80', '-r', '10.0.0.21', '-w', '7', '--force')).code, 0);
  });
});
