/** Notifications in a configuration file: every key with its type, range, default and description. Pure. */
import type * as z from 'zod';
import { duration, mapping } from './fields.ts';
import { command, user } from './schema-command.ts';
import { absolutePath } from './schema-words.ts';

/** Of one virtual router or group. */
export const notify = mapping({
  script: command()
    .optional()
    .describe('Run on every change, after the one for the state, with INSTANCE|GROUP NAME STATE PRIORITY added'),
  master: command().optional().describe('Run when it becomes MASTER, with no arguments added'),
  backup: command().optional().describe('Run when it becomes BACKUP'),
  fault: command().optional().describe('Run when it goes to FAULT'),
  stop: command().optional().describe('Run when lvsd stops, or it leaves the configuration: after the hand-over'),
  conflict: command()
    .optional()
    .describe('Run on two active routers, or on another user of its addresses, with INSTANCE NAME WHAT DETAIL added'),
  user: user().optional().describe('Who runs them, user or user:group; default: the user lvsd runs as'),
  timeout: duration('100ms', '1h').prefault('10s').describe('After this a program and its children are killed'),
});

/** For everything that changes. */
export const notifications = mapping({
  fifo: absolutePath()
    .optional()
    .describe('FIFO that gets a line for every change, as from keepalived; made if it is not there'),
  fifo_user: user().optional().describe('Owner of the FIFO, and who runs fifo_script; default: the user lvsd runs as'),
  fifo_script: command().optional().describe('Reader of the FIFO, kept running; gets the path as its last argument'),
  lvs_fifo: absolutePath().optional().describe('As fifo, with the lines of virtual and real servers alone'),
  lvs_fifo_user: user().optional().describe('As fifo_user'),
  lvs_fifo_script: command().optional().describe('As fifo_script'),
});

export type RawNotify = z.output<typeof notify>;
export type RawNotifications = z.output<typeof notifications>;
