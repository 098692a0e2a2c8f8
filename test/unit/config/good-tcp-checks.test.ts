import assert from 'node:assert/strict';
import { checkPreset, type PresetConfig } from '../../../src/config/checks/preset-form.ts';
import { PRESETS, resolvePresets } from '../../../src/config/checks/presets.ts';
import type { StepConfig } from '../../../src/config/checks/steps.ts';
import type { TcpCheckConfig } from '../../../src/config/checks/tcp.ts';
import type { UdpCheckConfig } from '../../../src/config/checks/udp.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configOf } from './builders.ts';

/** A file with one check, in YAML's flow style, and perhaps presets. */
function fileWith(check: string, presets = ''): string {
  return `
${presets}
virtual_servers:
  - name: a
    address: 192.0.2.1
    port: 25
    real_servers: [{ address: 10.0.0.11 }]
    checks:
      - ${check}
`;
}

function stepsOf(check: string, presets = ''): readonly StepConfig[] {
  const found = configOf(fileWith(check, presets)).virtualServers[0]?.realServers[0]?.checks[0];
  assert.ok(found?.type === 'tcp');
  const tcp: TcpCheckConfig = found;
  return tcp.steps;
}

function udpOf(check: string, presets = ''): Pick<UdpCheckConfig, 'send' | 'expect'> {
  const found = configOf(fileWith(check, presets)).virtualServers[0]?.realServers[0]?.checks[0];
  assert.ok(found?.type === 'udp');
  return { send: found.send, expect: found.expect };
}

/** What is said against it, without places. */
function problemsOf(check: string, presets = ''): readonly string[] {
  const loaded = loadConfig(fileWith(check, presets));
  return loaded.ok ? [] : loaded.error.map(({ path, message }) => `${path}: ${message}`);
}

const expecting = (pattern: object, more: object = {}) =>
  ({ do: 'expect', pattern, reject: null, answer: null, withinMs: null, ...more }) as const;
const CAREFUL = { serverName: null, verify: true, caFile: null, expiryWarningDays: 14 };

describe('config: tcp checks', () => {
  const GOOD: readonly (readonly [string, readonly unknown[]])[] = [
    ['{ type: tcp }', []],
    ['{ type: tcp, send: "" }', []],
    ['{ type: tcp, send: "a\\r\\n" }', [{ do: 'send', payload: { kind: 'text', text: 'a\r\n' } }]],
    ['{ type: tcp, expect: b }', [expecting({ kind: 'text', text: 'b' })]],
    ['{ type: tcp, expect: { text: b } }', [expecting({ kind: 'text', text: 'b' })]],
    ['{ type: tcp, expect: { regex: "^2\\\\d\\\\d" } }', [expecting({ kind: 'regex', regex: '^2\\d\\d' })]],
    [
      '{ type: tcp, send: { hex: "0A 0b:0C" }, expect: { hex: "0X ?F" } }',
      [{ do: 'send', payload: { kind: 'hex', hex: '0a0b0c' } }, expecting({ kind: 'hex', hex: '0??f' })],
    ],
    // Braces mean nothing outside of presets.
    ['{ type: tcp, send: "{random}" }', [{ do: 'send', payload: { kind: 'text', text: '{random}' } }]],
    ['{ type: tcp, tls: true }', [{ do: 'tls', tls: CAREFUL }]],
    ['{ type: tcp, tls: false }', []],
    [
      '{ type: tcp, tls: { server_name: a.example, verify: false, ca_file: /a.pem, expiry_warning: 0d }, expect: b }',
      [
        { do: 'tls', tls: { serverName: 'a.example', verify: false, caFile: '/a.pem', expiryWarningDays: 0 } },
        expecting({ kind: 'text', text: 'b' }),
      ],
    ],
    [
      '{ type: tcp, steps: [{ expect: a, within: 500ms, reject: b }, { send: c }, { send: d, expect: e }] }',
      [
        expecting({ kind: 'text', text: 'a' }, { withinMs: 500, reject: { kind: 'text', text: 'b' } }),
        { do: 'send', payload: { kind: 'text', text: 'c' } },
        { do: 'send', payload: { kind: 'text', text: 'd' } },
        expecting({ kind: 'text', text: 'e' }),
      ],
    ],
    ['{ type: tcp, steps: [{ starttls: true }] }', [{ do: 'tls', tls: CAREFUL }]],
    [
      '{ type: tcp, tls: { verify: false }, steps: [{ expect: a }, { starttls: true }] }',
      [expecting({ kind: 'text', text: 'a' }), { do: 'tls', tls: { ...CAREFUL, verify: false } }],
    ],
  ];
  for (const [check, steps] of GOOD) {
    it(check, () => assert.deepEqual(stepsOf(check), steps));
  }

  const BAD: readonly (readonly [string, RegExp])[] = [
    ['{ type: tcp, send: a, steps: [] }', /checks\[0\]\.send: does not go with `steps`/],
    ['{ type: tcp, preset: smtp, expect: a }', /\.expect: does not go with `preset`/],
    ['{ type: tcp, preset_values: { a: b } }', /preset_values: goes with `preset`, which is missing/],
    ['{ type: tcp, preset: smpt }', /preset: must name a preset for tcp checks; found "smpt"; did you mean "smtp"\?/],
    ['{ type: tcp, preset: ntp }', /"ntp" is for udp checks/],
    ['{ type: udp, preset: smtp }', /"smtp" is for tcp checks/],
    [
      '{ type: tcp, preset: redis-auth }',
      /preset "redis-auth": needs a value for \{password\}: give it in `preset_values`/,
    ],
    ['{ type: tcp, preset: smtp, preset_values: { port: "1" } }', /preset_values\.port: is always there/],
    ['{ type: tcp, send: { hex: "0" } }', /checks\[0\]\.send\.hex: must be pairs of hexadecimal digits; found "0"/],
    ['{ type: tcp, send: { hex: "0?" } }', /send\.hex: must be pairs of hexadecimal digits; found "0\?"/],
    ['{ type: tcp, expect: { hex: "" } }', /expect\.hex: must be pairs of hexadecimal digits, or \?/],
    ['{ type: tcp, expect: { regex: "(" } }', /expect\.regex: has a \( without \); found "\("/],
    ['{ type: tcp, expect: { text: a, hex: "00" } }', /expect: must hold one of `text`, `hex`, `regex`/],
    ['{ type: tcp, expect: { regx: a } }', /unknown key `regx`; did you mean `regex`\?/],
    [
      '{ type: tcp, preset: smtp, preset_values: { hello: x } }',
      /preset_values\.hello: must name a variable of preset "smtp"; found "hello"; did you mean "helo"\?/,
    ],
    ['{ type: tcp, preset: smtp, preset_values: { A: b } }', /preset_values\.A: must be a name of small letters/],
    ['{ type: tcp, expect: 5 }', /expect: must be text or a mapping with one of text, hex, regex; found 5/],
    ['{ type: tcp, steps: [{}] }', /steps\[0\]: must hold `send`, `expect` or `starttls: true`/],
    ['{ type: tcp, steps: [{ send: a, within: 1s }] }', /within: goes with `expect`, which is missing/],
    ['{ type: tcp, steps: [{ send: a, starttls: true }] }', /`starttls` stands alone/],
    ['{ type: tcp, steps: [{ starttls: true }, { starttls: true }] }', /one `starttls` at most/],
    ['{ type: tcp, tls: { server_name: "a b" } }', /server_name: must be a host name/],
    ['{ type: tcp, tls: { expiry_warning: 14 } }', /expiry_warning: must be a number of days from 0d to 999d/],
    ['{ type: tcp, tls: 5 }', /tls: must be true, false or a mapping/],
    ['{ type: tcp, send: { hex: "00", sign: { hmac_md5: a, at: 0 } } }', /sign\.at: must be 16 bytes before the end/],
  ];
  for (const [check, problem] of BAD) {
    it(`refuses ${check}`, () => assert.match(problemsOf(check).join('\n'), problem));
  }
});

describe('config: presets', () => {
  it('puts values in where they are used', () => {
    const presets = `check_presets:
  - { name: hello, type: tcp, values: { who: you }, steps: [{ send: "{host} {port} {who} {x", expect: { regex: "^{address}$" } }] }`;
    assert.deepEqual(stepsOf('{ type: tcp, preset: hello }', presets), [
      { do: 'send', payload: { kind: 'text', text: '10.0.0.11 25 you {x' } },
      expecting({ kind: 'regex', regex: '^10\\.0\\.0\\.11$' }),
    ]);
    const own = stepsOf(
      '{ type: tcp, preset: hello, preset_values: { who: me }, address: "2001:db8::1", port: 7 }',
      presets,
    );
    assert.deepEqual(own[0], { do: 'send', payload: { kind: 'text', text: '[2001:db8::1] 7 me {x' } });
  });

  it('puts them into bytes, with their lengths', () => {
    const presets = `check_presets:
  - { name: a, type: udp, steps: [{ send: { hex: "{length:who+2} {who}{random:3}" }, expect: { hex: "{random:3}??" } }] }`;
    assert.deepEqual(udpOf('{ type: udp, preset: a, preset_values: { who: "ü!" } }', presets), {
      send: { kind: 'fresh', form: 'hex', template: '05c3bc21{random:3}', sign: null },
      expect: { kind: 'fresh', form: 'hex', template: '{random:3}??' },
    });
    const tooLong = `{ type: udp, preset: a, preset_values: { who: "${'x'.repeat(126)}" } }`;
    assert.match(problemsOf(tooLong, presets).join(), /becomes too long: \{length:who\+2\} is 128/);
  });

  it('replaces one that is built in', () => {
    const presets = 'check_presets: [{ name: smtp, type: tcp, steps: [{ expect: mine }] }]';
    assert.deepEqual(stepsOf('{ type: tcp, preset: smtp }', presets), [expecting({ kind: 'text', text: 'mine' })]);
  });

  it("takes the check's word about TLS", () => {
    assert.deepEqual(stepsOf('{ type: tcp, preset: smtps }')[0], { do: 'tls', tls: CAREFUL });
    const [first] = stepsOf('{ type: tcp, preset: smtps, tls: { server_name: a.example } }');
    assert.deepEqual(first, { do: 'tls', tls: { ...CAREFUL, serverName: 'a.example' } });
    const starttls = stepsOf('{ type: tcp, preset: smtp-starttls, tls: { verify: false } }');
    assert.deepEqual(
      starttls.filter((step) => step.do === 'tls'),
      [{ do: 'tls', tls: { ...CAREFUL, verify: false } }],
    );
  });

  const BAD: readonly (readonly [string, RegExp])[] = [
    ['{ name: a, type: udp, steps: [{ expect: b }] }', /check_presets\[0\]\.steps: must be one step for `type: udp`/],
    ['{ name: a, type: udp, tls: true, steps: [{ send: b }] }', /check_presets\[0\]\.tls: goes with `type: tcp` only/],
    ['{ name: a, type: tcp, steps: [] }', /steps: must hold at least one step/],
    ['{ name: A, type: tcp, steps: [{ send: b }] }', /name: must be a name of small letters/],
    ['{ name: a, type: tcp, values: { port: x }, steps: [{ send: b }] }', /values\.port: must have another name/],
    [
      '{ name: a, type: tcp, steps: [{ send: b }] }, { name: a, type: tcp, steps: [{ send: c }] }',
      /must be unique; "a"/,
    ],
  ];
  for (const [preset, problem] of BAD) {
    it(`refuses ${preset}`, () => {
      assert.match(problemsOf('{ type: tcp }', `check_presets: [${preset}]`).join('\n'), problem);
    });
  }

  it('has 32 random bytes a probe', () => {
    const of = (length: number) => `check_presets: [{ name: a, type: tcp, steps: [{ send: "{random:${length}}" }] }]`;
    assert.deepEqual(problemsOf('{ type: tcp }', of(32)), []);
    assert.match(problemsOf('{ type: tcp }', of(33)).join(), /has \{random:33\}, but a probe has 32 random bytes/);
  });

  it('tells what is wrong in a preset once, in its place, used or not', () => {
    const presets =
      'check_presets: [{ name: a, type: tcp, steps: [{ send: { hex: "{x" } }, { expect: { regex: "(" } }] }]';
    const problems = [
      'check_presets[0].steps[0].send.hex: must be pairs of hexadecimal digits; found "{x"',
      'check_presets[0].steps[1].expect.regex: has a ( without ); found "("',
    ];
    assert.deepEqual(problemsOf('{ type: tcp, preset: a }', presets), problems);
    assert.deepEqual(problemsOf('{ type: tcp }', presets), problems);
  });

  it('says nothing of a preset that it could not read', () => {
    const presets = 'check_presets: [{ name: a, type: tcp, stops: [] }]';
    assert.doesNotMatch(problemsOf('{ type: tcp, preset: a }', presets).join('\n'), /preset:/);
  });

  describe('built in', () => {
    const values = (preset: PresetConfig): Record<string, string> => {
      const wanted = JSON.stringify(preset.steps).matchAll(/\{(secret|password)\}/g);
      return Object.fromEntries([...wanted].map(([, name]) => [name ?? '', 'x']));
    };
    for (const preset of PRESETS.values()) {
      it(`${preset.name} (${preset.type}) is what a file could hold, and resolves`, () => {
        const written = checkPreset.parse(JSON.parse(JSON.stringify(preset)));
        const report: string[] = [];
        resolvePresets([written], [], (_path, message) => report.push(message));
        assert.deepEqual(written.steps, preset.steps);
        const check = `{ type: ${preset.type}, preset: ${preset.name}, preset_values: ${JSON.stringify(values(preset))} }`;
        assert.deepEqual(problemsOf(check), []);
        assert.deepEqual(report, []);
      });
    }
  });
});
