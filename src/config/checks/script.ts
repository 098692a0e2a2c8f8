/** The script check: a program of the operator's says how the server does. Pure. */
import * as z from 'zod';
import { flag, mapping } from '../fields.ts';
import { command, user } from '../schema-command.ts';
import { type CheckCommon, type CheckContext, ports, rhythm } from './common.ts';

export interface ScriptCheckConfig extends CheckCommon {
  readonly type: 'script';
  /** The program and its arguments, at least one word; the placeholders are filled in. */
  readonly command: readonly string[];
  /** `user` or `user:group`; null: the user lvsd runs as. */
  readonly user: string | null;
  /** Exit codes 2 to 255 pass too, and set the weight (keepalived's `misc_dynamic`). */
  readonly dynamicWeight: boolean;
}

export const scriptCheck = mapping({
  type: z.literal('script').describe('Run a program: exit code 0 passes'),
  ...rhythm,
  address: ports.address.describe('What {address} stands for, instead of the real server'),
  port: ports.port.describe("What {port} stands for, instead of the real server's"),
  command: command().describe(
    'Program and arguments, as one text or a list of words; in arguments {address} and {port} are filled in; no shell',
  ),
  user: user().optional().describe('Who runs it, user or user:group; default: the user lvsd runs as'),
  dynamic_weight: flag()
    .default(false)
    .describe('Exit codes 2 to 255 pass and set the weight, to the code less 2; 0 sets the configured weight again'),
});

type Raw = z.output<typeof scriptCheck>;

export function resolveScriptCheck(raw: Raw, common: CheckCommon, { path, report }: CheckContext): ScriptCheckConfig {
  const { address, port } = common;
  const [program = '', ...words] = raw.command;
  if (port === 0 && words.some((word) => word.includes('{port}'))) {
    report([...path, 'port'], 'missing: `command` has {port}, and the real server has no port, or several');
  }
  const filled = words.map((word) => word.replaceAll('{address}', address).replaceAll('{port}', String(port)));
  return {
    ...common,
    type: 'script',
    command: [program, ...filled],
    user: raw.user ?? null,
    dynamicWeight: raw.dynamic_weight,
  };
}
