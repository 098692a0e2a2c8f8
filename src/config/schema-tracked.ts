/** Tracked scripts and processes in a configuration file: every key with its type, range and default. Pure. */
import type * as z from 'zod';
import { choice, duration, freeText, integer, list, mapping, text } from './fields.ts';
import { command, user } from './schema-command.ts';
import { name } from './schema-words.ts';

/** A program that is run again and again; `track` of virtual routers and groups refers to it. */
export const trackedScript = mapping({
  name: name().describe('Unique name; `track` refers to it'),
  command: command().describe('Program and arguments, as one text or a list of words; exit code 0 is up; no shell'),
  interval: duration('50ms', '1h').prefault('1s').describe('Time between two runs; they never overlap'),
  timeout: duration('10ms', '1h')
    .optional()
    .describe('After this it counts as failed, and it and its children are killed; default: the interval'),
  rise: integer(1, 100).default(1).describe('Successes in a row until it is up again'),
  fall: integer(1, 100).default(1).describe('Failures in a row until it is down'),
  user: user().optional().describe('Who runs it, user or user:group; default: the user lvsd runs as'),
  initial: choice(['up', 'down'])
    .default('up')
    .describe('Before its first run: up until that says otherwise, or down until `rise` successes'),
});

const PROCESS = "a program's name, or its absolute path";
const COUNT_MAX = 65_535;

/** A program that must be running; `track` of virtual routers and groups refers to it. */
export const trackedProcess = mapping({
  name: name().describe('Unique name; `track` refers to it'),
  process: text(/^(?:[^/\s\0][^/\0\n]{0,254}|\/[^\0\n]{1,1000})$/, PROCESS).describe(
    'Name of the program (haproxy), or the path it was started with (/usr/sbin/haproxy)',
  ),
  parameters: list(freeText(1, 1000))
    .default([])
    .describe('Only processes that have these among their arguments, in this order'),
  quorum: integer(0, COUNT_MAX).default(1).describe('Up with at least so many of them, children included'),
  quorum_max: integer(0, COUNT_MAX).optional().describe('Down with more than so many; default: no limit'),
  up_delay: duration('0s', '1h').prefault('0s').describe('How long enough must have been there before it counts as up'),
  down_delay: duration('0s', '1h')
    .prefault('0s')
    .describe('How long they may be missing before it counts as down: time for a restart'),
});

export type RawTrackedScript = z.output<typeof trackedScript>;
export type RawTrackedProcess = z.output<typeof trackedProcess>;
