import assert from 'node:assert/strict';
import { commandOf, type Finding, nextActions } from '../../../src/doctor/finding.ts';
import { renderReport, reportJson } from '../../../src/doctor/render.ts';
import { rolesOf } from '../../../src/doctor/roles.ts';
import { parseUndoRecord, undoCommandOf } from '../../../src/doctor/undo.ts';

const add = {
  do: 'add-address',
  interface: 'lo',
  address: '10.0.0.100',
  prefixLength: 32,
  scope: null,
  label: null,
  deprecated: true,
} as const;
const finding = (fix: Finding['fix'], more: Partial<Finding> = {}): Finding => ({
  id: 'some',
  severity: 'error',
  what: 'Something is wrong',
  why: 'It breaks',
  fix,
  safe: true,
  ...more,
});
const ignore = { do: 'set', key: 'net/ipv4/conf/eth0/arp_ignore', value: '1' } as const;

describe('doctor: what --fix does', () => {
  it('modules first, then settings, then links, then addresses; deletes last', () => {
    const remove = { ...add, do: 'delete-address', interface: 'eth0' } as const;
    const module = { do: 'load-module', module: 'ipip' } as const;
    const up = { do: 'link-up', interface: 'tunl0' } as const;
    const order = [module, ignore, up, add, remove];
    for (let done = 0; done < order.length; done++) {
      const left = order.slice(done).toReversed();
      assert.deepEqual(nextActions([finding(left)]), [order[done]]);
    }
    assert.deepEqual(nextActions([]), []);
  });

  it('does each command once, and nothing that is not safe', () => {
    const other = { ...ignore, value: '2' } as const;
    assert.deepEqual(nextActions([finding([ignore]), finding([ignore]), finding([other], { safe: false })]), [ignore]);
    assert.deepEqual(nextActions([finding([{ do: 'run', command: 'reboot' }])]), []);
  });

  it('spells commands for a shell', () => {
    assert.equal(
      commandOf({ do: 'set', key: 'net/ipv4/vs/sync_threshold', value: '3 50' }),
      "sysctl -w net.ipv4.vs.sync_threshold='3 50'",
    );
    assert.equal(
      commandOf({ ...add, scope: 'host', label: 'lo:1' }),
      'ip address add 10.0.0.100/32 dev lo scope host label lo:1',
    );
    assert.equal(
      commandOf({ ...add, address: 'fd00::100', prefixLength: 128, deprecated: false }),
      'ip -6 address add fd00::100/128 dev lo nodad',
    );
  });
});

describe('doctor: what --undo does', () => {
  it('the opposite', () => {
    assert.equal(
      undoCommandOf({ changed: 'setting', key: ignore.key, before: '0', after: '1' }),
      'sysctl -w net.ipv4.conf.eth0.arp_ignore=0',
    );
    assert.equal(undoCommandOf({ changed: 'address-added', action: add }), 'ip address del 10.0.0.100/32 dev lo');
    assert.equal(
      undoCommandOf({
        changed: 'address-deleted',
        action: { ...add, do: 'delete-address', interface: 'eth0', label: 'eth0:1' },
      }),
      'ip address add 10.0.0.100/32 dev eth0 label eth0:1',
    );
    assert.equal(undoCommandOf({ changed: 'link-up', interface: 'tunl0' }), 'ip link set tunl0 down');
    assert.equal(undoCommandOf({ changed: 'module-loaded', module: 'ipip' }), 'modprobe -r ipip');
  });

  const record = (...changes: readonly unknown[]): string =>
    JSON.stringify({ format: 1, bootId: 'b', namespace: 'net:[1]', changes });
  const refused: readonly [string, string][] = [
    ['no JSON', '{'],
    ['no record', '[]'],
    ['another format', record().replace('1', '2')],
    ['an unknown change', record({ changed: 'everything' })],
    ['a key outside of net', record({ changed: 'setting', key: 'kernel/core_pattern', before: '|/bin/sh', after: '' })],
    ['a key that climbs', record({ changed: 'setting', key: 'net/../kernel/core_pattern', before: 'x', after: '' })],
    ['a change without its values', record({ changed: 'setting', key: 'net/ipv4/ip_forward' })],
  ];
  for (const [name, text] of refused) {
    it(`refuses ${name}`, () => assert.equal(parseUndoRecord(text).ok, false));
  }

  it('reads its own record back', () => {
    const changes = [
      { changed: 'address-added', action: add },
      { changed: 'module-loaded', module: 'ipip' },
    ];
    const parsed = parseUndoRecord(record(...changes));
    assert.deepEqual(parsed.ok && parsed.value.changes, changes);
  });
});

describe('doctor: the report', () => {
  const report = {
    role: 'real-server',
    configFile: null,
    virtualAddresses: ['10.0.0.100 (direct)'],
    findings: [finding([ignore, add])],
    notChecked: ['The table: EPERM'],
    changes: null,
  } as const;

  it('for people: what, why, the commands, what was not checked, the sum', () => {
    assert.equal(
      renderReport(report, { colour: false }),
      `error: Something is wrong [some]
  why:  It breaks
  fix:  sysctl -w net.ipv4.conf.eth0.arp_ignore=1
  fix:  ip address add 10.0.0.100/32 dev lo

not checked: The table: EPERM

Real server of 10.0.0.100 (direct): 1 error; --fix mends 1
`,
    );
  });

  it('says so when nothing is wrong', () => {
    const healthy = { ...report, role: 'director', configFile: 'a.yaml', findings: [], notChecked: [] } as const;
    assert.equal(renderReport(healthy, { colour: true }), 'Director (a.yaml): nothing wrong\n');
  });

  it('as JSON', () => {
    assert.deepEqual(reportJson({ ...report, findings: [finding([], { safe: false })] }), {
      format: 1,
      role: 'real-server',
      configFile: null,
      virtualAddresses: ['10.0.0.100 (direct)'],
      findings: [
        { id: 'some', severity: 'error', what: 'Something is wrong', why: 'It breaks', fix: null, safe: false },
      ],
      notChecked: ['The table: EPERM'],
      changes: null,
    });
  });
});

describe('doctor: --real-server', () => {
  const direct = { forwarding: 'direct', tunnel: 'ipip' };
  const base = { vip: '10.0.0.100', family: 4, forwarding: 'direct', tunnel: 'ipip', tunnelPort: 6080 };

  it('takes addresses with and without a method', () => {
    assert.deepEqual(rolesOf(['10.0.0.100', '2001:DB8::1:nat'], direct), {
      ok: true,
      value: [base, { ...base, vip: '2001:db8::1', family: 6, forwarding: 'nat' }],
    });
    assert.deepEqual(rolesOf(['10.0.0.100:tunnel'], { forwarding: 'nat', tunnel: 'gue:5555' }), {
      ok: true,
      value: [{ ...base, forwarding: 'tunnel', tunnel: 'gue', tunnelPort: 5555 }],
    });
  });

  const refused: readonly [readonly string[], typeof direct, RegExp][] = [
    [['10.0.0'], direct, /^--real-server 10\.0\.0: must be an address/],
    [['10.0.0.100/32'], direct, /must be an address/],
    [['127.0.0.1'], direct, /must be the virtual address/],
    [['10.0.0.100'], { ...direct, forwarding: 'drect' }, /^--forwarding drect: must be one of/],
    [['10.0.0.100'], { ...direct, tunnel: 'gue:0' }, /^--tunnel gue:0/],
    [['10.0.0.100'], { ...direct, tunnel: 'ipip:80' }, /^--tunnel ipip:80/],
    [['10.0.0.100'], { ...direct, tunnel: 'gue:70000' }, /^--tunnel gue:70000/],
  ];
  for (const [texts, options, message] of refused) {
    it(`refuses ${texts.join(' ')} with ${options.forwarding}, ${options.tunnel}`, () => {
      const result = rolesOf(texts, options);
      assert.match(result.ok ? '' : result.error, message);
    });
  }
});
