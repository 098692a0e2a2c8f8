/** VRRPv2 beside a keepalived that is set up otherwise: refused by name, counted, told once; both are active, as RFC 3768 says. */
import assert from 'node:assert/strict';
import { Daemon } from '../support/daemon.ts';
import { authenticationText, Keepalived, type KeepalivedRouter, keepalivedText } from '../support/keepalived.ts';
import { Lab } from '../support/lab.ts';
import { configText, holds, routerOf, snapshotOf, waitForHolder, waitForRole, watchFor } from './referee.ts';

interface Misfit {
  readonly name: string;
  readonly vrid: number;
  /** Our keys. */
  readonly more: string;
  /** What keepalived has otherwise; version 2 and one second unless told. */
  readonly theirs: Partial<KeepalivedRouter>;
  readonly refusal: string;
  /** What our log says. */
  readonly said: string;
}

const MISFITS: readonly Misfit[] = [
  {
    name: 'wrong-password',
    vrid: 51,
    more: 'version: 2, password: secret12',
    theirs: { more: authenticationText('secret13') },
    refusal: 'auth-failures',
    said: 'its password is another one; set the same `password` on both',
  },
  {
    name: 'they-have-none',
    vrid: 52,
    more: 'version: 2, password: secret12',
    theirs: {},
    refusal: 'auth-type-mismatch',
    said: 'it has no password, this virtual router has one',
  },
  {
    name: 'we-have-none',
    vrid: 53,
    more: 'version: 2',
    theirs: { more: authenticationText('secret12') },
    refusal: 'auth-type-mismatch',
    said: 'it has a password, this virtual router has none; set the same `password`',
  },
  {
    name: 'header',
    vrid: 54,
    more: 'version: 2',
    theirs: { more: authenticationText('secret12', 'AH') },
    refusal: 'authentication-header',
    said: 'it uses an IPsec authentication header (auth_type AH), which lvsd does not speak; use a password or none there',
  },
  {
    name: 'interval',
    vrid: 55,
    more: 'version: 2',
    theirs: { intervalMs: 2000 },
    refusal: 'interval-errors',
    said: 'it advertises every 2 s, this virtual router every 1 s; VRRPv2 wants one `advertisement_interval` on both',
  },
];
const VERSION = { name: 'version', vrid: 56, more: 'version: 2', theirs: { version: 3 } } as const;
const ALL = [...MISFITS, VERSION];
const vipOf = (vrid: number) => `10.0.0.1${vrid}`;

const lvsdConfig = (change: (more: string) => string = (more) => more) =>
  configText(
    ...ALL.map(({ name, vrid, more }) => ({
      name,
      vrid,
      priority: 150,
      intervalMs: 1000,
      addresses: [`${vipOf(vrid)}/32`],
      more: change(more),
    })),
  );

const keepalivedConfig = keepalivedText(
  ...ALL.map(({ name, vrid, theirs }) => ({
    name,
    vrid,
    version: 2 as const,
    priority: 100,
    intervalMs: 1000,
    addresses: [`${vipOf(vrid)}/32`],
    ...theirs,
  })),
);

describe('VRRPv2 beside a keepalived that is set up otherwise', function () {
  this.timeout(60_000);
  let lab: Lab;
  let lvsd: Daemon;
  let keepalived: Keepalived;
  const said = () => lvsd.lines.map(({ text }) => text).filter((text) => text.includes('refused an advertisement'));

  before(async () => {
    lab = await Lab.create({ realServers: 0 });
    lvsd = Daemon.start(lab, 'd1', { config: lvsdConfig() });
    keepalived = Keepalived.start(lab, 'd2', keepalivedConfig);
  });
  after(() => lab?.destroy());

  it('both are active', async () => {
    for (const { name, vrid } of ALL) {
      await waitForRole(lvsd, 'MASTER', name);
      await keepalived.waitForLine(new RegExp(`\\(${name}\\) Entering MASTER STATE`), 15_000);
      assert.deepEqual([await holds(lab, 'd1', vipOf(vrid)), await holds(lab, 'd2', vipOf(vrid))], [true, true]);
    }
    await watchFor(3, 1000);
    for (const { name } of ALL) {
      const { role, transitionsToMaster, adverts, peer } = await routerOf(lvsd, name);
      assert.deepEqual([role, transitionsToMaster, adverts.received, peer], ['MASTER', 1, 0, null]);
    }
  });

  it('each is counted under its reason', async () => {
    for (const { name, refusal } of MISFITS) {
      const { refused } = (await routerOf(lvsd, name)).adverts;
      assert.deepEqual(Object.keys(refused), [refusal]);
      // Often only one: what keepalived refuses restarts its timer, so that ours keep it from advertising.
      assert.ok((Object.values(refused)[0] ?? 0) >= 1, name);
    }
    const { vrrpRefused } = await snapshotOf(lvsd);
    assert.deepEqual(Object.keys(vrrpRefused['eth0 ipv4'] ?? {}), ['version-errors']);
  });

  it('the log tells each once, and no password', async () => {
    await watchFor(3, 1000);
    const lines = said();
    assert.equal(lines.length, ALL.length, lines.join('\n'));
    for (const { name, said: why } of MISFITS)
      assert.equal(
        lines.filter((line) => line.includes(`${name}: refused an advertisement of 10.0.0.12: ${why}`)).length,
        1,
        `${name}: ${lines.join('\n')}`,
      );
    assert.equal(lines.filter((line) => line.includes('it has VRRP version 3, this virtual router 2')).length, 1);
    assert.deepEqual(
      lvsd.lines.filter(({ text }) => text.includes('secret1')).map(({ text }) => text),
      [],
    );
  });

  it('keepalived refuses ours for the same reasons', () => {
    const lines = keepalived.lines.map(({ text }) => text);
    assert.ok(
      lines.some((line) => /wrong-password.*received an invalid passwd/i.test(line)),
      lines.join('\n'),
    );
  });

  it('with the right password after a reload one gives way', async () => {
    lvsd.writeConfig(lvsdConfig((more) => more.replace('secret12', 'secret13')));
    await lvsd.reload();
    await waitForHolder(lab, 'd1', 'd2', vipOf(51), 15_000);
    assert.equal((await routerOf(lvsd, 'wrong-password')).role, 'MASTER');
  });
});
