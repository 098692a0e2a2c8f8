/**
 * Socket addresses and control messages as the bytes that system calls take and give (sys/socket.h, netinet/in.h,
 * linux/if_packet.h, linux/netlink.h, sys/un.h) on 64-bit Linux. Pure.
 *
 * Families, protocols of AF_PACKET aside, are in host order, which is little-endian on every machine we run on; ports
 * and addresses are in network order.
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;

/** Size of `struct cmsghdr`, and what control messages are padded to. */
const CONTROL_HEADER_LENGTH = 16;
const CONTROL_ALIGNMENT = 8;
/** `sun_path`. */
const UNIX_PATH_SIZE = 108;

function make(family: number, length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  return { bytes, view };
}

/** `struct sockaddr_in`; `address` has 4 bytes. */
export function sockaddrIn(address: Uint8Array, port = 0): Uint8Array {
  const { bytes, view } = make(AF_INET, 16);
  view.setUint16(2, port);
  bytes.set(address, 4);
  return bytes;
}

/** `struct sockaddr_in6`; `address` has 16 bytes, `scopeId` is an interface index (for link-local and multicast). */
export function sockaddrIn6(address: Uint8Array, port = 0, scopeId = 0): Uint8Array {
  const { bytes, view } = make(AF_INET6, 28);
  view.setUint16(2, port);
  bytes.set(address, 8);
  view.setUint32(24, scopeId, true);
  return bytes;
}

/** `struct sockaddr_ll`: `etherType` such as 0x0806, `hardwareAddress` of 0 to 8 bytes as the destination of a frame. */
export function sockaddrLl(
  etherType: number,
  interfaceIndex: number,
  hardwareAddress: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const { bytes, view } = make(AF_PACKET, 20);
  view.setUint16(2, etherType);
  view.setInt32(4, interfaceIndex, true);
  view.setUint8(11, hardwareAddress.length);
  bytes.set(hardwareAddress, 12);
  return bytes;
}

/** Where a whole Ethernet frame goes: to its own destination, with its own EtherType. */
export function sockaddrOfFrame(frame: Uint8Array, interfaceIndex: number): Uint8Array {
  return sockaddrLl(((frame[12] ?? 0) << 8) | (frame[13] ?? 0), interfaceIndex, frame.subarray(0, 6));
}

/** `struct sockaddr_nl`: port id 0 is the kernel (or "choose one for me" in bind), `groups` the old 32-bit mask. */
export function sockaddrNl(portId = 0, groups = 0): Uint8Array {
  const { bytes, view } = make(AF_NETLINK, 12);
  view.setUint32(4, portId, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/** The port id in a `struct sockaddr_nl`; 0 when the bytes are none. */
export function netlinkPortId(sockaddr: Uint8Array): number {
  if (sockaddr.length < 8) return 0;
  return new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.length).getUint32(4, true);
}

/**
 * `struct sockaddr_un`; a leading `@` or NUL makes an abstract name, which lives in the network namespace instead of
 * the file system. Null when the path is empty or too long (107 bytes with its NUL, 108 for an abstract name).
 */
export function sockaddrUn(path: string): Uint8Array | null {
  const abstract = path.startsWith('@') || path.startsWith('\0');
  const name = new TextEncoder().encode(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length < 2 || name.length > UNIX_PATH_SIZE) return null;
  const { bytes } = make(AF_UNIX, 2 + name.length);
  bytes.set(name, 2);
  return bytes;
}

/** One `struct cmsghdr` with its data. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** The control messages that came with a datagram, as views; stops at the first one that is not whole. Never throws. */
export function parseControl(bytes: Uint8Array): ControlMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: ControlMessage[] = [];
  for (let at = 0; bytes.length - at >= CONTROL_HEADER_LENGTH; ) {
    // size_t: the upper half is zero in anything that fits.
    const length = view.getUint32(at, true);
    if (view.getUint32(at + 4, true) !== 0 || length < CONTROL_HEADER_LENGTH || length > bytes.length - at) break;
    messages.push({
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      data: bytes.subarray(at + CONTROL_HEADER_LENGTH, at + length),
    });
    at += Math.ceil(length / CONTROL_ALIGNMENT) * CONTROL_ALIGNMENT;
  }
  return messages;
}

/** Control messages for sending, one behind the other. */
export function encodeControl(messages: readonly ControlMessage[]): Uint8Array {
  const sizes = messages.map(({ data }) => Math.ceil(data.length / CONTROL_ALIGNMENT) * CONTROL_ALIGNMENT);
  const bytes = new Uint8Array(sizes.reduce((total, size) => total + CONTROL_HEADER_LENGTH + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [i, { level, type, data }] of messages.entries()) {
    view.setUint32(at, CONTROL_HEADER_LENGTH + data.length, true);
    view.setInt32(at + 8, level, true);
    view.setInt32(at + 12, type, true);
    bytes.set(data, at + CONTROL_HEADER_LENGTH);
    at += CONTROL_HEADER_LENGTH + (sizes[i] ?? 0);
  }
  return bytes;
}
