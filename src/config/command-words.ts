/** A command written as one text, taken apart into words. Pure. */
import { err, ok, type Result } from '../util/result.ts';

const BLANK = /[ \t\r\n]/;

/**
 * The words of a command: separated by blanks; single or double quotes keep blanks (and make an empty word); a backslash
 * keeps the character after it, but not within single quotes. No shell: nothing is expanded, `|`, `<` and `;` are plain
 * characters. The error completes "must be ...".
 */
export function commandWords(text: string): Result<readonly string[], string> {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\' && quote !== "'") {
      i++;
      if (i === text.length) return err('a command that does not end with a backslash');
      word = (word ?? '') + text.charAt(i);
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (!BLANK.test(character)) {
      word = (word ?? '') + character;
    } else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  if (quote !== null) return err(`a command whose quotes (${quote}) are closed`);
  if (word !== null) words.push(word);
  return words[0] === undefined || words[0] === '' ? err('a command: a program and its arguments') : ok(words);
}
