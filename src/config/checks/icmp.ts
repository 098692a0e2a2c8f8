/** The icmp check: ping. Pure. */
import * as z from 'zod';
import { integer, mapping } from '../fields.ts';
import { type CheckCommon, type CheckContext, rhythm, route } from './common.ts';
import { tries } from './tries.ts';

export interface IcmpCheckConfig extends CheckCommon {
  readonly type: 'icmp';
  /** Bytes behind the ICMP header: 16 to what one IPv4 packet takes. */
  readonly size: number;
  /** Echo requests within the timeout, evenly spaced: the first reply counts. */
  readonly tries: number;
}

export const icmpCheck = mapping({
  type: z.literal('icmp').describe('Ping: an ICMP echo request that must be answered'),
  ...rhythm,
  ...route,
  size: integer(16, 65_507).default(56).describe('Bytes in the echo request, headers not counted'),
  tries,
});

type Raw = z.output<typeof icmpCheck>;

export function resolveIcmpCheck(raw: Raw, common: CheckCommon, _context: CheckContext): IcmpCheckConfig {
  return { ...common, type: 'icmp', size: raw.size, tries: raw.tries };
}
