/** What is told of virtual and real servers, beside keepalived with the same table: its FIFO lines, and its programs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Daemon } from '../support/daemon.ts';
import { waitFor } from '../support/exec.ts';
import { Keepalived } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { RealServer } from '../support/real-server.ts';

/** User-Mode Linux on a busy host: no probe may fail because of that, hence the long timeout of checks. */
const SLACK_MS = 30_000;
const HOOKS = ['quorum_up', 'quorum_down', 'notify_up', 'notify_down'] as const;

/** Both: a service, one of IPv6 over UDP, a fwmark, a group. One real server each, asked by TCP on port 7000 of r1. */
function lvsdText(fifo: string, hooks: string): string {
  const programs = HOOKS.map((key) => `    ${key}: ${hooks} ${key}`).join('\n');
  return `
name: d1
notifications: { fifo: ${fifo}.all, lvs_fifo: ${fifo} }
defaults: { forwarding: nat, scheduler: rr, check: { interval: 500ms, timeout: 5s, rise: 1, fall: 2 } }
virtual_servers:
  - name: web
    address: 10.0.0.100
    port: 80
${programs}
    real_servers: [{ address: 10.0.0.21, port: 7000 }]
  - name: dns6
    address: fd00::100
    port: 53
    protocol: udp
    checks: [{ type: tcp, port: 7000, address: 10.0.0.21 }]
    real_servers: [{ address: fd00::21 }]
  - name: marked
    fwmark: 7
    forwarding: direct
    checks: [{ type: tcp, port: 7000 }]
    real_servers: [{ address: 10.0.0.21 }]
  - name: grp
    addresses: [10.0.0.101-10.0.0.102]
    port: 7000
    real_servers: [{ address: 10.0.0.21 }]
`;
}

function keepalivedText(fifo: string, hooks: string): string {
  const check = (more = '') =>
    `TCP_CHECK {\n${more}      connect_timeout 1\n      retry 1\n      delay_before_retry 1\n    }`;
  const common = 'delay_loop 1\n  lb_algo rr\n';
  const program = (key: string) => `${key} "${hooks} ${key}"\n`;
  const [quorumUp, quorumDown, notifyUp, notifyDown] = HOOKS.map(program);
  return `global_defs {
  lvs_notify_fifo ${fifo}
  script_user root
}
virtual_server_group grp {
  10.0.0.101-102 7000
}
virtual_server 10.0.0.100 80 {
  ${common}  lvs_method NAT\n  protocol TCP
  ${quorumUp}  ${quorumDown}  real_server 10.0.0.21 7000 {
    ${notifyUp}    ${notifyDown}    ${check()}
  }
}
virtual_server fd00::100 53 {
  ${common}  lvs_method NAT\n  protocol UDP
  real_server fd00::21 53 {
    ${check('      connect_ip 10.0.0.21\n      connect_port 7000\n')}
  }
}
virtual_server fwmark 7 {
  ${common}  lvs_method DR
  real_server 10.0.0.21 0 {
    ${check('      connect_port 7000\n')}
  }
}
virtual_server group grp {
  ${common}  lvs_method NAT\n  protocol TCP
  real_server 10.0.0.21 7000 {
    ${check()}
  }
}
`;
}

describe('what is told of virtual and real servers', function () {
  this.timeout(180_000);
  let lab: Lab;
  let server: RealServer;

  before(async () => {
    lab = await Lab.create({ directors: 2, realServers: 1, family: 'both' });
    server = await RealServer.start(lab, 'r1');
  });
  after(() => lab?.destroy());

  const linesOf = (name: string) => readFileSync(lab.file(name), 'utf8').split('\n').slice(0, -1);
  const reached = async (name: string, count: number) => {
    const enough = async () => (linesOf(name).length >= count ? true : undefined);
    await waitFor(enough, { timeoutMs: SLACK_MS, what: `${count} lines in ${name}` }).catch((error: unknown) => {
      throw new Error(`${String(error)}; there is:\n${linesOf(name).join('\n')}`);
    });
  };

  /** A FIFO whose lines go to a file, and a program that writes its words to another. */
  async function ears(name: string): Promise<{ fifo: string; hooks: string }> {
    const [fifo, hooks] = [lab.file(`${name}.fifo`), lab.file(`${name}.sh`)];
    for (const pipe of [fifo, `${fifo}.all`]) {
      writeFileSync(`${pipe}.lines`, '');
      await lab.node('d1').sh(`mkfifo ${pipe}`);
      lab.spawn('d1', 'sh', ['-c', `exec cat <> ${pipe} > ${pipe}.lines`], { name: `cat ${pipe}` });
    }
    writeFileSync(`${hooks}.lines`, '');
    writeFileSync(hooks, `#!/bin/sh\necho "$*" >> ${hooks}.lines\n`, { mode: 0o755 });
    return { fifo, hooks };
  }

  /** By what they are about: which virtual server comes first is chance. */
  function bySubject(lines: readonly string[]): Readonly<Record<string, readonly string[]>> {
    const groups: Record<string, string[]> = {};
    for (const line of lines) {
      // Of a real server and its virtual server together: that one's name comes last.
      const subject = line.replace(/ (UP|DOWN)$/, '').replace(/^(VS|RS \S+) /, '');
      groups[subject] = [...(groups[subject] ?? []), line];
    }
    return groups;
  }

  it('lines and programs as from keepalived, when real servers fail and return', async () => {
    const [ours, theirs] = [await ears('lvsd'), await ears('keepalived')];
    const daemon = Daemon.start(lab, 'd1', { config: lvsdText(ours.fifo, ours.hooks) });
    const keepalived = Keepalived.start(lab, 'd2', keepalivedText(theirs.fifo, theirs.hooks));
    // A real server and its virtual server each: keepalived tells of virtual servers only, and does so at once.
    await reached('lvsd.fifo.lines', 8);
    await reached('keepalived.fifo.lines', 4);
    await reached('lvsd.sh.lines', 1);
    await reached('keepalived.sh.lines', 1);
    assert.deepEqual(
      linesOf('lvsd.fifo.lines')
        .filter((line) => line.startsWith('VS'))
        .sort(),
      linesOf('keepalived.fifo.lines').sort(),
    );
    assert.deepEqual(linesOf('lvsd.sh.lines'), ['quorum_up']);
    assert.deepEqual(linesOf('keepalived.sh.lines'), ['quorum_up']);

    await server.stop();
    await reached('lvsd.fifo.lines', 16);
    await reached('keepalived.fifo.lines', 12);
    server = await RealServer.start(lab, 'r1');
    await reached('lvsd.fifo.lines', 24);
    await reached('keepalived.fifo.lines', 20);
    await reached('lvsd.sh.lines', 5);
    await reached('keepalived.sh.lines', 5);

    const [told, toldByPeer] = [linesOf('lvsd.fifo.lines').slice(8), linesOf('keepalived.fifo.lines').slice(4)];
    assert.deepEqual(bySubject(told), bySubject(toldByPeer));
    assert.deepEqual(linesOf('lvsd.fifo.all.lines'), linesOf('lvsd.fifo.lines'));
    // keepalived starts all of one moment together; ours come in order.
    assert.deepEqual(linesOf('lvsd.sh.lines').slice(1), ['notify_down', 'quorum_down', 'notify_up', 'quorum_up']);
    assert.deepEqual(linesOf('keepalived.sh.lines').sort(), linesOf('lvsd.sh.lines').sort());
    await Promise.all([daemon.stop(), keepalived.stop()]);
    // A stop tells nothing: no server has failed.
    assert.equal(linesOf('lvsd.fifo.lines').length, 24);
  });

  it('a start that finds the table in order tells of the virtual servers, not of the real ones', async () => {
    const { fifo, hooks } = await ears('again');
    const config = `ipvs: { keep_on_exit: true }\n${lvsdText(fifo, hooks)}`;
    const first = Daemon.start(lab, 'd1', { config });
    await reached('again.fifo.lines', 8);
    await first.stop();
    assert.equal(linesOf('again.fifo.lines').length, 8, linesOf('again.fifo.lines').join('\n'));
    const second = Daemon.start(lab, 'd1', { config });
    await reached('again.fifo.lines', 12);
    await reached('again.sh.lines', 2);
    assert.deepEqual(linesOf('again.fifo.lines').slice(8), [
      'VS [10.0.0.100]:tcp:80 UP',
      'VS [fd00::100]:udp:53 UP',
      'VS FWM 7 UP',
      'VS [grp]:0 UP',
    ]);
    assert.deepEqual(linesOf('again.sh.lines'), ['quorum_up', 'quorum_up']);
    await second.stop();
  });
});
