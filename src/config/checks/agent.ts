/** The agent check: a program on the server says in a line of text how it does, as HAProxy's agent-check. Pure. */
import * as z from 'zod';
import { freeText, mapping } from '../fields.ts';
import { port } from '../schema-words.ts';
import { type CheckCommon, type CheckContext, ports, rhythm } from './common.ts';

export interface AgentCheckConfig extends CheckCommon {
  readonly type: 'agent';
  /** UTF-8 text sent after connecting; null: nothing. */
  readonly send: string | null;
}

export const agentCheck = mapping({
  type: z.literal('agent').describe("Ask an agent on the server, in the words of HAProxy's agent-check"),
  ...rhythm,
  ...ports,
  port: port().describe('Port of the agent'),
  send: freeText(0, 1400).optional().describe('Text sent after connecting, such as "web1\\n"; default: nothing'),
});

type Raw = z.output<typeof agentCheck>;

export function resolveAgentCheck(raw: Raw, common: CheckCommon, _context: CheckContext): AgentCheckConfig {
  return { ...common, type: 'agent', send: raw.send ?? null };
}
