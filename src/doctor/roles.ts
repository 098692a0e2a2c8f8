/** The roles of a real server, as the command line names them. Pure. */
import { isLoopback, isMulticast, isUnspecified, parseAddress } from '../net/ip.ts';
import { err, ok, type Result } from '../util/result.ts';
import type { Forwarding, RealServerRole, TunnelType } from './intent.ts';

const METHODS: readonly Forwarding[] = ['direct', 'tunnel', 'nat', 'fullnat'];
const TUNNELS: readonly TunnelType[] = ['ipip', 'gue', 'gre'];
/** The port that GUE is registered for (IANA). */
const GUE_PORT = 6080;

/**
 * `VIP` or `VIP:METHOD` each; `forwarding` is for those without a method. `tunnel` is `ipip`, `gre`, `gue` or `gue:PORT`.
 * The error is for people.
 */
export function rolesOf(
  texts: readonly string[],
  { forwarding, tunnel }: { readonly forwarding: string; readonly tunnel: string },
): Result<readonly RealServerRole[], string> {
  const method = METHODS.find((name) => name === forwarding);
  if (method === undefined) return err(`--forwarding ${forwarding}: must be one of ${METHODS.join(', ')}`);
  const [typeText, portText = String(GUE_PORT), ...rest] = tunnel.split(':');
  const type = TUNNELS.find((name) => name === typeText);
  const tunnelPort = Number(portText);
  const isPort = /^\d{1,5}$/.test(portText) && tunnelPort >= 1 && tunnelPort <= 65_535;
  if (type === undefined || rest.length > 0 || !isPort || (type !== 'gue' && tunnel.includes(':'))) {
    return err(`--tunnel ${tunnel}: must be ipip, gre, gue or gue:PORT`);
  }
  const roles: RealServerRole[] = [];
  for (const text of texts) {
    const suffix = METHODS.find((name) => text.endsWith(`:${name}`));
    const address = parseAddress(suffix === undefined ? text : text.slice(0, -suffix.length - 1));
    if (address === null) return err(`--real-server ${text}: must be an address, or ADDRESS:${METHODS.join('|')}`);
    const { bytes, family, text: vip } = address;
    if (isLoopback(bytes) || isMulticast(bytes) || isUnspecified(bytes)) {
      return err(`--real-server ${text}: must be the virtual address that clients connect to`);
    }
    roles.push({ vip, family, forwarding: suffix ?? method, tunnel: type, tunnelPort });
  }
  return ok(roles);
}
