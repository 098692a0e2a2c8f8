/** The check that tells a sick prober from sick servers. Pure. */
import type { Report } from './problems.ts';
import { type CheckDefaults, resolveCheck, WITHOUT_PORT } from './resolve-checks.ts';
import type { RawCheck } from './schema.ts';
import type { CheckConfig } from './types-checks.ts';

/** Types that ask nobody on the network: what they say is no evidence that this machine can probe. */
const WITHOUT_NETWORK: ReadonlySet<RawCheck['type']> = new Set(['file', 'passive']);
/** A program finds out by itself whom to ask. */
const THIS_HOST = '127.0.0.1';

/** It belongs to no real server: where it goes it must say itself. */
export function resolveSelfCheck(raw: RawCheck, defaults: CheckDefaults, report: Report): CheckConfig {
  const path = ['self_check'];
  const address = 'address' in raw ? raw.address?.text : undefined;
  if (WITHOUT_NETWORK.has(raw.type)) {
    report([...path, 'type'], `must be a check over the network, or a script; found "${raw.type}"`);
  } else if (address === undefined && raw.type !== 'script') {
    report([...path, 'address'], 'missing: must be the address of something that is always there, such as the gateway');
  }
  const port = 'port' in raw ? raw.port : undefined;
  if (port === undefined && raw.type !== 'script' && !WITHOUT_PORT.has(raw.type)) {
    report([...path, 'port'], 'missing: must be a whole number from 1 to 65535');
  }
  return resolveCheck(
    raw,
    { address: address ?? THIS_HOST, port: port ?? (raw.type === 'script' ? 0 : 1) },
    defaults,
    path,
    report,
  );
}
