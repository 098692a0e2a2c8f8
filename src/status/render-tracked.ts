/** Tracked objects as a person reads them. Pure. */
import { cell, clean, type RenderOptions, table } from './text.ts';
import type { TrackedReport } from './types.ts';

/** No lines without objects. */
export function renderTracked(objects: readonly TrackedReport[], { colour }: RenderOptions): string[] {
  if (objects.length === 0) return [];
  const titles = ['OBJECT', 'STATE', 'DETAIL'].map((title) => cell(title));
  const rows = objects.map(({ object, state, value, reason, detail }) => [
    cell(clean(object)),
    state === null ? cell(`${value ?? 0}`) : cell(state, state === 'UP' ? 'good' : 'bad'),
    cell(clean(textOf(reason, detail))),
  ]);
  return ['Tracked objects', ...table([titles, ...rows], colour)];
}

/** The last result of a script that fails is mostly the reason itself. */
function textOf(reason: string | null, detail: string): string {
  if (reason === null || detail.includes(reason)) return detail;
  return detail === '' ? reason : `${reason}; ${detail}`;
}
