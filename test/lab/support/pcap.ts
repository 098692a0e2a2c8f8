/** A referee that is not ours: tcpdump records what is on a wire of the lab, tshark says what is wrong with it. */
import assert from 'node:assert/strict';
import type { Child } from './child.ts';
import { run } from './exec.ts';
import type { Lab } from './lab.ts';
import { FIELDS, judge, type Verdict } from './pcap-judge.ts';

export interface PcapOptions {
  /** Where to listen, default c1: it hears all that is broadcast or multicast. */
  readonly node?: string;
  /** Default eth0. */
  readonly dev?: string;
  /** These senders' TTL or hop limit is not looked at. */
  readonly anyTtlFrom?: readonly string[];
  /** The IPv4 checksum of VRRPv3 is expected without pseudo-header, as RFC 9568 says. Default false: with it. */
  readonly rfc9568?: boolean;
}

const FILTER = 'ip proto 112 or ip6 proto 112 or arp or icmp6 or udp port 3784';
const READY_TIMEOUT_MS = 10_000;
const TSHARK_TIMEOUT_MS = 30_000;

let count = 0;

export class Pcap {
  readonly #child: Child;
  readonly #file: string;
  readonly #options: PcapOptions;

  private constructor(child: Child, file: string, options: PcapOptions) {
    this.#child = child;
    this.#file = file;
    this.#options = options;
  }

  /** Starts to record; returns when it listens. */
  static async start(lab: Lab, options: PcapOptions = {}): Promise<Pcap> {
    const { node = 'c1', dev = 'eth0' } = options;
    count += 1;
    const file = lab.file(`${node}-${dev}-${count}.pcap`);
    const args = ['-Z', 'root', '-U', '-n', '--immediate-mode', '-i', dev, '-w', file, FILTER];
    const child = lab.spawn(node, 'tcpdump', args, { name: `tcpdump -w ${node} ${dev}` });
    await child.waitForLine(/listening on/, READY_TIMEOUT_MS);
    return new Pcap(child, file, options);
  }

  /**
   * Stops to record. Not one VRRP, ARP, NA or BFD packet may have a fault, there must be advertisements from all of
   * `senders` (IP or MAC addresses), and nobody may go on advertising beside a better one.
   */
  async assertGood(...senders: readonly string[]): Promise<void> {
    await this.#child.stop();
    const { faults, senders: heard } = await judgeFile(this.#file, this.#options);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      senders.filter((sender) => !heard.has(sender)),
      [],
      `no advertisement of these, only of ${[...heard].join(', ')}`,
    );
  }
}

/** What tshark makes of a file. */
export async function judgeFile(file: string, options: PcapOptions = {}): Promise<Verdict> {
  const { anyTtlFrom = [], rfc9568 = false } = options;
  const preferences = ['ip.check_checksum:TRUE', `vrrp.v3_checksum_as_in_v2:${rfc9568 ? 'TRUE' : 'FALSE'}`];
  const args = [
    ...['-n', '-r', file, '-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=;'],
    ...preferences.flatMap((preference) => ['-o', preference]),
    ...FIELDS.flatMap((field) => ['-e', field]),
  ];
  const { stdout } = await run('tshark', args, { timeoutMs: TSHARK_TIMEOUT_MS });
  return judge(stdout, anyTtlFrom);
}
