/**
 * The ways of probes, as a program on a machine of the lab:
 *   node probe-ways.js dial CHECK      connects as the check says; prints "heard TEXT" (what was said first) or "failed DETAIL"
 *   node probe-ways.js hear CHECKS     an object of checks by name; prints "connected", then "ended NAME..." when a watched
 *                                      connection ended, "trouble NAME..." when the kernel told of trouble on the way
 */
import { once } from 'node:events';
import type { CheckConfig } from '../../../src/config/types-checks.ts';
import { type DialTo, dialTcp } from '../../../src/sys/dial.ts';
import { NeighbourHints } from '../../../src/sys/neighbour-hints.ts';
import { failureOf } from '../../../src/sys/probe.ts';
import { Watches } from '../../../src/sys/watches.ts';

const [mode = '', text = ''] = process.argv.slice(2);
const TIMEOUT_MS = 2000;

async function dial(to: DialTo): Promise<void> {
  const socket = dialTcp(to);
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), TIMEOUT_MS);
  try {
    const [chunk] = await once(socket, 'data');
    console.log(`heard ${String(chunk).trim()}`);
  } catch (error) {
    const outcome = failureOf(error, 'timeout');
    console.log(`failed ${outcome.ok ? '' : outcome.detail}`);
  }
  clearTimeout(timer);
  socket.destroy();
}

async function hear(checks: Record<string, CheckConfig>): Promise<void> {
  const byName = new Map(Object.entries(checks));
  const watches = new Watches((keys) => console.log(`ended ${keys.join(' ')}`));
  const hints = new NeighbourHints((keys) => console.log(`trouble ${keys.join(' ')}`));
  hints.set(byName);
  watches.set(byName);
  if (hints.problem !== null) throw new Error(hints.problem);
  while (watches.stats().connected < watches.stats().places) await new Promise((next) => setTimeout(next, 20));
  console.log('connected');
}

if (mode === 'dial') await dial(JSON.parse(text));
else await hear(JSON.parse(text));
