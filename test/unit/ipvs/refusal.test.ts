import assert from 'node:assert/strict';
import { batchesOf } from '../../../src/ipvs/batch.ts';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import { amend, describeCommand, describeDecodeError, describeRefusal } from '../../../src/ipvs/refusal.ts';
import { delDest, fwmark, newDaemon, newDest, newService, real, setDest, setService, tcp } from './builders.ts';

const WEB = tcp('192.0.2.10', 80);
const A = real('10.0.0.1', 80);
const NEW_SERVICE = newService(WEB, { scheduler: 'wlc' });
const SET_SERVICE = setService(WEB, { scheduler: 'wlc' });
const DEL_SERVICE: IpvsCommand = { command: 'del-service', service: fwmark(7, 6) };
const NEW_DEST = newDest(WEB, A, {});
const SET_DEST = setDest(WEB, A, {});
const DEL_DEST = delDest(WEB, A);
const START = newDaemon({ interface: 'eth9' });
const STOP: IpvsCommand = { command: 'del-daemon', role: 'backup' };
const TIMEOUTS: IpvsCommand = { command: 'set-timeouts', timeouts: { tcpS: 1e9, tcpFinS: null, udpS: null } };
const FLUSH: IpvsCommand = { command: 'flush' };

describe('a refused IPVS command', () => {
  const amendments: readonly (readonly [IpvsCommand, string, IpvsCommand | 'done' | null])[] = [
    [NEW_SERVICE, 'EEXIST', SET_SERVICE],
    [NEW_SERVICE, 'ENOENT', null],
    [SET_SERVICE, 'ESRCH', NEW_SERVICE],
    [SET_SERVICE, 'ENOENT', null],
    [DEL_SERVICE, 'ESRCH', 'done'],
    [NEW_DEST, 'EEXIST', SET_DEST],
    [NEW_DEST, 'ESRCH', null],
    [SET_DEST, 'ENOENT', NEW_DEST],
    [SET_DEST, 'ESRCH', null],
    [DEL_DEST, 'ENOENT', 'done'],
    [DEL_DEST, 'ESRCH', 'done'],
    [DEL_DEST, 'EPERM', null],
    [START, 'EEXIST', null],
    [STOP, 'ESRCH', 'done'],
    [FLUSH, 'EPERM', null],
  ];
  for (const [command, code, expected] of amendments) {
    const title = expected === null ? 'stands' : expected === 'done' ? 'is done' : `becomes ${expected.command}`;
    it(`${command.command} ${code} ${title}`, () => assert.deepEqual(amend(command, code), expected));
  }

  const texts: readonly (readonly [IpvsCommand, string, string])[] = [
    [
      NEW_SERVICE,
      'ENOENT',
      'Cannot add service tcp 192.0.2.10:80: ENOENT (scheduler wlc not found; try: modprobe ip_vs_wlc)',
    ],
    [
      setService(WEB, { scheduler: 'rr', persistenceEngine: 'sip' }),
      'ENOENT',
      'Cannot change service tcp 192.0.2.10:80: ENOENT (scheduler rr or persistence engine sip not found; ' +
        'try: modprobe -a ip_vs_rr ip_vs_pe_sip)',
    ],
    [NEW_SERVICE, 'EPERM', 'Cannot add service tcp 192.0.2.10:80: EPERM (needs root or CAP_NET_ADMIN)'],
    [DEL_SERVICE, 'ESRCH', 'Cannot delete service fwmark 7 ipv6: ESRCH (no such service)'],
    [NEW_DEST, 'ESRCH', 'Cannot add destination 10.0.0.1:80 to tcp 192.0.2.10:80: ESRCH (no such service)'],
    [SET_DEST, 'ENOENT', 'Cannot change destination 10.0.0.1:80 of tcp 192.0.2.10:80: ENOENT (no such destination)'],
    [
      SET_DEST,
      'ERANGE',
      'Cannot change destination 10.0.0.1:80 of tcp 192.0.2.10:80: ERANGE ' +
        '(the weight is negative or the lower threshold is above the upper one)',
    ],
    [
      DEL_DEST,
      'ENOMEM',
      'Cannot delete destination 10.0.0.1:80 from tcp 192.0.2.10:80: ENOMEM (the kernel is out of memory)',
    ],
    [START, 'ENODEV', 'Cannot start the master sync daemon on eth9: ENODEV (no interface eth9)'],
    [STOP, 'ESRCH', 'Cannot stop the backup sync daemon: ESRCH (it is not running)'],
    [
      TIMEOUTS,
      'EINVAL',
      'Cannot set the connection timeouts: EINVAL (a timeout is too long; 2678400 seconds are safe)',
    ],
    [FLUSH, 'EIO', 'Cannot flush the IPVS table: EIO'],
  ];
  for (const [command, code, expected] of texts) {
    it(expected, () => assert.equal(describeRefusal(command, code), expected));
  }

  it('names what ZERO is about', () => {
    assert.equal(describeCommand({ command: 'zero', service: WEB }), 'zero the statistics of tcp 192.0.2.10:80');
    assert.equal(describeCommand({ command: 'zero', service: null }), 'zero the statistics of all services');
  });
});

describe('an IPVS reply that cannot be read', () => {
  it('is told in words', () => {
    const told = [
      describeDecodeError({ kind: 'short', need: 4, have: 2 }),
      describeDecodeError({ kind: 'command', want: 1, got: 5 }),
      describeDecodeError({ kind: 'attributes', error: { kind: 'length', offset: 4, length: 9, available: 8 } }),
      describeDecodeError({ kind: 'attribute', name: 'IPVS_SVC_ATTR_AF' }),
      describeDecodeError({ kind: 'value', name: 'IPVS_SVC_ATTR_AF', got: 99 }),
    ];
    assert.deepEqual(told, [
      '2 bytes, need 4',
      'command 5, want 1',
      'malformed attributes at offset 4',
      'attribute IPVS_SVC_ATTR_AF is missing or malformed',
      'attribute IPVS_SVC_ATTR_AF is 99',
    ]);
  });
});

describe('batches of IPVS commands', () => {
  const lengths = (commands: readonly IpvsCommand[]): number[] => batchesOf(commands, 3).map(({ length }) => length);
  const rows: readonly (readonly [string, readonly IpvsCommand[], readonly number[]])[] = [
    ['nothing', [], []],
    ['one', [FLUSH], [1]],
    ['as many as fit', [FLUSH, FLUSH, FLUSH], [3]],
    ['one more', [FLUSH, FLUSH, FLUSH, FLUSH], [3, 1]],
    ['a daemon command is alone', [FLUSH, STOP, FLUSH, FLUSH], [1, 1, 2]],
    ['daemon commands are alone', [STOP, START], [1, 1]],
  ];
  for (const [what, commands, expected] of rows) it(what, () => assert.deepEqual(lengths(commands), expected));

  it('keep the order', () => {
    const commands = [NEW_SERVICE, NEW_DEST, STOP, START, DEL_DEST, DEL_SERVICE, FLUSH, SET_DEST];
    assert.deepEqual(batchesOf(commands, 3).flat(), commands);
  });
});
