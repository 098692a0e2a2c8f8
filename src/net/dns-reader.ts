/** Reading the parts of a DNS message (RFC 1035 sections 3 and 4), from untrusted bytes. Pure. */

const MAX_LABEL = 63;
const MAX_NAME = 255;
/**
 * What reading the names of one message may cost: their bytes, those behind pointers counted each time, and something for each
 * label. Several times what real answers of 64 KiB have. A message of pointers to one long name would else keep the process
 * busy for a second.
 */
const MOST_NAME_COST = 384 * 1024;
const LABEL_COST = 8;

/** Reads on from a place. A step beyond the end fails all that follow: looked at once, in the end. */
export class DnsReader {
  at: number;
  failed = false;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #nameCost = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.at = at;
  }

  /** Fails unless all was read up to there. */
  expectAt(end: number): void {
    if (this.at !== end) this.failed = true;
  }

  skip(length: number): boolean {
    if (this.failed || length > this.#bytes.length - this.at) this.failed = true;
    else this.at += length;
    return !this.failed;
  }

  u8(): number {
    return this.skip(1) ? this.#view.getUint8(this.at - 1) : 0;
  }

  u16(): number {
    return this.skip(2) ? this.#view.getUint16(this.at - 2) : 0;
  }

  u32(): number {
    return this.skip(4) ? this.#view.getUint32(this.at - 4) : 0;
  }

  bytes(length: number): Uint8Array {
    return this.skip(length) ? this.#bytes.subarray(this.at - length, this.at) : new Uint8Array(0);
  }

  /** A name (RFC 1035 section 4.1.4). A pointer leads only to what stands before the part it ends, so none goes round. */
  name(): string {
    const labels: string[] = [];
    let from = this.at;
    let at = this.at;
    let behind: number | null = null;
    for (let length = 1; length <= MAX_NAME && this.#nameCost <= MOST_NAME_COST; ) {
      const octet = this.#bytes[at];
      if (octet === undefined) break;
      if (octet >= 0xc0) {
        const to = ((octet & 0x3f) << 8) | (this.#bytes[at + 1] ?? 0xff);
        behind ??= at + 2;
        this.#nameCost += 2;
        if (to >= from) break;
        from = to;
        at = to;
      } else if (octet > MAX_LABEL || at + 1 + octet > this.#bytes.length) {
        break;
      } else if (octet === 0) {
        if (this.skip((behind ?? at + 1) - this.at)) return labels.join('.') || '.';
        break;
      } else {
        labels.push(labelText(this.#bytes.subarray(at + 1, at + 1 + octet)));
        length += octet + 1;
        this.#nameCost += octet + LABEL_COST;
        at += octet + 1;
      }
    }
    this.failed = true;
    return '';
  }
}

/** Lower case; what would read as something else is escaped as in zone files (RFC 1035 section 5.1). */
function labelText(label: Uint8Array): string {
  const text = String.fromCharCode(...label);
  if (!/[^!-~]|[.\\A-Z]/.test(text)) return text;
  return text
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll(/[^!-~]|[.\\]/g, (char) => (char === '.' || char === '\\' ? `\\${char}` : escaped(char)));
}

/** Text of a record, of any bytes. */
export function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join('')
    .replaceAll(/[^ -~]/g, escaped);
}

function escaped(char: string): string {
  return `\\${char.charCodeAt(0).toString().padStart(3, '0')}`;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
