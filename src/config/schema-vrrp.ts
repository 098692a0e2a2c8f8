/** Virtual routers in a configuration file: every key with its type, range, default and description. Pure. */
import * as z from 'zod';
import { choice, duration, integer, mapping } from './fields.ts';
import { addressKeys } from './schema-addresses.ts';
import { notify } from './schema-notify.ts';
import { preempt, tracks } from './schema-tracking.ts';
import { wireKeys } from './schema-wire.ts';
import { interfaceName, name, port } from './schema-words.ts';

/** The password of RFC 2338. A wrong one is not repeated in the message, which may go to a log. */
function password() {
  const error = ({ input }: { readonly input?: unknown }) =>
    `must be text of 1 to 8 printable ASCII characters, the most that VRRPv2 carries; ${foundInstead(input)}`;
  return z.string({ error }).regex(/^[ -~]{1,8}$/, { error });
}

function foundInstead(input: unknown): string {
  if (typeof input !== 'string')
    return `found ${input === null ? 'nothing' : `a ${typeof input}`} (put text in quotes)`;
  if (input.length <= 8) return input === '' ? 'found none' : 'found others';
  return `found ${input.length} (keepalived takes the first 8)`;
}

/** One virtual router of the file. */
export const virtualRouter = mapping({
  name: name().describe('Unique name; connection_sync, logs and commands refer to it'),
  interface: interfaceName().describe('Where advertisements are sent and the addresses live'),
  virtual_router_id: integer(1, 255).describe('VRID, equal on both directors; unique per interface and family'),
  priority: integer(1, 255).default(100).describe('The higher one is active; 255: owner of the addresses'),
  advertisement_interval: duration('10ms', '255s', { stepMs: 10, step: '10ms' })
    .prefault('1s')
    .describe(
      'Time between advertisements, at most 40.95s; version 2: whole seconds; take-over needs a little over three',
    ),
  preempt: preempt()
    .default(true)
    .describe('Take over from an active router of lower priority; with delay: after it was heard for so long'),
  track: tracks().describe('What moves the priority, or puts the virtual router into FAULT'),
  ...addressKeys,
  version: integer(2, 3)
    .default(3)
    .describe('VRRP version, equal on both directors; 2 (RFC 3768): IPv4 only, intervals of whole seconds'),
  transport: choice(['ip', 'udp']).default('ip').describe('IP protocol 112 as in RFC 9568, or the same in UDP'),
  udp_port: port().optional().describe('With transport udp: port on both directors, default 8112'),
  checksum: choice(['auto', 'rfc9568', 'pseudo'])
    .default('auto')
    .describe('Version 3, IPv4: RFC 9568 (no pseudo-header), as keepalived (pseudo), or what the peer uses (auto)'),
  password: password()
    .optional()
    .describe(
      'With version 2: authentication type 1, sent in clear; no security, it only keeps mixed-up routers apart',
    ),
  ...wireKeys,
  notify: notify.optional().describe('Programs to run when its state changes (docs/events.md)'),
});
