import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  changeScript,
  isEmpty,
  type NatMember,
  type NatTable,
  natTable,
  removeScript,
  replaceScript,
  type SourceTranslation,
} from '../../../src/nft/ruleset.ts';
import { fwmark, real, tcp, udp } from '../ipvs/builders.ts';

const WEB = tcp('192.0.2.1', 80);
const A = real('10.0.0.11', 8080);

function member(
  service: NatMember['service'],
  destination: NatMember['destination'],
  source: SourceTranslation,
): NatMember {
  return { service, destination, source };
}

/** Elements that are there, by map: `by_service4: 6 . ... : goto ...`. */
function elementsOf(table: NatTable): string[] {
  return [...table.maps].flatMap(([name, elements]) =>
    [...elements].map(([key, verdict]) => `${name}: ${key}${verdict === '' ? '' : ` : ${verdict}`}`),
  );
}

interface Row {
  readonly what: string;
  readonly members: readonly NatMember[];
  readonly elements: readonly string[];
  readonly chains: Readonly<Record<string, string>>;
}

const MASQUERADE = { to_interface: 'masquerade' };

const rows: readonly Row[] = [
  { what: 'nothing', members: [], elements: [], chains: {} },
  {
    what: 'a port',
    members: [member(WEB, A, 'masquerade')],
    elements: ['by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to_interface'],
    chains: MASQUERADE,
  },
  {
    what: 'an empty list of addresses as masquerading',
    members: [member(WEB, A, [])],
    elements: ['by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to_interface'],
    chains: MASQUERADE,
  },
  {
    what: "a real server without a port: the service's",
    members: [member(udp('192.0.2.1', 53), real('10.0.0.11', 0), 'masquerade')],
    elements: ['by_service4: 17 . 192.0.2.1 . 53 . 10.0.0.11 . 53 : goto to_interface'],
    chains: MASQUERADE,
  },
  {
    what: 'all ports of an address, whatever port the real server has',
    members: [member(tcp('192.0.2.1', 0), A, 'masquerade')],
    elements: ['by_address4: 6 . 192.0.2.1 . 10.0.0.11 : goto to_interface'],
    chains: MASQUERADE,
  },
  {
    what: 'a firewall mark, and what is only routed to its real server',
    members: [member(fwmark(7), A, 'masquerade')],
    elements: ['by_mark4: 7 . 10.0.0.11 : goto to_interface', 'not_rewritten4: 10.0.0.11 . 10.0.0.11'],
    chains: MASQUERADE,
  },
  {
    what: 'IPv6',
    members: [
      member(tcp('2001:db8::1', 443), real('2001:db8:1::11', 443), ['2001:db8::5']),
      member(fwmark(7, 6), real('2001:db8:1::11', 0), 'masquerade'),
    ],
    elements: [
      'by_mark6: 7 . 2001:db8:1::11 : goto to_interface',
      'not_rewritten6: 2001:db8:1::11 . 2001:db8:1::11',
      'by_service6: 6 . 2001:db8::1 . 443 . 2001:db8:1::11 . 443 : goto to/2001_db8__5',
    ],
    chains: { 'to/2001_db8__5': 'snat ip6 to 2001:db8::5', ...MASQUERADE },
  },
  {
    what: 'several source addresses: the client decides, on every director alike',
    members: [member(WEB, A, ['192.0.2.5', '192.0.2.6'])],
    elements: ['by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to/192.0.2.5/192.0.2.6'],
    chains: {
      'to/192.0.2.5/192.0.2.6':
        'snat ip to jhash ip saddr . th sport mod 2 seed 1 map { 0 : 192.0.2.5, 1 : 192.0.2.6 }',
    },
  },
  {
    what: 'no plain NAT on its own',
    members: [member(WEB, A, 'keep')],
    elements: [],
    chains: {},
  },
  {
    what: 'no plain NAT that shares a real server by another port',
    members: [member(WEB, A, 'keep'), member(tcp('192.0.2.1', 81), A, 'masquerade')],
    elements: ['by_service4: 6 . 192.0.2.1 . 81 . 10.0.0.11 . 8080 : goto to_interface'],
    chains: MASQUERADE,
  },
  {
    what: 'plain NAT of a port whose address has full NAT on all others',
    members: [
      member(tcp('192.0.2.1', 0), A, 'masquerade'),
      member(WEB, A, 'keep'),
      member(udp('192.0.2.1', 80), A, 'keep'),
    ],
    elements: [
      'by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : return',
      'by_address4: 6 . 192.0.2.1 . 10.0.0.11 : goto to_interface',
    ],
    chains: MASQUERADE,
  },
  {
    what: 'plain NAT of a mark that shares a real server with full NAT',
    members: [member(WEB, A, 'masquerade'), member(fwmark(7), real('10.0.0.11', 0), 'keep')],
    elements: [
      'by_mark4: 7 . 10.0.0.11 : return',
      'not_rewritten4: 10.0.0.11 . 10.0.0.11',
      'by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to_interface',
    ],
    chains: MASQUERADE,
  },
  {
    what: 'no real server of the other family',
    members: [member(WEB, real('2001:db8::11', 80), 'masquerade')],
    elements: [],
    chains: {},
  },
  {
    what: 'a member named twice as the last time',
    members: [member(WEB, A, ['192.0.2.5']), member(WEB, A, ['192.0.2.6'])],
    elements: ['by_service4: 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to/192.0.2.6'],
    chains: { 'to/192.0.2.5': 'snat ip to 192.0.2.5', 'to/192.0.2.6': 'snat ip to 192.0.2.6' },
  },
];

describe('nft/ruleset', () => {
  for (const { what, members, elements, chains } of rows) {
    it(`holds ${what}`, () => {
      const table = natTable(members);
      assert.deepEqual(elementsOf(table), elements);
      assert.deepEqual(Object.fromEntries(table.chains), chains);
      assert.equal(isEmpty(table), Object.keys(chains).length === 0);
    });
  }

  it('keeps the name of a chain short enough for the kernel, and different for different addresses', () => {
    const many = (last: string) => [...Array.from({ length: 20 }, (_, i) => `2001:db8::${i + 1}:1234:5678:9abc`), last];
    const names = ['2001:db8::a', '2001:db8::b'].flatMap((last) => [
      ...natTable([member(tcp('2001:db8::1', 80), real('2001:db8::11', 80), many(last))]).chains.keys(),
    ]);
    assert.equal(new Set(names).size, 2);
    for (const name of names) assert.match(name, /^to\/21\/[0-9a-f]{16}$/);
  });

  it('has as many rules for a thousand members as for one', () => {
    const many = Array.from({ length: 1000 }, (_, i) => member(tcp('192.0.2.1', i + 1), A, 'masquerade'));
    const lines = (members: readonly NatMember[]) => replaceScript(natTable(members)).trim().split('\n').length;
    assert.equal(lines(many), lines(many.slice(0, 1)));
  });

  it('removes and makes the table in one transaction, whether it was there or not', () => {
    assert.equal(removeScript(), 'add table inet lvsd\ndelete table inet lvsd\n');
    assert.ok(
      replaceScript(natTable([])).startsWith('add table inet lvsd\ndelete table inet lvsd\ntable inet lvsd {\n'),
    );
  });

  it('changes nothing when nothing is different', () => {
    const table = natTable([member(WEB, A, 'masquerade'), member(fwmark(7), A, ['192.0.2.5'])]);
    assert.equal(changeScript(table, table), null);
  });

  it('changes by differences: new chains first, old ones last', () => {
    const from = natTable([member(WEB, A, ['192.0.2.5']), member(udp('192.0.2.1', 53), A, 'masquerade')]);
    const to = natTable([member(WEB, A, ['192.0.2.6']), member(udp('192.0.2.1', 53), A, 'masquerade')]);
    assert.deepEqual(changeScript(from, to)?.split('\n'), [
      'add chain inet lvsd to/192.0.2.6',
      'flush chain inet lvsd to/192.0.2.6',
      'add rule inet lvsd to/192.0.2.6 snat ip to 192.0.2.6',
      'delete element inet lvsd by_service4 { 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 }',
      'add element inet lvsd by_service4 { 6 . 192.0.2.1 . 80 . 10.0.0.11 . 8080 : goto to/192.0.2.6 }',
      'delete chain inet lvsd to/192.0.2.5',
      '',
    ]);
  });

  it('a change does what it says: played on the elements of the one table it yields the other', () => {
    const services = [WEB, udp('192.0.2.1', 53), tcp('192.0.2.1', 0), fwmark(7)];
    const sources: readonly SourceTranslation[] = ['keep', 'masquerade', ['192.0.2.5'], ['192.0.2.5', '192.0.2.6']];
    const members = fc.array(
      fc
        .tuple(fc.constantFrom(...services), fc.integer({ min: 11, max: 14 }), fc.constantFrom(...sources))
        .map(([service, host, source]) => member(service, real(`10.0.0.${host}`, 8080), source)),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(members, members, (before, after) => {
        const [from, to] = [natTable(before), natTable(after)];
        assert.deepEqual(played(from, changeScript(from, to) ?? ''), flat(to));
      }),
      { numRuns: 300 },
    );
  });
});

/** Chains and elements as lines. */
function flat(table: NatTable): string[] {
  return [...[...table.chains.keys()].map((name) => `chain ${name}`), ...elementsOf(table)].sort();
}

function played(from: NatTable, script: string): string[] {
  const state = new Set(flat(from));
  const startingWith = (prefix: string) =>
    [...state].find((line) => line === prefix || line.startsWith(`${prefix} : `));
  for (const line of script.split('\n')) {
    const [command = '', kind = '', , , name = ''] = line.split(' ');
    if (kind === 'chain' && command === 'add') state.add(`chain ${name}`);
    if (kind === 'chain' && command === 'delete') assert.ok(state.delete(`chain ${name}`), line);
    if (kind !== 'element') continue;
    for (const element of line.slice(line.indexOf('{') + 2, -2).split(', ')) {
      const held = startingWith(`${name}: ${element.split(' : ')[0]}`);
      if (command === 'delete') assert.ok(held !== undefined && state.delete(held), line);
      else {
        assert.equal(held, undefined, `${line}: is there already`);
        state.add(`${name}: ${element}`);
      }
    }
  }
  return [...state].sort();
}
