import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCheck } from '../../../src/cli/check.ts';

describe('lvsd check', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvsd-check-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function check(content: string | Uint8Array | null) {
    const file = join(folder, 'lvsd.yaml');
    rmSync(file, { force: true });
    if (content !== null) writeFileSync(file, content);
    let out = '';
    let err = '';
    const code = await runCheck(file, { write: (text) => (out += text) }, { write: (text) => (err += text) });
    return { code, out: out.replaceAll(file, 'FILE'), err: err.replaceAll(file, 'FILE') };
  }

  it('valid: a summary and 0', async () => {
    assert.deepEqual(await check('virtual_servers: [{ name: a, fwmark: 1 }, { name: b, fwmark: 2 }]'), {
      code: 0,
      out: 'FILE: valid: 0 virtual routers, 2 virtual servers, 0 real servers\n',
      err: '',
    });
  });

  it('programs that cannot be run here are a warning: another machine may have them', async () => {
    const text = `vrrp:
  - name: a
    interface: eth0
    virtual_router_id: 1
    virtual_addresses: [192.0.2.1]
    track: [{ script: s }]
    notify: { master: /nowhere/m }
tracked_scripts: [{ name: s, command: /nowhere/s }, { name: unused, command: /nowhere/u }]
`;
    assert.deepEqual(await check(text), {
      code: 0,
      out:
        'FILE: warning: tracked script s counts as failed: `/nowhere/s` cannot be run: there is no such file\n' +
        'FILE: warning: tracked script unused is looked at by nobody: no `track` of a virtual router names it\n' +
        'FILE: warning: notify.master of a: `/nowhere/m` cannot be run: there is no such file\n' +
        'FILE: valid: 1 virtual router, 0 virtual servers, 0 real servers\n',
      err: '',
    });
  });

  it('a FIFO that cannot be is a warning', async () => {
    const text = `vrrp:
  - { name: a, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }
notifications: { fifo: /etc/passwd, fifo_user: nobody-of-this-name }
`;
    assert.equal(
      (await check(text)).out,
      'FILE: warning: notifications.fifo_user: there is no user `nobody-of-this-name` in /etc/passwd\n' +
        'FILE: warning: notifications.fifo: /etc/passwd is there already, and is not a FIFO\n' +
        'FILE: valid: 1 virtual router, 0 virtual servers, 0 real servers\n',
    );
  });

  it('problems: a line each, their number, and 1', async () => {
    assert.deepEqual(await check('vrrp: []\nnaem: a\nipvs: 5\n'), {
      code: 1,
      out:
        'FILE:2:1: naem: unknown key `naem`; did you mean `name`?\n' +
        'FILE:3:7: ipvs: must be a mapping with reconcile_interval, keep_on_exit, exclusive, timeouts, settings, restore_settings; found 5\n' +
        'FILE: 2 problems\n',
      err: '',
    });
  });

  it('one problem is not "1 problems"', async () => {
    assert.match((await check('')).out, /\nFILE: 1 problem\n$/);
  });

  it('no file: the reason and 2', async () => {
    assert.deepEqual(await check(null), { code: 2, out: '', err: 'Cannot read FILE: no such file\n' });
  });

  it('not text: the reason and 2', async () => {
    assert.deepEqual(await check(Uint8Array.of(0x6e, 0xff, 0xfe)), {
      code: 2,
      out: '',
      err: 'Cannot read FILE: it is not UTF-8 text; save it as UTF-8\n',
    });
  });

  it('a directory: the reason and 2', async () => {
    let err = '';
    const code = await runCheck(folder, { write: () => true }, { write: (text) => (err += text) });
    assert.equal(code, 2);
    assert.equal(err, `Cannot read ${folder}: it is a directory; name the file in it\n`);
  });
});
