/**
 * What scripts and the FIFO are told, in keepalived's words (keepalived.conf(5), vrrp_sync_group; observed of 2.2.7). Pure.
 */
import type { NotifyConfig } from '../config/types-notify.ts';
import { assertNever } from '../util/assert-never.ts';
import type { Role } from '../vrrp/messages.ts';

/** The states that keepalived's scripts know. */
export type NotifyState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

/** Of virtual servers and real servers. */
export type ServiceState = 'UP' | 'DOWN';

/** What something is told of: a virtual router, a group of them, a virtual server with its real servers. */
export interface Subject {
  readonly kind: 'INSTANCE' | 'GROUP' | 'VS';
  readonly name: string;
}

/** Of a virtual server, or of one of its real servers ("10.0.0.11:80"). */
export interface ServiceNote {
  readonly type: 'service';
  /** Null: of the virtual server itself. */
  readonly realServer: string | null;
  readonly state: ServiceState;
}

/** `state`, `service`: the state of now; the newest one is what counts. `conflict`: something that happened. */
export type Note =
  | ServiceNote
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
export function commandsFor(
  config: NotifyConfig,
  { kind, name }: Subject,
  note: Exclude<Note, ServiceNote>,
): readonly (readonly string[])[] {
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
  if (note.type === 'conflict') return note.what;
  return note.type === 'service' && note.realServer !== null ? `${note.realServer} ${note.state}` : note.state;
}
