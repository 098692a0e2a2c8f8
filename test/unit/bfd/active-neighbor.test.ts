import assert from 'node:assert/strict';
import { isHeardOtherwise, mayBeActive } from '../../../src/bfd/active-neighbor.ts';
import { config as v4 } from './builders.ts';

const global6 = { ...v4, neighbor: 'fd00::3', family: 6 } as const;
const local6 = { ...global6, neighbor: 'fe80::3' } as const;
const router4 = { interface: 'eth0', family: 4 } as const;
const router6 = { interface: 'eth0', family: 6 } as const;

describe('bfd/active-neighbor: the neighbour that fell silent can be the Active Router', () => {
  const table = [
    ['its advertisements are heard', v4, router4, '192.0.2.3', true],
    ['another one is heard: a third director fell silent', v4, router4, '192.0.2.4', false],
    ['nobody was heard', v4, router4, null, true],
    ['the session is on another link', { ...v4, interface: 'eth1' }, router4, '192.0.2.4', true],
    ['the session is of the other family', v4, router6, 'fe80::4', true],
    ['IPv6, link-local both', local6, router6, 'fe80::3', true],
    ['IPv6, link-local both, another one', local6, router6, 'fe80::4', false],
    ['IPv6, a global neighbour: advertisements have link-local sources', global6, router6, 'fe80::4', true],
    ['IPv6, unicast between global addresses', global6, router6, 'fd00::4', false],
  ] as const;
  for (const [rule, session, router, active, expected] of table) {
    it(`${rule}: ${expected}`, () => assert.equal(mayBeActive(session, router, active), expected));
  }
});

describe('bfd/active-neighbor: advertisements that came while BFD was silent already tell that the neighbour lives', () => {
  const table = [
    ['it died between two packets of BFD, just after an advertisement', 800, 620, false],
    ['the last advertisement came before the last packet', 900, 1500, false],
    ['one came when two packets were missing', 900, 250, true],
    ['one came this moment', 900, 0, true],
    ['one packet was just late', 900, 550, false],
  ] as const;
  for (const [what, forMs, heardMsAgo, expected] of table) {
    it(`${what}: ${expected}`, () => assert.equal(isHeardOtherwise({ forMs, intervalMs: 300 }, heardMsAgo), expected));
  }

  it('a multiplier of 1 leaves no time to tell: false', () => {
    assert.equal(isHeardOtherwise({ forMs: 300, intervalMs: 300 }, 0), false);
  });
});
