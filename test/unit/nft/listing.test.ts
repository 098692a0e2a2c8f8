import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readListing } from '../../../src/nft/listing.ts';

/** Printed by nft 1.0.6. */
const HEAD = '{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}';
const TABLE = '{"table": {"family": "inet", "name": "lvsd", "handle": 3}}';
const MAP =
  '{"map": {"family": "inet", "name": "by_service4", "table": "lvsd", "type": ["inet_proto", "ipv4_addr", "inet_service", "ipv4_addr", "inet_service"], "handle": 7, "map": "verdict", "elem": [[{"concat": [17, "10.0.0.1", 53, "10.1.0.21", 53]}, {"goto": {"target": "to_interface"}}], [{"concat": [6, "10.0.0.1", 81, "10.1.0.21", 8080]}, {"return": null}]]}}';
const SET =
  '{"set": {"family": "inet", "name": "not_rewritten4", "table": "lvsd", "type": ["ipv4_addr", "ipv4_addr"], "handle": 9, "elem": [{"concat": ["10.1.0.21", "10.1.0.21"]}]}}';
const EMPTY =
  '{"map": {"family": "inet", "name": "by_mark4", "table": "lvsd", "type": ["mark", "ipv4_addr"], "handle": 8, "map": "verdict"}}';
const RULE =
  '{"rule": {"family": "inet", "table": "lvsd", "chain": "to_interface", "handle": 11, "expr": [{"masquerade": null}]}}';

const listing = (...objects: readonly string[]): string => `{"nftables": [${[HEAD, TABLE, ...objects].join(', ')}]}`;

function structureOf(...objects: readonly string[]): string {
  const read = readListing(listing(...objects));
  return read.ok ? read.value.structure : assert.fail(read.error);
}

describe('nft/listing', () => {
  it('reads the elements of maps and sets', () => {
    const read = readListing(listing(MAP, SET, EMPTY, RULE));
    assert.deepEqual(read.ok && [...read.value.maps].map(([name, elements]) => [name, [...elements]]), [
      [
        'by_service4',
        [
          ['17 . 10.0.0.1 . 53 . 10.1.0.21 . 53', 'goto to_interface'],
          ['6 . 10.0.0.1 . 81 . 10.1.0.21 . 8080', 'return'],
        ],
      ],
      ['not_rewritten4', [['10.1.0.21 . 10.1.0.21', '']]],
      ['by_mark4', []],
    ]);
  });

  it('the structure is the same whatever elements and handles there are', () => {
    const other = MAP.replace('"handle": 7', '"handle": 70').replace('"return": null', '"accept": null');
    assert.equal(structureOf(MAP, RULE), structureOf(other, RULE));
    assert.equal(structureOf(MAP, RULE), structureOf(MAP.replace(/, "elem": .*/, '}}'), RULE));
  });

  for (const [what, changed] of [
    ['a rule', RULE.replace('masquerade', 'accept')],
    ['a rule more', `${RULE}, ${RULE}`],
    ['a chain', RULE.replace('to_interface', 'elsewhere')],
  ] as const) {
    it(`the structure is another with another ${what}`, () => {
      assert.notEqual(structureOf(MAP, RULE), structureOf(MAP, changed));
    });
  }

  it('takes an element that we never write for one that nobody wants', () => {
    const odd = MAP.replace('{"return": null}', '{"jump": {"target": "x"}}').replace(
      '{"concat": [17, "10.0.0.1", 53, "10.1.0.21", 53]}',
      '{"elem": {"val": 1, "comment": "x"}}',
    );
    const read = readListing(listing(odd));
    assert.deepEqual(read.ok && [...(read.value.maps.get('by_service4') ?? [])], [
      ['{"elem":{"val":1,"comment":"x"}}', 'goto to_interface'],
      ['6 . 10.0.0.1 . 81 . 10.1.0.21 . 8080', '{"jump":{"target":"x"}}'],
    ]);
  });

  for (const [what, text, error] of [
    ['no JSON', 'Error: x', 'the listing has no list "nftables"'],
    ['an empty text', '', 'the listing has no list "nftables"'],
    ['another object', '{"nftables": 1}', 'the listing has no list "nftables"'],
    ['a list of numbers', '{"nftables": [1]}', 'the listing has an entry that is no object'],
    ['elements that are no list', listing('{"map": {"name": "x", "elem": 1}}'), 'the listing has an odd map'],
    ['a set without a name', listing('{"set": {"elem": []}}'), 'the listing has an odd set'],
  ] as const) {
    it(`refuses ${what}`, () => assert.deepEqual(readListing(text), { ok: false, error }));
  }

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => readListing(text) !== undefined));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => readListing(JSON.stringify({ nftables: [{ map: value }] })) !== undefined),
    );
  });
});
