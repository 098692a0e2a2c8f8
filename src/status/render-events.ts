/** Events as lines of text. Pure. */
import { EVENTS_FORMAT, type EventsAnswer, type LvsdEvent } from './events.ts';
import { clean, paint, type Tone } from './text.ts';

/** `#12 router web: BACKUP -> MASTER (active-down)`; the caller puts the time before it. */
export function eventText({ seq, kind, object, from, to, reason }: LvsdEvent, colour: boolean): string {
  const change = to === null ? null : paint(clean(from === null ? to : `${from} -> ${to}`), toneOf(to), colour);
  const said = [change, reason === null ? null : clean(change === null ? reason : `(${reason})`)];
  const words = said.filter((part) => part !== null).join(' ');
  return `#${seq} ${kind} ${clean(object)}${words === '' ? '' : `: ${words}`}`;
}

/** Of events that are forgotten already. */
export function lostText(lost: number): string {
  return `(${lost} earlier event${lost === 1 ? ' is' : 's are'} lost: lvsd keeps the last ones only)`;
}

/** Whether an answer is of the format that this program knows. */
export function isEventsAnswer(value: unknown): value is EventsAnswer {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === EVENTS_FORMAT &&
    'instance' in value &&
    'events' in value &&
    Array.isArray(value.events)
  );
}

function toneOf(state: string): Tone | null {
  if (/^(MASTER|UP|HEALED|OVER|done)$/.test(state)) return 'good';
  if (/^(FAULT|DOWN|PANIC|TWO-ACTIVES|ADDRESS-CONFLICT|failed|refused)$/.test(state)) return 'bad';
  if (/^(WARNING|SUSPENDED)$/.test(state)) return 'warning';
  return null;
}
