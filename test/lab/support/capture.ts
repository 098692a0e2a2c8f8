/** Listens on an interface of the lab with tcpdump. */
import type { Child } from './child.ts';
import type { Lab } from './lab.ts';

export interface CaptureOptions {
  /** Default eth0. */
  readonly dev?: string;
  /** Filter of pcap: "ip proto 112". */
  readonly filter?: string;
  /** More options of tcpdump, for example ['-v'] or ['-e']; a packet should stay one line. */
  readonly args?: readonly string[];
}

export interface Packet {
  /** When the kernel saw it, milliseconds since 1970 with a fraction. */
  readonly at: number;
  /** The rest of tcpdump's line. */
  readonly text: string;
}

const READY_TIMEOUT_MS = 10_000;

/** Splits a line of `tcpdump -tt`; undefined for other lines. */
export function parsePacket(line: string): Packet | undefined {
  const [, seconds, text] = /^(\d+\.\d+) (.*)$/.exec(line) ?? [];
  return seconds === undefined || text === undefined ? undefined : { at: Number(seconds) * 1000, text };
}

export class Capture {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Starts tcpdump and returns when it listens. */
  static async start(lab: Lab, node: string, options: CaptureOptions = {}): Promise<Capture> {
    const { dev = 'eth0', filter = '', args = [] } = options;
    // -Z root: files and the namespace stay readable.
    const all = ['-Z', 'root', '-l', '-tt', '-nn', '--immediate-mode', '-i', dev, ...args];
    const child = lab.spawn(node, 'tcpdump', filter === '' ? all : [...all, filter], {
      name: `tcpdump ${node} ${dev}`,
    });
    await child.waitForLine(/listening on/, READY_TIMEOUT_MS);
    return new Capture(child);
  }

  /** Packets so far. */
  get packets(): Packet[] {
    return this.#child.lines.flatMap((line) => (line.stream === 'stdout' ? (parsePacket(line.text) ?? []) : []));
  }

  /** The first packet whose line matches, of those seen or still to come. */
  async waitForPacket(pattern: RegExp, timeoutMs: number): Promise<Packet> {
    const line = await this.#child.waitForLine(pattern, timeoutMs);
    return parsePacket(line.text) ?? { at: line.at, text: line.text };
  }

  async stop(): Promise<Packet[]> {
    await this.#child.stop();
    return this.packets;
  }
}
