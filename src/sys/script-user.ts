/** Who a script runs as: names of the local user database to numbers. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../util/message-of.ts';
import { err, ok, type Result } from '../util/result.ts';

/** What a process needs to become somebody else. */
export interface ScriptUser {
  readonly uid: number;
  readonly gid: number;
  /** For HOME and USER; empty when the user has no entry. */
  readonly name: string;
  readonly home: string;
}

const NUMBER = /^\d{1,10}$/;
/** (uid_t) -1 means "leave it" to setresuid. */
const HIGHEST_ID = 0xffff_fffe;

/**
 * `user`, `user:group` or numbers, from /etc/passwd and /etc/group (no LDAP: a director must not wait for the network to
 * run a script). The error is a whole sentence.
 */
export function findUser(
  text: string,
  files = { passwd: '/etc/passwd', group: '/etc/group' },
): Result<ScriptUser, string> {
  const [userText = '', groupText = null] = text.split(':', 2);
  const entries = read(files.passwd);
  if (!entries.ok) return entries;
  // name:password:uid:gid:comment:home:shell
  const found = entries.value.find(([name, , uid]) => (NUMBER.test(userText) ? uid === userText : name === userText));
  const uid = found === undefined ? idOf(userText) : idOf(found[2] ?? '');
  if (uid === null) return err(`there is no user \`${userText}\` in ${files.passwd}`);
  const gid =
    groupText === null ? ok(found === undefined ? null : idOf(found[3] ?? '')) : findGroup(groupText, files.group);
  if (!gid.ok) return gid;
  if (gid.value === null)
    return err(`user ${userText} has no entry in ${files.passwd}: name its group too (${userText}:GROUP)`);
  return ok({ uid, gid: gid.value, name: found?.[0] ?? '', home: found?.[5] ?? '/' });
}

function findGroup(text: string, file: string): Result<number, string> {
  if (NUMBER.test(text)) {
    const gid = idOf(text);
    return gid === null ? err(`there is no group ${text}`) : ok(gid);
  }
  const entries = read(file);
  if (!entries.ok) return entries;
  const gid = idOf(entries.value.find(([name]) => name === text)?.[2] ?? '');
  return gid === null ? err(`there is no group \`${text}\` in ${file}`) : ok(gid);
}

function idOf(text: string): number | null {
  return NUMBER.test(text) && Number(text) <= HIGHEST_ID ? Number(text) : null;
}

function read(file: string): Result<string[][], string> {
  try {
    return ok(
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.split(':')),
    );
  } catch (error) {
    return err(`the users cannot be read: ${messageOf(error)}`);
  }
}
