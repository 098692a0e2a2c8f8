/** A key of the checks that send datagrams: one of those may be lost without anything being wrong. Pure. */
import { integer } from '../fields.ts';

export const tries = integer(1, 5)
  .default(1)
  .describe('Send up to so many times within the timeout, evenly spaced; one answer is enough');
