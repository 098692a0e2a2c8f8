/** What of a check nobody but the server is told. Pure. */

/** Names of preset variables and of headers whose values are secrets. */
const SECRET_NAME = /pass|secret|token|community|cookie|auth|key/i;
/** Shorter ones would be found in any text. */
const SHORTEST = 3;

/** The values with a name that says so; of `Bearer TOKEN` the token too. */
export function secretsAmong(values: Readonly<Record<string, string>>): readonly string[] {
  const secrets = Object.entries(values).flatMap(([name, value]) =>
    SECRET_NAME.test(name) ? [value, value.slice(value.lastIndexOf(' ') + 1)] : [],
  );
  return [...new Set(secrets)].filter(({ length }) => length >= SHORTEST);
}
