/** How a virtual server treats its real servers, in a configuration file: every key with its range and default. Pure. */
import * as z from 'zod';
import { choice, duration, integer, mapping, must } from './fields.ts';
import { checks } from './schema-checks.ts';
import { command, user } from './schema-command.ts';
import { INT_MAX, name } from './schema-words.ts';

/** So many checks of one real server at most are counted; nobody has more. */
const MOST_REQUIRED = 100;
const HIGHEST_TIER = 9;

const MODE = `all, any or a whole number from 1 to ${MOST_REQUIRED}`;
/** How many of the checks must pass. */
const checkMode = () => {
  const error = must(MODE);
  const number = z.int({ error }).min(1, { error }).max(MOST_REQUIRED, { error });
  return z.union([z.enum(['all', 'any'], { error }), number], { error }).optional();
};

const slowStartDuration = () => duration('1s', '1h');
const slowStart = z
  .union(
    [
      slowStartDuration().transform((ms) => ({ duration: ms, from: 10 })),
      mapping({
        duration: slowStartDuration().describe('Time until the whole weight'),
        from: integer(1, 100).default(10).describe('Per cent of the weight to begin with'),
      }),
    ],
    { error: must('a duration such as 30s, or a mapping with duration and from') },
  )
  .optional();

const gradedWeight = mapping({
  min: integer(1, 100).default(1).describe('No weight goes below so many per cent of the configured one'),
  max: integer(100, 1000).default(100).describe('Nor above so many per cent'),
  smoothing: integer(1, 100)
    .optional()
    .describe('Per cent that a new value counts in the average; default: 100, not smoothed; with latency 20'),
  latency: mapping({
    full: duration('1ms', '1h').describe('Answers within this time: the whole weight'),
    low: duration('1ms', '1h').describe('From this time on: `min`; in between in proportion'),
  })
    .optional()
    .describe('Let the time that the checks take move the weight'),
});

const panic = mapping({
  threshold: integer(1, 99).default(50).describe('More than so many per cent of the servers that were up'),
  within: duration('100ms', '10m').prefault('5s').describe('Failed within so long'),
});

/** Of a virtual server, besides what the kernel has of it. */
export const serviceLevel = {
  quorum: integer(1, INT_MAX).default(1).describe('Sum of usable weights from which the virtual server counts as up'),
  hysteresis: integer(0, INT_MAX)
    .default(0)
    .describe('Up again at quorum + hysteresis, down below quorum - hysteresis; below the quorum'),
  check_mode: checkMode().describe('How many checks of a real server must pass: all, any or a number; default all'),
  slow_start: slowStart.describe('After a recovery the weight climbs within this time; default: all of it at once'),
  graded_weight: gradedWeight.optional().describe('How far agents, scripts, headers and latency move weights'),
  panic: panic
    .optional()
    .describe('When so many fail at once, keep the last good ones: rather the prober is at fault; `{}`: the defaults'),
  ha_suspend: name().optional().describe('Virtual router: while it is not MASTER here, the checks rest'),
  quorum_up: command().optional().describe('Run when the virtual server comes up, at the start too'),
  quorum_down: command().optional().describe('Run when it goes down, at the start too'),
  notify_up: command().optional().describe('Run when a real server comes up'),
  notify_down: command().optional().describe('Run when a real server goes down'),
  notify_user: user().optional().describe('Who runs them, user or user:group; default: the user lvsd runs as'),
  notify_timeout: duration('100ms', '1h')
    .optional()
    .describe('After this such a program and its children are killed; default 10s'),
};

/** Of a real server. */
export const realServerLevel = {
  checks: checks().describe("Replaces the virtual server's checks; an empty list: never probed"),
  check_mode: checkMode().describe("How many of its checks must pass; default: the virtual server's"),
  tier: integer(0, HIGHEST_TIER)
    .default(0)
    .describe('0 serves first; a higher one joins while those before it do not reach the quorum'),
  on_failure: choice(['zero', 'remove'])
    .optional()
    .describe("What becomes of it when it failed; default: as the virtual server's"),
  notify_up: command().optional().describe("Run when it comes up, instead of the virtual server's"),
  notify_down: command().optional().describe("Run when it goes down, instead of the virtual server's"),
};

/** Of a sorry server. */
export const sorryLevel = {
  weight: integer(1, 65_535).default(1).describe('Share among the sorry servers'),
  checks: checks().describe('It takes connections only while it passes; default: never probed, always usable'),
};
