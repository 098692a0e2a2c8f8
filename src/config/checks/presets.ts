/**
 * Application protocols as data for the tcp and udp checks: the built-in ones (presets-*.ts), and how a file gives its own
 * (`check_presets`). Pure.
 */
import { freeText } from '../fields.ts';
import { nearest } from '../nearest.ts';
import { type Path, quote, type Report } from '../problems.ts';
import { unknownName } from '../resolve-names.ts';
import type { CheckCommon, CheckContext } from './common.ts';
import type { PatternConfig, PayloadConfig } from './payload.ts';
import { type PresetConfig, presetValues, type RawPreset } from './preset-form.ts';
import { TCP_PRESETS } from './presets-tcp.ts';
import { UDP_PRESETS } from './presets-udp.ts';
import { secretsAmong } from './secrets.ts';
import { resolveSteps, type StepConfig } from './steps.ts';
import { variablesIn } from './template.ts';
import { type RawTls, resolveTls } from './tls.ts';

/** By `keyOf`: the built-in ones. */
export const PRESETS: ReadonlyMap<string, PresetConfig> = new Map(
  [...TCP_PRESETS, ...UDP_PRESETS].map((preset) => [keyOf(preset), preset]),
);

/** Presets of the two types may have the same name. */
function keyOf({ type, name }: Pick<PresetConfig, 'type' | 'name'>): string {
  return `${type}:${name}`;
}

/** Names no variable may have: they are there always. */
const GIVEN = ['address', 'host', 'port', 'random', 'length'];

/** The built-in ones and the file's. */
export function resolvePresets(
  raw: readonly RawPreset[],
  path: Path,
  report: Report,
): ReadonlyMap<string, PresetConfig> {
  const known = new Map(PRESETS);
  const own = new Set<string>();
  for (const [index, preset] of raw.entries()) {
    const at = [...path, index];
    if (own.has(keyOf(preset))) report([...at, 'name'], `must be unique; ${quote(preset.name)} is there already`);
    own.add(keyOf(preset));
    for (const name of Object.keys(preset.values ?? {})) {
      if (GIVEN.includes(name)) report([...at, 'values', name], 'must have another name: this one is always there');
    }
    if (preset.type === 'udp') checkUdpForm(preset, at, report);
    known.set(keyOf(preset), hasFaults(preset, at, report) ? { ...preset, steps: [] } : preset);
  }
  return known;
}

const VARIABLE_NAMES = /[a-z][a-z0-9_]*/g;

/** Tries it with any values, so that what is wrong is told once, in its place, and also if no check uses it. */
function hasFaults(preset: RawPreset, at: Path, report: Report): boolean {
  const names = JSON.stringify(preset.steps).match(VARIABLE_NAMES) ?? [];
  const values = new Map([...names, ...GIVEN].map((name) => [name, preset.values?.[name] ?? 'x'] as const));
  let faults = false;
  const note: Report = (path, message) => {
    faults = true;
    report(path, message);
  };
  resolveSteps(preset.steps, { values, tls: resolveTls(preset.tls), report: note }, [...at, 'steps']);
  return faults;
}

/** The keys of a check that takes a preset. */
export const presetKeys = () => ({
  preset: freeText(1, 32)
    .optional()
    .describe('A protocol by name, built in or from check_presets, instead of send, expect'),
  preset_values: presetValues().describe('What the variables of the preset stand for'),
});

/** How a check uses a preset. */
export interface PresetUse {
  readonly preset: string;
  readonly values: Readonly<Record<string, string>> | undefined;
  readonly tls?: RawTls | undefined;
}

/** The steps of a check that uses a preset. Empty, and reported, if there is none of that name and type. */
export function presetSteps(
  use: PresetUse,
  type: 'tcp' | 'udp',
  target: Pick<CheckCommon, 'address' | 'port'>,
  { presets, path, report }: CheckContext,
): readonly StepConfig[] {
  const preset = presets.get(keyOf({ type, name: use.preset }));
  if (preset === undefined) {
    report([...path, 'preset'], unknownPreset(use.preset, type, presets));
    return [];
  }
  const { address, port } = target;
  const host = address.includes(':') ? `[${address}]` : address;
  const given = { ...preset.values, ...use.values };
  const variables = [...variablesIn(JSON.stringify(preset.steps))].filter(
    (name) => /^[a-z]/.test(name) && !GIVEN.includes(name),
  );
  for (const name of Object.keys(use.values ?? {})) {
    const at = [...path, 'preset_values', name];
    if (GIVEN.includes(name)) report(at, 'is always there and cannot be given');
    else if (!variables.includes(name))
      report(at, unknownName(`name a variable of preset ${quote(preset.name)}`, name, variables));
  }
  const known = new Map([
    ...Object.entries(given),
    ['address', address],
    ['host', host],
    ['port', String(port)],
  ] as const);
  const settings = { values: known, tls: resolveTls(use.tls ?? preset.tls) };
  // Of its values: the rest was told in its own place.
  const inPreset: Report = (_at, message) => report([...path, 'preset'], `preset ${quote(preset.name)}: ${message}`);
  return resolveSteps(preset.steps, { ...settings, report: inPreset }, []);
}

/** The secrets among its values, as a part of the check that uses it. */
export function presetSecrets(
  { preset, values }: Pick<PresetUse, 'preset' | 'values'>,
  type: 'tcp' | 'udp',
  { presets }: Pick<CheckContext, 'presets'>,
): { readonly secrets?: readonly string[] } {
  const secrets = secretsAmong({ ...presets.get(keyOf({ type, name: preset }))?.values, ...values });
  return secrets.length === 0 ? {} : { secrets };
}

function unknownPreset(name: string, type: 'tcp' | 'udp', presets: ReadonlyMap<string, PresetConfig>): string {
  const other = type === 'tcp' ? 'udp' : 'tcp';
  if (presets.has(keyOf({ type: other, name }))) {
    return `must be a preset for ${type} checks; ${quote(name)} is for ${other} checks`;
  }
  const names = [...presets.values()].filter((preset) => preset.type === type).map((preset) => preset.name);
  const meant = nearest(name, names);
  const hint = meant === null ? `there are ${names.join(', ')}` : `did you mean ${quote(meant)}?`;
  return `must name a preset for ${type} checks; found ${quote(name)}; ${hint}`;
}

/** What a udp check sends and expects. */
export interface UdpExchange {
  readonly send: PayloadConfig;
  /** Null: any reply, and no ICMP error. */
  readonly expect: PatternConfig | null;
}

/** A preset for a udp check: one datagram and its reply. */
export function udpPreset(
  use: PresetUse,
  target: Pick<CheckCommon, 'address' | 'port'>,
  context: CheckContext,
): UdpExchange {
  const found = presetSteps(use, 'udp', target, context);
  const send = found.find((one) => one.do === 'send');
  const expect = found.find((one) => one.do === 'expect');
  return { send: send?.payload ?? { kind: 'text', text: '' }, expect: expect?.pattern ?? null };
}

function checkUdpForm({ tls: given, steps: [first, ...more] }: RawPreset, at: Path, report: Report): void {
  if (given !== undefined) report([...at, 'tls'], 'goes with `type: tcp` only');
  const plain = first?.send !== undefined && first.starttls === undefined && first.reject === undefined;
  if (!plain || first.within !== undefined || more.length > 0) {
    report([...at, 'steps'], 'must be one step for `type: udp`, with `send` and, if a reply is wanted, `expect`');
  }
}
