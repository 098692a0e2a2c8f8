/**
 * What scripts and the FIFO are told, in keepalived's words (keepalived.conf(5), vrrp_sync_group; observed of 2.2.7). Pure.
 */
import type { NotifyConfig } from '../config/types-notify.ts';
import { assertNever } from '../util/assert-never.ts';
import type { Role } from '../vrrp/messages.ts';

/** The states that keepalived's scripts know. */
export type NotifyState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

/** What something is told of: a virtual router or a group of them. */
export interface Subject {
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
}

/** `state`: the state of now; the newest one is what counts. `conflict`: something that happened. */
export type Note =
  | { readonly type: 'state'; readonly state: NotifyState; readonly priority: number }
  | { readonly type: 'conflict'; readonly what: ConflictWord; readonly detail: string };

export type ConflictWord = 'TWO-ACTIVES' | 'HEALED' | 'ADDRESS-CONFLICT';

/** keepalived gives groups no priority: 0 stands in its place. */
export const GROUP_PRIORITY = 0;

/** Null: keepalived has no such state, and nothing is told. */
export function notifyStateOf(role: Role): NotifyState | null {
  switch (role) {
    case 'MASTER':
    case 'BACKUP':
    case 'FAULT':
      return role;
    case 'STOPPED':
      return 'STOP';
    case 'LEAVING':
      return null; // it still holds the addresses: STOP follows when it has handed over
    default:
      return assertNever(role);
  }
}

/** The line of the FIFO, with its end. Names need no escaping: the configuration allows letters, digits, `.`, `_`, `-`. */
export function fifoLine({ kind, name }: Subject, state: NotifyState, priority: number): string {
  return `${kind} "${name}" ${state} ${priority}\n`;
}

/** The programs to run for a note, with all their arguments, one after the other: that of the state first. */
export function commandsFor(config: NotifyConfig, { kind, name }: Subject, note: Note): readonly (readonly string[])[] {
  if (note.type === 'conflict') {
    return config.conflict === null ? [] : [[...config.conflict, kind, name, note.what, note.detail]];
  }
  const ofState = { MASTER: config.master, BACKUP: config.backup, FAULT: config.fault, STOP: config.stop }[note.state];
  const generic = config.script;
  return [
    ...(ofState === null ? [] : [ofState]),
    ...(generic === null ? [] : [[...generic, kind, name, note.state, String(note.priority)]]),
  ];
}

/** The note in a few words, for the log. */
export function noteText(note: Note): string {
  return note.type === 'state' ? note.state : note.what;
}
