/** Reads what `tcpdump --time-stamp-precision=nano -w FILE` wrote (draft-ietf-opsawg-pcap): Ethernet frames of a small machine. Pure. */

export interface CapturedFrame {
  /** When the kernel saw it, milliseconds since 1970 with a fraction. */
  readonly at: number;
  readonly bytes: Buffer;
}

/** Little-endian files with nanoseconds, as this machine writes them. */
const MAGIC = 0xa1b23c4d;
const FILE_HEADER_LEN = 24;
const RECORD_HEADER_LEN = 16;

/** All whole frames, in the order of the file. @throws Error for another kind of file. */
export function framesOf(file: Buffer): CapturedFrame[] {
  if (file.length < FILE_HEADER_LEN || file.readUInt32LE(0) !== MAGIC) {
    throw new Error('Cannot read the capture: it is not a pcap file with nanoseconds');
  }
  const frames: CapturedFrame[] = [];
  for (let at = FILE_HEADER_LEN; at + RECORD_HEADER_LEN <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const end = at + RECORD_HEADER_LEN + length;
    if (end > file.length) break;
    frames.push({
      at: file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1e6,
      bytes: file.subarray(at + RECORD_HEADER_LEN, end),
    });
    at = end;
  }
  return frames;
}
