/** Programs that the configuration names, and who runs them. Pure. */
import * as z from 'zod';
import { err, ok } from '../util/result.ts';
import { commandWords } from './command-words.ts';
import { must, readText, text } from './fields.ts';
import { quote } from './problems.ts';

/** Linux takes 128 KiB for one argument and more for all; nobody writes that. */
const MOST_WORDS = 256;
const MOST_CHARACTERS = 4096;

/** A command: a list of words, or one text that is split at blanks with quotes kept together. Parsed to the words. */
export function command() {
  const allowed = `a command: one text, or a list of up to ${MOST_WORDS} words`;
  const error = must(allowed);
  const word = z
    .string({ error: must('text (put it in quotes)') })
    .max(MOST_CHARACTERS, { error: must(`text of up to ${MOST_CHARACTERS} characters`) });
  const words = z
    .array(word, { error })
    .min(1, { error })
    .max(MOST_WORDS, { error })
    .refine(([program]) => program !== '', { error });
  const longest = must(`text of up to ${MOST_CHARACTERS} characters`);
  const line = readText(z.string({ error }).max(MOST_CHARACTERS, { error: longest }), (written) => {
    const split = commandWords(written);
    if (split.ok && !written.includes('\0')) return ok([...split.value]);
    const wrong = split.ok ? 'a command without NUL characters' : split.error;
    return err(`must be ${wrong}; found ${quote(written)}`);
  });
  return z.union([words, line], { error });
}

const USER = 'a user, or a user and a group such as "nobody:nogroup", by name or number';
/** Who a program runs as. */
export const user = () => text(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/, USER);
