/** The udp check: a datagram, and perhaps its reply. Pure. */
import * as z from 'zod';
import { flag, integer, mapping } from '../fields.ts';
import { type CheckCommon, type CheckContext, ports, rhythm } from './common.ts';
import { type PatternConfig, type PayloadConfig, pattern, payload, resolvePattern, resolvePayload } from './payload.ts';
import { presetKeys, presetSecrets, udpPreset } from './presets.ts';
import { tries } from './tries.ts';

export interface UdpCheckConfig extends CheckCommon {
  readonly type: 'udp';
  /** Of the one datagram. */
  readonly send: PayloadConfig;
  /** Null: the reply's content does not matter. */
  readonly expect: PatternConfig | null;
  /** False: no ICMP error within the timeout is enough. */
  readonly replyRequired: boolean;
  /** Bytes that a reply may have, ends included. */
  readonly replyLength: { readonly min: number; readonly max: number };
  /** Datagrams within the timeout, evenly spaced. */
  readonly tries: number;
  /** Not to be told to anybody; absent: none. */
  readonly secrets?: readonly string[];
}

/** What one datagram can hold. */
const LONGEST_REPLY = 65_535;

const replyLength = () => integer(0, LONGEST_REPLY).optional();

export const udpCheck = mapping({
  type: z.literal('udp').describe('Send one datagram; optionally expect a reply'),
  ...rhythm,
  ...ports,
  send: payload().optional().describe('Payload of the datagram; default: none'),
  expect: pattern().optional().describe('What the reply must be; default: no ICMP error within the timeout is enough'),
  require_reply: flag()
    .optional()
    .describe('Whether silence is a failure; default: true with expect or a reply length'),
  min_reply_length: replyLength().describe('Bytes that a reply must have at least; default: 0'),
  max_reply_length: replyLength().describe('Bytes that a reply may have at most; default: any number'),
  tries,
  ...presetKeys(),
});

type Raw = z.output<typeof udpCheck>;

export function resolveUdpCheck(raw: Raw, common: CheckCommon, context: CheckContext): UdpCheckConfig {
  const { path, report } = context;
  const [min, max] = [raw.min_reply_length, raw.max_reply_length];
  const replyLength = { min: min ?? 0, max: max ?? LONGEST_REPLY };
  if (replyLength.min > replyLength.max) report([...path, 'max_reply_length'], 'must not be below `min_reply_length`');
  const { send, expect } = exchangeOf(raw, common, context);
  const judged = expect !== null || min !== undefined || max !== undefined || raw.preset !== undefined;
  if (judged && raw.require_reply === false) {
    report([...path, 'require_reply'], 'must not be false: what is said about the reply needs one');
  }
  const replyRequired = judged || (raw.require_reply ?? false);
  const secrets =
    raw.preset === undefined ? {} : presetSecrets({ preset: raw.preset, values: raw.preset_values }, 'udp', context);
  return { ...common, type: 'udp', send, expect, replyRequired, replyLength, tries: raw.tries, ...secrets };
}

function exchangeOf(raw: Raw, common: CheckCommon, context: CheckContext): Pick<UdpCheckConfig, 'send' | 'expect'> {
  const { path, report } = context;
  if (raw.preset !== undefined) {
    for (const key of ['send', 'expect'] as const) {
      if (raw[key] === undefined) continue;
      report([...path, key], 'does not go with `preset`, which says what is sent and expected');
    }
    return udpPreset({ preset: raw.preset, values: raw.preset_values }, common, context);
  }
  if (raw.preset_values !== undefined) report([...path, 'preset_values'], 'goes with `preset`, which is missing');
  return {
    send: resolvePayload(raw.send ?? '', null, [...path, 'send'], report),
    expect: raw.expect === undefined ? null : resolvePattern(raw.expect, null, [...path, 'expect'], report),
  };
}
