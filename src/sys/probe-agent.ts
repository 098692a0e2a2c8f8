/** Agent probe: connect, perhaps send a line, read one, and take it for what the server says of itself. */
import type { AgentCheckConfig } from '../config/checks/agent.ts';
import { agentVerdict } from '../health/agent.ts';
import type { ProbeResult } from '../health/types.ts';
import { dialTcp } from './dial.ts';
import { Exchange, failed, failureOf, type Outcome, type ProbeTarget } from './probe.ts';

/** Of the line; HAProxy takes no longer ones. */
export const LINE_LIMIT = 1024;
const CR = 13;
const LF = 10;

/** Probes one agent check. Keeps nothing from probe to probe: every answer stands for itself. */
export class AgentTarget implements ProbeTarget {
  readonly #check: AgentCheckConfig;
  #exchange: Exchange | null = null;

  constructor(check: AgentCheckConfig) {
    this.#check = check;
  }

  probe(): Promise<ProbeResult> {
    const { timeoutMs, send } = this.#check;
    let connected = false;
    let line: Buffer = Buffer.alloc(0);
    const exchange = new Exchange(timeoutMs, () => failed('timeout', silence(connected, line, timeoutMs)));
    this.#exchange = exchange;
    try {
      const socket = dialTcp(this.#check);
      exchange.whenOver(() => socket.destroy());
      socket.on('error', (error) => exchange.end(failureOf(error, 'protocol')));
      socket.on('close', () => exchange.end(failed('closed', 'connection closed')));
      socket.once('connect', () => {
        connected = true;
        if (socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress) {
          // Linux connects a socket to itself when it picks the wanted port as its own (RFC 9293 3.5).
          exchange.end(failed('refused', `connected to itself: nobody listens on ${this.#check.port}`));
        } else if (send !== null) socket.write(send);
      });
      socket.on('data', (chunk: Buffer) => {
        line = Buffer.concat([line, chunk.subarray(0, LINE_LIMIT + 1 - line.length)]);
        const end = line.findIndex((byte) => byte === CR || byte === LF);
        if (end >= 0) exchange.end(judged(line.subarray(0, end)));
        else if (line.length > LINE_LIMIT)
          exchange.end(failed('answer', `the agent's line has above ${LINE_LIMIT} bytes`));
      });
      socket.on('end', () => {
        exchange.end(line.length === 0 ? failed('closed', 'connection closed before any answer') : judged(line));
      });
    } catch (error) {
      exchange.end(failureOf(error, 'protocol'));
    }
    return exchange.result;
  }

  close(): void {
    this.#exchange?.end(failed('local', 'probe cancelled'));
  }
}

function judged(line: Uint8Array): Outcome {
  const verdict = agentVerdict(new TextDecoder().decode(line));
  if (!verdict.ok) {
    const { reason, detail } = verdict;
    return failed(
      reason,
      reason === 'told' ? `the agent says ${detail}` : `the agent's words are not known: ${detail}`,
    );
  }
  const { advice, unknown } = verdict;
  if (unknown === '') return { ok: true, advice };
  return { ok: true, advice, warning: `the agent says words that are not known: ${unknown}` };
}

function silence(connected: boolean, line: Uint8Array, timeoutMs: number): string {
  if (!connected) return `no connection within ${timeoutMs} ms`;
  if (line.length === 0) return `connected, but no answer within ${timeoutMs} ms`;
  return `no end of the agent's line within ${timeoutMs} ms, got ${line.length} bytes`;
}
