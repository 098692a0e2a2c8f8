/** Kinds of value that several parts of the file have. Pure. */
import { duration, integer, text } from './fields.ts';

/** Largest int of the kernel; thresholds and most settings are ints there. */
export const INT_MAX = 2_147_483_647;
export const U32_MAX = 4_294_967_295;

const NAME = 'a name of 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit';
export const name = () => text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, NAME);

/** IFNAMSIZ is 16 with the closing zero; no slash, colon or space (dev_valid_name). */
export const interfaceName = () => text(/^(?!\.\.?$)[!-.0-9;-~]{1,15}$/, 'an interface name of 1 to 15 characters');

/** PATH_MAX with room to spare. */
export const absolutePath = () => text(/^\/[^\0\n]{1,1000}$/, 'an absolute path');

export const port = () => integer(1, 65_535);

/** Of probes. */
export const interval = () => duration('50ms', '1h');
/** Of probes. */
export const timeout = () => duration('1ms', '1h');
