/** Whether an answer is a snapshot of the format that this program knows. Pure. */
import { SNAPSHOT_FORMAT, type Snapshot } from './types.ts';

/**
 * The format's number vouches for the fields within; a daemon of another version, or not lvsd at all, is told from ours
 * before anything is shown.
 */
export function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === SNAPSHOT_FORMAT &&
    'daemon' in value &&
    'virtualServers' in value
  );
}
