/** Tracked objects, sync groups and preemption in a configuration file: every key with its type and range. Pure. */
import * as z from 'zod';
import { duration, flag, list, mapping, must } from './fields.ts';
import { notify } from './schema-notify.ts';
import { absolutePath, interfaceName, name } from './schema-words.ts';

const WEIGHT = 'a whole number from -253 to 253 other than 0 (without a weight, down is a FAULT)';

function weight() {
  const error = must(WEIGHT);
  return z
    .int({ error })
    .min(-253, { error })
    .max(253, { error })
    .refine((value) => value !== 0, { error });
}

const delay = () => duration('0s', '1h').prefault('0s');

/** One tracked object: exactly one of the first keys. */
export const track = mapping({
  interface: interfaceName().optional().describe('Up: it exists, is up and has a carrier'),
  script: name().optional().describe('Up: by a script of tracked_scripts'),
  file: absolutePath().optional().describe('The number in it times the weight is added to the priority'),
  process: name().optional().describe('Up: by a process of tracked_processes'),
  virtual_server: name().optional().describe('Up: the virtual server has its quorum'),
  bfd: name()
    .optional()
    .describe('Up: a session of bfd; without weight it only tells a backup that the active is gone'),
  weight: weight()
    .optional()
    .describe('Above 0: added to the priority while up; below 0: while down; none: down is a FAULT; files: default 1'),
  up_delay: delay().describe('interface: how long it must be up before it counts as up'),
  down_delay: delay().describe('interface: how long it must be down before it counts as down'),
});

export const tracks = () => list(track).optional();

/** Of a virtual router. */
export function preempt() {
  const held = mapping({
    delay: duration('0s', '1h').describe('How long an active router of lower priority is left alone'),
  });
  return z.union([flag(), held], {
    error: must('true, false or a mapping with delay'),
  });
}

/** Virtual routers that move together. */
export const syncGroup = mapping({
  name: name().describe('Unique name of the group; logs and notifications refer to it'),
  members: list(name())
    .min(1, { error: 'must hold at least one virtual router' })
    .describe('Names of virtual routers, each in one group at most'),
  track: tracks().describe('What moves the priority of all members, or puts them into FAULT'),
  notify: notify.optional().describe('Programs to run when the state of the group changes (docs/events.md)'),
});

export type RawTrack = z.output<typeof track>;
export type RawSyncGroup = z.output<typeof syncGroup>;
