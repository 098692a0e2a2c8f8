/**
 * Authentication of VRRPv2: type 0 (RFC 3768 section 5.3.6) and the simple password of RFC 2338 section 5.3.6. No security:
 * the password travels in clear. It keeps routers apart that were given one identifier by mistake. Pure.
 */

/** Octets of Authentication Data; zeros without a password. */
export const AUTHENTICATION_LEN = 8;

const TYPE_NONE = 0;
const TYPE_PASSWORD = 1;
/** IP Authentication Header (RFC 2338 section 5.3.6.3), which nobody should speak any more. */
const TYPE_AH = 2;

/** The two fields of a message. */
export interface Authentication {
  /** Auth Type, one octet as on the wire. */
  readonly type: number;
  /** Authentication Data, 8 octets. */
  readonly data: Uint8Array;
}

/** Names follow the counters of VRRP-MIB (RFC 2787), but for the last, which has none there. */
export type AuthenticationRefusal =
  | 'invalid-auth-type'
  | 'auth-type-mismatch'
  | 'auth-failures'
  | 'authentication-header';

/** What to send. `password`: 1 to 8 octets in UTF-8, padded with zeros; null: none. */
export function authenticationOf(password: string | null): Authentication {
  const data = new Uint8Array(AUTHENTICATION_LEN);
  if (password === null) return { type: TYPE_NONE, data };
  data.set(new TextEncoder().encode(password).subarray(0, AUTHENTICATION_LEN));
  return { type: TYPE_PASSWORD, data };
}

/**
 * Why theirs is not ours, or null. Type 0 has no data to look at (RFC 3768 section 5.3.10: ignored on reception).
 * `behindHeader`: the message came behind an IP Authentication Header.
 */
export function refuseAuthentication(
  theirs: Authentication,
  ours: Authentication,
  behindHeader: boolean,
): AuthenticationRefusal | null {
  if (behindHeader || theirs.type === TYPE_AH) return 'authentication-header';
  if (theirs.type !== TYPE_NONE && theirs.type !== TYPE_PASSWORD) return 'invalid-auth-type';
  if (theirs.type !== ours.type) return 'auth-type-mismatch';
  return theirs.type === TYPE_PASSWORD && !isSame(theirs.data, ours.data) ? 'auth-failures' : null;
}

/** In a time that does not tell how much of a guess was right. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < AUTHENTICATION_LEN; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
