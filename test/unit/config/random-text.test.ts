import assert from 'node:assert/strict';
import fc from 'fast-check';
import { loadConfig } from '../../../src/config/load.ts';
import { SERVER } from '../../vectors/bad-config/bad-config.ts';

/** Never throws; either a configuration, or problems that lie within the text and are in order. */
function checkOutcome(text: string): void {
  const loaded = loadConfig(text);
  if (loaded.ok) return;
  assert.ok(loaded.error.length > 0);
  const lines = text.split('\n').length;
  let last = { line: 1, column: 1 };
  for (const problem of loaded.error) {
    assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1, JSON.stringify({ text, problem }));
    assert.ok(problem.message.length > 0 && !problem.message.includes('\n'), problem.message);
    assert.ok(problem.line > last.line || (problem.line === last.line && problem.column >= last.column), text);
    last = problem;
  }
}

const VALID = `${SERVER}    scheduler: mh
    scheduler_flags: [mh-port]
    persistence: &p { timeout: 5m, prefix_length: 24 }
    checks: [{ type: http, status: [200, "300-399"] }, { type: tcp, port: 8 }]
    real_servers:
      - { address: 10.0.0.1, weight: 3, upper_threshold: 5, lower_threshold: 4 }
      - address: 10.0.0.2
        checks: []
    sorry_server: { address: 10.0.0.3 }
  - name: b
    addresses: [192.0.2.8, 192.0.2.10-192.0.2.12]
    ports: [80, "8000-8002"]
    forwarding: tunnel
    tunnel: { type: gue, port: 6080, checksum: full }
    drain_timeout: 1m
    checks: []
    real_servers: [{ address: 10.0.0.1 }]
  - { name: c, fwmarks: [1, 2], forwarding: fullnat, source_addresses: [192.0.2.9], checks: [], real_servers: [{ address: 10.0.0.1 }] }
ipvs: { exclusive: true, timeouts: { tcp: 1m }, settings: { sync_threshold: 3, sync_period: 9, drop_entry: auto } }
vrrp:
  - { name: v, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1/24] }
connection_sync: { follow: v, interface: eth1 }
`;

describe('config: any text', () => {
  it('the starting point of the mutations is valid', () => assert.ok(loadConfig(VALID).ok));

  it('random characters never throw', () => {
    const text = fc.string({
      unit: fc.constantFrom(...' \n\t:-[]{}&*!|>?#"\'%@`,abc019.<\\\u0000\u00e9\ud800'),
      maxLength: 60,
    });
    fc.assert(fc.property(text, checkOutcome), { numRuns: 1500 });
  });

  it('random Unicode never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), checkOutcome), { numRuns: 300 });
  });

  it('random values in the place of sections never throw', () => {
    const key = fc.constantFrom(
      'name',
      'vrrp',
      'virtual_servers',
      'defaults',
      'ipvs',
      'connection_sync',
      '__proto__',
      'x',
    );
    const value = fc.jsonValue({ maxDepth: 3 });
    const text = fc
      .array(fc.tuple(key, value), { maxLength: 5 })
      .map((list) => list.map(([k, v]) => `${k}: ${JSON.stringify(v)}\n`).join(''));
    fc.assert(fc.property(text, checkOutcome), { numRuns: 500 });
  });

  it('a valid file with a piece cut out or put in never throws', () => {
    const piece = fc.constantFrom(
      '',
      '\n',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '*p',
      '&p ',
      'null',
      '-1',
      '"',
      '1s',
      '    ',
      'name: a\n',
    );
    const edit = fc.tuple(fc.nat(VALID.length), fc.nat(30), piece);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = VALID;
        for (const [at, length, added] of edits) text = text.slice(0, at) + added + text.slice(at + length);
        checkOutcome(text);
      }),
      { numRuns: 500 },
    );
  }).timeout(10_000);

  // mocha keeps whole stacks, and the parser makes an error at every level of an overflowing one: seconds, not milliseconds.
  const stackTraceLimit = Error.stackTraceLimit;
  before(() => {
    Error.stackTraceLimit = 10;
  });
  after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it('deep nesting and wide mappings end soon, with a problem', () => {
    for (const text of ['['.repeat(20_000), '{a: '.repeat(20_000), `a${': \n a'.repeat(10)}`, '- '.repeat(20_000)]) {
      assert.equal(loadConfig(text).ok, false);
      checkOutcome(text);
    }
    const wide = Array.from({ length: 3000 }, (_, index) => `key${index}: 1\n`).join('');
    const loaded = loadConfig(wide);
    assert.equal(loaded.ok ? 0 : loaded.error.length, 3000);
  });
});
