/** How the packets of a probe leave this machine: by which interface, with which firewall mark, from which address. */
import { constants } from 'node:os';
import type { CheckCommon } from '../config/checks/common.ts';
import { parseAddress } from '../net/ip.ts';
import { AF_INET, AF_INET6, sockaddrIn, sockaddrIn6 } from '../net/sockaddr.ts';
import { interfaceIndex, type RawSocket, SystemError } from './socket.ts';

const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SO_MARK = 36;
const IPPROTO_IP = 0;
/** Linux 4.2; for IPv6 too. */
const IP_BIND_ADDRESS_NO_PORT = 24;

export type ProbeRoute = Pick<CheckCommon, 'sourceAddress' | 'interface' | 'mark'>;

/** Nothing is asked for: the kernel chooses. */
export function isPlainRoute({ sourceAddress, interface: device, mark }: ProbeRoute): boolean {
  return sourceAddress === null && device === null && mark === 0;
}

/** AF_INET or AF_INET6, for an address in text. */
export function familyOf(address: string): number {
  return address.includes(':') ? AF_INET6 : AF_INET;
}

/** The sockaddr of an address in text; `device` gives a link-local one its scope. */
export function sockaddrOf(address: string, port: number, device: string | null): Uint8Array {
  const parsed = parseAddress(address);
  if (parsed === null) throw new Error(`Cannot use ${address}: not an IP address`);
  if (parsed.family === 4) return sockaddrIn(parsed.bytes, port);
  return sockaddrIn6(parsed.bytes, port, device === null ? 0 : (interfaceIndex(device) ?? 0));
}

/** Prepares a socket that is not connected yet. Throws SystemError: what was asked for, what the kernel said, what to do. */
export function prepareRoute(socket: RawSocket, { sourceAddress, interface: device, mark }: ProbeRoute): void {
  if (device !== null) {
    const name = new TextEncoder().encode(`${device}\0`);
    attempt(`send by interface ${device}`, ADVICE.interface, () => socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, name));
  }
  if (mark !== 0) {
    attempt(`mark packets with ${mark}`, ADVICE.mark, () => socket.setOption(SOL_SOCKET, SO_MARK, mark));
  }
  if (sourceAddress === null) return;
  // The port is chosen when it connects, for that destination; a port of bind's would be taken for all destinations.
  socket.trySetOption(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const from = sockaddrOf(sourceAddress, 0, device);
  attempt(`send from ${sourceAddress}`, ADVICE.source, () => socket.bind(from));
}

const { EADDRNOTAVAIL, EINVAL, ENODEV, EPERM } = constants.errno;
type Advice = Readonly<Record<number, string>>;
const ADVICE: Readonly<Record<'interface' | 'mark' | 'source', Advice>> = {
  interface: { [ENODEV]: 'there is no such interface', [EPERM]: 'needs root or CAP_NET_RAW' },
  mark: { [EPERM]: 'needs root or CAP_NET_ADMIN' },
  source: {
    [EADDRNOTAVAIL]: 'this machine does not have the address',
    [EINVAL]: 'a link-local address needs an interface',
  },
};

function attempt(what: string, advice: Advice, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new SystemError(what, error.syscall, error.errno, advice[error.errno]);
  }
}
