/**
 * The lab's network, as data.
 *
 *            front 10.0.0.0/24, fd00::/64 (bridge br0 in "sw")
 *   c1 .51 ───┬────────┬────────┬──────── r1 .21, r2 .22   (direct, tunnel)
 *             d1 .11   d2 .12        VIP .100
 *             └────────┴────────┬──────── r1 .21, r2 .22   (nat; default route 10.1.0.1, fd01::1)
 *            back 10.1.0.0/24, fd01::/64 (bridge br1)      VIP of the inside .1
 *
 * Every machine has `eth0` at the front and/or `eth1` at the back. MAC addresses are 02:00:00:00:NN:HH with NN = 01 (front) or
 * 02 (back) and HH = the last number of the address in hexadecimal: d1 is 02:00:00:00:01:0b.
 */

export type Net = 'front' | 'back';
export type Family = 4 | 6 | 'both';
export type Method = 'direct' | 'nat' | 'tunnel';

export const VIP4 = '10.0.0.100';
export const VIP6 = 'fd00::100';
/** Gateway of the real servers with NAT: a second VIP that the active director holds. */
export const INSIDE_VIP4 = '10.1.0.1';
export const INSIDE_VIP6 = 'fd01::1';

export interface LabOptions {
  /** 1 to 9, default 2: d1, d2, ... */
  readonly directors?: number;
  /** 0 to 20, default 2: r1, r2, ... */
  readonly realServers?: number;
  /** Default true: c1. */
  readonly client?: boolean;
  /** Default 4. */
  readonly family?: Family;
  /** How the directors will forward; decides where the real servers are and how they are set up. Default direct. */
  readonly method?: Method;
  /** VIPs that real servers hold with direct and tunnel. Default VIP4 and VIP6. */
  readonly vips?: readonly string[];
}

export interface Machine {
  readonly name: string;
  readonly role: 'director' | 'real-server' | 'client';
  /** The last number of its addresses: 11 for d1. */
  readonly host: number;
  readonly nets: readonly Net[];
}

const FIRST_HOST = { director: 11, 'real-server': 21, client: 51 } as const;

/** Interface of a machine in a net. */
export function interfaceOf(net: Net): 'eth0' | 'eth1' {
  return net === 'front' ? 'eth0' : 'eth1';
}

/** The switch's interface at the other end of a machine's cable. */
export function portOf(name: string, net: Net): string {
  return `${name}-${interfaceOf(net)}`;
}

export function macOf(host: number, net: Net): string {
  return `02:00:00:00:0${net === 'front' ? 1 : 2}:${host.toString(16).padStart(2, '0')}`;
}

/** IPv4 address of host number `host`: 10.0.0.11 (front), 10.1.0.11 (back). */
export function ip4(host: number, net: Net = 'front'): string {
  return `10.${net === 'front' ? 0 : 1}.0.${host}`;
}

/** IPv6 address; the number reads the same: host 11 is fd00::11. */
export function ip6(host: number, net: Net = 'front'): string {
  return `fd0${net === 'front' ? 0 : 1}::${host}`;
}

/** All machines of a lab, in the order directors, real servers, client. */
export function machinesOf(options: LabOptions): Machine[] {
  const { directors = 2, realServers = 2, client = true, method = 'direct' } = options;
  const many = (role: Machine['role'], letter: string, count: number, nets: readonly Net[]): Machine[] =>
    Array.from({ length: count }, (_, i) => ({ name: `${letter}${i + 1}`, role, host: FIRST_HOST[role] + i, nets }));
  return [
    ...many('director', 'd', directors, ['front', 'back']),
    ...many('real-server', 'r', realServers, [method === 'nat' ? 'back' : 'front']),
    ...many('client', 'c', client ? 1 : 0, ['front']),
  ];
}
