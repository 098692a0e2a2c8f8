/** Kernel settings (/proc/sys/net): their names, and what holds where "all" and the interface both count. Pure. */

/** Key below /proc/sys to value as the kernel prints it, without the line's end. An absent one was not readable. */
export type Settings = ReadonlyMap<string, string>;

/** Settings of every interface that the checks read; `net/ipv4/conf/NAME/...`. */
export const INTERFACE_SETTINGS_V4 = ['arp_announce', 'arp_ignore', 'rp_filter', 'send_redirects'] as const;
export const INTERFACE_SETTINGS_V6 = ['accept_ra', 'disable_ipv6', 'proxy_ndp'] as const;

/** Settings of the whole network namespace that the checks read. */
export const GLOBAL_SETTINGS = [
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/ipv4/vs/backup_only',
  'net/ipv4/vs/conntrack',
  'net/ipv4/vs/expire_nodest_conn',
  'net/ipv4/vs/expire_quiescent_template',
  'net/ipv4/vs/pmtu_disc',
  'net/ipv4/vs/sync_refresh_period',
  'net/ipv4/vs/sync_version',
  'net/netfilter/nf_conntrack_count',
  'net/netfilter/nf_conntrack_max',
  'net/netfilter/nf_conntrack_tcp_loose',
  'net/netfilter/nf_conntrack_tcp_timeout_established',
] as const;

export type InterfaceSetting = (typeof INTERFACE_SETTINGS_V4)[number] | (typeof INTERFACE_SETTINGS_V6)[number];
export type GlobalSetting = (typeof GLOBAL_SETTINGS)[number];

/** As sysctl(8) spells it: dots, unless an interface's name has some (`eth0.100`): then slashes. */
export function sysctlName(key: string): string {
  return key.includes('.') ? key : key.replaceAll('/', '.');
}

/** The key of an interface's setting; `name` may be "all". */
export function interfaceKey(family: 4 | 6, name: string, setting: InterfaceSetting): string {
  return `net/ipv${family}/conf/${name}/${setting}`;
}

/** A setting of the namespace as a number; null when this kernel has none, or not yet (its module is not loaded). */
export function globalSetting(settings: Settings, key: GlobalSetting): number | null {
  return numberOf(settings.get(key));
}

/** One interface's own value, or null. */
export function interfaceSetting(settings: Settings, family: 4 | 6, name: string, what: InterfaceSetting) {
  return numberOf(settings.get(interfaceKey(family, name, what)));
}

/**
 * What holds for an interface: the greater of "all" and its own (IN_DEV_MAXCONF: rp_filter, arp_ignore, arp_announce).
 * Null when neither could be read.
 */
export function greaterOfAll(settings: Settings, name: string, what: 'rp_filter' | 'arp_ignore' | 'arp_announce') {
  const all = interfaceSetting(settings, 4, 'all', what);
  const own = interfaceSetting(settings, 4, name, what);
  return all === null && own === null ? null : Math.max(all ?? 0, own ?? 0);
}

/** Redirects are sent when "all" or the interface says so (IN_DEV_ORCONF). */
export function sendsRedirects(settings: Settings, name: string): boolean {
  return ['all', name].some((of) => (interfaceSetting(settings, 4, of, 'send_redirects') ?? 0) !== 0);
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
}
