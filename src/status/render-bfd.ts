/** BFD sessions as a person reads them. Pure. */
import type { BfdReport, BfdState } from '../bfd/report.ts';
import {
  type Cell,
  cell,
  clean,
  counts,
  duration,
  figure,
  type RenderOptions,
  type Row,
  type Tone,
  table,
} from './text.ts';

const TONE: Readonly<Record<BfdState, Tone>> = { UP: 'good', INIT: 'warning', DOWN: 'bad', 'ADMIN-DOWN': 'warning' };

/** No lines without sessions. */
export function renderBfdSessions(sessions: readonly BfdReport[], options: RenderOptions): string[] {
  if (sessions.length === 0) return [];
  const titles = [
    ...['NAME', 'STATE', 'SINCE', 'NEIGHBOUR'].map((title) => cell(title)),
    ...['DETECT MS', 'FLAPS', 'SENT', 'RECV', 'REFUSED'].map((title) => figure(title)),
  ];
  const rows = sessions.flatMap((session) => rowsOf(session, options));
  return ['BFD sessions', ...table([titles, ...rows], options.colour)];
}

function rowsOf(session: BfdReport, { nowMs }: RenderOptions): Row[] {
  const { name, state, sinceMs, neighbor, interface: link, reason, remote, detectionTimeMs, refused } = session;
  const row: Cell[] = [
    cell(name),
    cell(state, TONE[state]),
    cell(duration(nowMs - sinceMs)),
    cell(`${neighbor} on ${link}`),
    figure(detectionTimeMs === null ? '-' : Math.round(detectionTimeMs)),
    figure(session.flaps),
    figure(session.sent),
    figure(session.received),
    figure(Object.values(refused).reduce((sum, count) => sum + count, 0)),
  ];
  const notes: string[] = [];
  if (reason !== null) notes.push(`  not UP: ${clean(reason)}`);
  if (state !== 'UP' && remote !== null)
    notes.push(`  the neighbour says: ${remote.state}, ${clean(remote.diagnostic)}`);
  if (counts(refused) !== '') notes.push(`  refused: ${counts(refused)}`);
  return [row, ...notes];
}
