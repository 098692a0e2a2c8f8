/** Keeps secrets of a check out of what is told of its failures, also where a server repeats them. Pure. */
import { secretsAmong } from '../config/checks/secrets.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import { excerpt } from './expect.ts';

const MASK = '***';
/** A beginning of a secret that is at the end of a shortened text, if it is at least so long. */
const SHORTEST_REST = 3;
/** How an excerpt or a pattern ends that goes on. */
const SHORTENED = /("?\.\.\.)/;

/** As they may stand in a failure: as they are, as an excerpt shows them, in hexadecimal. The longest first. */
export function secretForms(check: CheckConfig): readonly string[] {
  const forms = secretsOf(check).flatMap((secret) => {
    const bytes = new TextEncoder().encode(secret);
    const quoted = [...bytes].map((byte) => excerpt(Uint8Array.of(byte)).slice(1, -1)).join('');
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return [secret, quoted, hex];
  });
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function secretsOf(check: CheckConfig): readonly string[] {
  switch (check.type) {
    case 'tcp':
    case 'udp':
      return check.secrets ?? [];
    case 'http':
    case 'https':
      return check.requests.flatMap(({ headers }) => secretsAmong(headers));
    default:
      return [];
  }
}

/** The text without any of the forms, nor the beginning of one where it was shortened. */
export function masked(text: string, forms: readonly string[]): string {
  let shown = text;
  for (const form of forms) shown = shown.replaceAll(form, MASK);
  const parts = shown.split(SHORTENED);
  return parts.map((part, i) => (i + 1 < parts.length ? withoutRest(part, forms) : part)).join('');
}

function withoutRest(begun: string, forms: readonly string[]): string {
  for (const form of forms) {
    for (let length = form.length - 1; length >= SHORTEST_REST; length--) {
      if (begun.endsWith(form.slice(0, length))) return `${begun.slice(0, -length)}${MASK}`;
    }
  }
  return begun;
}
