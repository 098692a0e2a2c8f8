/** Probes that failed for a reason of this machine's: said once a minute for each kind, with what to do about it. */

/** Between two lines about the same. */
const EVERY_MS = 60_000;

interface Kind {
  readonly pattern: RegExp;
  readonly advice: string;
}

const KINDS: readonly Kind[] = [
  { pattern: /\bE[MN]FILE\b/, advice: 'out of file descriptors: raise LimitNOFILE in the unit, or `ulimit -Hn`' },
  {
    pattern: /\bEADDRNOTAVAIL\b/,
    advice:
      'no local port was free, or source_address is not on this machine: widen net.ipv4.ip_local_port_range, set ' +
      'net.ipv4.tcp_tw_reuse=1, or probe less often',
  },
  {
    pattern: /\bENOMEM\b|\bENOBUFS\b/,
    advice: 'the kernel is out of memory for sockets: see net.ipv4.tcp_mem and `free`',
  },
  {
    pattern: /\bEPERM\b/,
    advice:
      "this machine's packet filter, or a missing capability (mark, interface and icmp need CAP_NET_ADMIN or CAP_NET_RAW)",
  },
  { pattern: /stalled for/, advice: 'this process did not get the processor in time: the machine is overloaded' },
];
const OTHER = 'a fault on this machine';

interface Spell {
  readonly advice: string;
  count: number;
  /** The first of them since it was last said. */
  detail: string;
  timer: NodeJS.Timeout;
}

/** Never says more than one line a minute for each kind. */
export class LocalFaults {
  readonly #say: (text: string) => void;
  readonly #everyMs: number;
  readonly #spells = new Map<string, Spell>();

  constructor(say: (text: string) => void, everyMs: number = EVERY_MS) {
    this.#everyMs = everyMs;
    this.#say = say;
  }

  /** `detail` as of the result. The first one is said at once, the others of a minute together at its end. */
  add(detail: string): void {
    // That is how a probe under way ends when its check is gone.
    if (detail === 'probe cancelled') return;
    const advice = KINDS.find(({ pattern }) => pattern.test(detail))?.advice ?? OTHER;
    const spell = this.#spells.get(advice);
    if (spell === undefined) {
      this.#spells.set(advice, { advice, count: 0, detail: '', timer: this.#nextLook(advice) });
      this.#say(`A probe could not be made, which says nothing about the server: ${advice} (${detail})`);
      return;
    }
    if (spell.count === 0) spell.detail = detail;
    spell.count++;
  }

  close(): void {
    for (const { timer } of this.#spells.values()) clearTimeout(timer);
    this.#spells.clear();
  }

  #nextLook(advice: string): NodeJS.Timeout {
    return setTimeout(() => this.#look(advice), this.#everyMs).unref();
  }

  #look(advice: string): void {
    const spell = this.#spells.get(advice);
    if (spell === undefined) return;
    if (spell.count === 0) {
      this.#spells.delete(advice);
      return;
    }
    const { count, detail } = spell;
    this.#say(
      `${count} probes of the last minute could not be made, which says nothing about the servers: ${advice} (${detail})`,
    );
    spell.count = 0;
    spell.timer = this.#nextLook(advice);
  }
}
