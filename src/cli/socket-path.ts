/** Where the daemon's control socket is. */
export const DEFAULT_SOCKET = '/run/lvsd/lvsd.sock';

/** `--socket` wins over LVSD_SOCKET, that over the default. Empty counts as not given. */
export function socketPath(option: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  return option || env['LVSD_SOCKET'] || DEFAULT_SOCKET;
}
