/** Standard input as lines, as they come. */

/** What is read: process.stdin, or a test's pieces. */
export type Input = AsyncIterable<string | Uint8Array>;

/** Far longer than any command line: an input without line ends must not fill the memory. */
const LONGEST_LINE = 1024 * 1024;
/** A million lines; for who keeps them all. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** Input that is none. The message is for people. */
export class InputError extends Error {}

/** Lines as they come, those of one read together; the last need not end. Throws InputError at one that is too long. */
export async function* linesOf(input: Input): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of input) {
    const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
    if (rest.length > LONGEST_LINE) throw new InputError(`The input has a line above ${LONGEST_LINE} characters`);
  }
  if (rest !== '') yield [rest];
}

/** All lines. Throws InputError when they are more than anybody means. */
export async function allLinesOf(input: Input): Promise<readonly string[]> {
  const all: string[] = [];
  let characters = 0;
  for await (const lines of linesOf(input)) {
    for (const line of lines) {
      characters += line.length + 1;
      all.push(line);
    }
    if (characters > MOST_CHARACTERS) throw new InputError(`The input has more than ${MOST_CHARACTERS} characters`);
  }
  return all;
}
