/** Variables in what a preset sends and expects: `{address}`, `{secret}`, `{random:4}`. Pure. */

/** By name. `address`, `host` (an IPv6 address in brackets) and `port` are always there. */
export type TemplateValues = ReadonlyMap<string, string>;

/** What the text around a variable is: a value is put in as it is, as its bytes, or so that it matches itself. */
export type TemplateForm = 'text' | 'hex' | 'regex';

const VARIABLE = /\{([a-z][a-z0-9_]*)(?::([^{}]*))?\}/g;
const RANDOM = /\{random(?::(\d+))?\}/g;
/** A probe has so many random bytes. */
export const RANDOM_BYTES = 32;
const RANDOM_USUAL = 8;

export interface Expanded {
  readonly text: string;
  /** Whether `{random}` or `{random:N}` are still in it: they are a probe's own. */
  readonly fresh: boolean;
}

/**
 * Puts values in. In hex, `{length:NAME+N}` is one byte: the length of values in UTF-8 and N more. `refuse` is told of
 * variables without a value. Braces around anything but a name in lower case mean themselves.
 */
export function expand(
  template: string,
  form: TemplateForm,
  values: TemplateValues,
  refuse: (message: string) => void,
): Expanded {
  let fresh = false;
  const text = template.replaceAll(VARIABLE, (whole: string, name: string, argument: string | undefined) => {
    if (name === 'random') {
      fresh = true;
      if (randomLength(argument) <= RANDOM_BYTES) return whole;
      refuse(`has ${whole}, but a probe has ${RANDOM_BYTES} random bytes`);
      return '';
    }
    if (name === 'length' && form === 'hex') return lengthByte(argument ?? '', values, refuse);
    const value = argument === undefined ? values.get(name) : undefined;
    if (value === undefined) refuse(`needs a value for ${whole}: give it in \`preset_values\``);
    return put(value ?? '', form);
  });
  return { text, fresh };
}

/** The names of all variables in templates, those of lengths too. */
export function variablesIn(templates: string): ReadonlySet<string> {
  return new Set([...templates.matchAll(VARIABLE)].flatMap(([, name = '', argument]) => namesOf(name, argument)));
}

function namesOf(name: string, argument = ''): readonly string[] {
  return name === 'length' ? argument.split('+') : [name];
}

/** With a zero byte for each random one. */
export function withoutRandom(hex: string): string {
  return hex.replaceAll(RANDOM, (_whole, length: string | undefined) => '00'.repeat(randomLength(length)));
}

/** With a probe's random bytes: as hexadecimal digits, in a regular expression as bytes. */
export function withRandom(template: string, form: TemplateForm, random: Uint8Array): string {
  return template.replaceAll(RANDOM, (_whole, length: string | undefined) => {
    const digits = hexOf(random.subarray(0, randomLength(length)));
    return form === 'regex' ? digits.replaceAll(/../g, '\\x$&') : digits;
  });
}

function randomLength(argument: string | undefined): number {
  return argument === undefined ? RANDOM_USUAL : Number(argument);
}

function lengthByte(argument: string, values: TemplateValues, refuse: (message: string) => void): string {
  let length = 0;
  for (const term of argument.split('+')) {
    const value = values.get(term);
    if (value !== undefined) length += new TextEncoder().encode(value).length;
    else if (/^\d{1,3}$/.test(term)) length += Number(term);
    else refuse(`needs a value for {${term}}: give it in \`preset_values\``);
  }
  // Above 127 a length has another form in BER (X.690 section 8.1.3), which is what lengths are mostly for.
  if (length > 127) refuse(`becomes too long: {length:${argument}} is ${length}, above 127`);
  return length.toString(16).padStart(2, '0');
}

function put(value: string, form: TemplateForm): string {
  if (form === 'hex') return hexOf(new TextEncoder().encode(value));
  return form === 'regex' ? value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') : value;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
