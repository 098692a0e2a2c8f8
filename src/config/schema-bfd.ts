/** BFD sessions in a configuration file: every key with its type, range and default. Pure. */
import type * as z from 'zod';
import { address, duration, flag, integer, mapping, movable } from './fields.ts';
import { interfaceName, name } from './schema-words.ts';

/** Below 50 ms a JavaScript process mistakes its own delays for the neighbour's. */
const interval = () => duration('50ms', '60s').prefault('300ms');

/** One session; `track` of virtual routers and groups refers to it. */
export const bfdSession = mapping({
  name: name().describe('Unique name; `track` refers to it'),
  neighbor: address(movable).describe('The neighbour on the link, such as the other director'),
  interface: interfaceName().describe('Where the neighbour is: single hop only'),
  source_address: address(movable)
    .optional()
    .describe("What packets are sent from; default: an own address of the interface, in the neighbour's subnet"),
  min_tx: interval().describe('Time between packets, if the neighbour takes as many; one second while not Up'),
  min_rx: interval().describe('The neighbour is to send no faster than this'),
  multiplier: integer(1, 255)
    .default(3)
    .describe('So many packets may be lost until the neighbour takes this side for dead'),
  passive: flag().default(false).describe('Say nothing before the neighbour does; one side at most'),
});

export type RawBfdSession = z.output<typeof bfdSession>;
