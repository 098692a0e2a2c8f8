/** How packets are wrapped for real servers behind a tunnel: what each type takes. Pure. */
import type { Path, Report } from './problems.ts';
import type { RawTunnel } from './schema.ts';
import type { TunnelConfig } from './types.ts';

/** Without a word about it. */
export const IPIP: TunnelConfig = { type: 'ipip', port: 0, checksum: 'none' };

/** Reports what the kernel refuses (ip_vs_ctl.c: GUE without a port) or does not heed (everything else). */
export function resolveTunnel({ type, port, checksum }: RawTunnel, path: Path, report: Report): TunnelConfig {
  if (type === 'gue' && port === undefined) {
    report([...path, 'port'], 'missing: `type: gue` needs the UDP port that the real servers listen on, such as 6080');
  }
  if (type !== 'gue' && port !== undefined) {
    report([...path, 'port'], `only goes with \`type: gue\`: ${type} has no port; found ${port}`);
  }
  if (type === 'ipip' && checksum !== undefined) {
    report([...path, 'checksum'], 'does not go with `type: ipip`, which has no checksum of its own');
  }
  if (type === 'gre' && checksum === 'remote') {
    report([...path, 'checksum'], 'must be none or full with `type: gre`; only gue can leave it to the real server');
  }
  return { type, port: type === 'gue' ? (port ?? 0) : 0, checksum: checksum ?? 'none' };
}
