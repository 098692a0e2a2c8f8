/** Names in the file: each once in its list, and what refers to one must find it. Pure. */
import { nearest } from './nearest.ts';
import type { Report } from './problems.ts';
import { quote } from './problems.ts';

/** `key`: that of the list, at the root of the file. */
export function checkNames(key: string, items: readonly { readonly name: string }[], report: Report): void {
  const names = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    const twin = names.get(name);
    if (twin === undefined) names.set(name, index);
    else report([key, index, 'name'], `${quote(name)} is already the name of ${key}[${twin}]`);
  }
}

/** The message about a name that is none of `known`; `must` says what it must do or be. */
export function unknownName(must: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = known.length === 0 ? 'there are none' : `there is ${known.map(quote).join(', ')}`;
  return `must ${must}; found ${quote(name)}; ${meant === null ? hint : `did you mean ${quote(meant)}?`}`;
}
