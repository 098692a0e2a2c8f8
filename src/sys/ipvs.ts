/**
 * The kernel's IPVS table of this network namespace, over generic netlink: read it, change it. Requests are
 * synchronous (netlink.ts); long work yields to the event loop between pieces. One caller at a time: a dump that
 * yields while another task applies commands sees some of them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { batchesOf, isDaemonCommand } from '../ipvs/batch.ts';
import type { DaemonCommand, IpvsCommand, Timeouts } from '../ipvs/command.ts';
import type { DecodeError, DestinationReply, IpvsInfo, ServiceReply } from '../ipvs/decode.ts';
import { decodeDaemon, decodeDestination, decodeInfo, decodeService, decodeTimeouts } from '../ipvs/decode.ts';
import {
  encodeCommand,
  encodeGetDaemons,
  encodeGetDestinations,
  encodeGetInfo,
  encodeGetService,
  encodeGetServices,
  encodeGetTimeouts,
} from '../ipvs/encode.ts';
import { planDaemons } from '../ipvs/plan.ts';
import type { Refusal } from '../ipvs/refusal.ts';
import { amend, describeDecodeError, describeRefusal } from '../ipvs/refusal.ts';
import type { ServiceId, SyncDaemon } from '../ipvs/types.ts';
import { AttrWriter } from '../net/nlattr.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../net/nlmsg.ts';
import type { Result } from '../util/result.ts';
import { familyIdOf, IpvsUnavailableError } from './ipvs-family.ts';
import { NETLINK_GENERIC, NetlinkSocket } from './netlink.ts';
import { errnoName, SystemError } from './socket.ts';

const EINTR = 4;
const ENODATA = 61;

/** Messages in one sendmsg, during which the event loop stands still: some milliseconds. */
const MAX_BATCH = 256;
/** Services whose destinations are dumped in one turn of the event loop. */
const DUMPS_PER_TURN = 32;

/** A service as the kernel reports it, with its destinations and all statistics. */
export interface TableService extends ServiceReply {
  /** In the kernel's order: newest first. */
  readonly destinations: readonly DestinationReply[];
}

/** What became of a list of commands. */
export interface ApplyOutcome {
  /** Commands that the kernel refused and that could not be amended. */
  readonly refused: readonly Refusal[];
  /** False when verdicts were lost: only a dump tells what was done. */
  readonly complete: boolean;
}

/** A connection to the kernel's IPVS. Close it when done. */
export class Ipvs {
  readonly #socket: NetlinkSocket;
  readonly #familyId: number;
  readonly #writer = new AttrWriter(65_536);

  private constructor(socket: NetlinkSocket, familyId: number) {
    this.#socket = socket;
    this.#familyId = familyId;
  }

  /**
   * Connects, loading the module ip_vs if need be. Throws IpvsUnavailableError when the kernel has no IPVS or we lack
   * CAP_NET_ADMIN, SystemError when netlink fails otherwise.
   */
  static open(): Ipvs {
    const socket = new NetlinkSocket(NETLINK_GENERIC);
    try {
      const ipvs = new Ipvs(socket, familyIdOf(socket));
      ipvs.info(); // the first command that needs the capability: finding the family does not
      return ipvs;
    } catch (error) {
      socket.close();
      if (!(error instanceof SystemError) || error.code !== 'EPERM') throw error;
      throw new IpvsUnavailableError('EPERM', 'Cannot use IPVS: EPERM (needs root or CAP_NET_ADMIN)');
    }
  }

  /** Version of IPVS and size of its connection table. Throws SystemError. */
  info(): IpvsInfo {
    return this.#query('read the IPVS version', encodeGetInfo, decodeInfo);
  }

  /** Connection timeouts. Throws SystemError. */
  timeouts(): Timeouts {
    return this.#query('read the IPVS timeouts', encodeGetTimeouts, decodeTimeouts);
  }

  /** The running sync daemons, master first. Throws SystemError. */
  daemons(): SyncDaemon[] {
    encodeGetDaemons(this.#begin(), this.#familyId, this.#socket.nextSeq());
    return this.#dump('read the IPVS sync daemons', decodeDaemon);
  }

  /** All services, without destinations, in the kernel's order, which means nothing. Throws SystemError. */
  dumpServices(): ServiceReply[] {
    encodeGetServices(this.#begin(), this.#familyId, this.#socket.nextSeq());
    return this.#dump('read the IPVS services', decodeService);
  }

  /** One service, without destinations; null when there is no such service. Throws SystemError. */
  findService(service: ServiceId): ServiceReply | null {
    try {
      const encode = (writer: AttrWriter, familyId: number, seq: number): void =>
        encodeGetService(writer, familyId, seq, service);
      return this.#query('read an IPVS service', encode, decodeService);
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ESRCH') return null;
      throw error;
    }
  }

  /** The destinations of one service; none when there is no such service. Throws SystemError. */
  dumpDestinations(service: ServiceId): DestinationReply[] {
    encodeGetDestinations(this.#begin(), this.#familyId, this.#socket.nextSeq(), service);
    return this.#dump('read the IPVS destinations', (payload) => decodeDestination(payload, service.family));
  }

  /**
   * The services that `wanted` picks (all of them by default) with their destinations. Rejects with SystemError. Not a
   * snapshot: what a stranger changes meanwhile may be missing or doubled.
   */
  async dump(wanted: (id: ServiceId) => boolean = () => true): Promise<TableService[]> {
    const services = this.dumpServices().filter(({ id }) => wanted(id));
    const table: TableService[] = [];
    for (const service of services) {
      table.push({ ...service, destinations: this.dumpDestinations(service.id) });
      if (table.length % DUMPS_PER_TURN === 0) await nextTurn();
    }
    return table;
  }

  /**
   * The destinations of these services, and of no others: the cost is theirs, whatever else the table holds. A service that
   * is not there has none. Rejects with SystemError. Yields as `dump` does.
   */
  async dumpOf(services: readonly ServiceId[]): Promise<{ id: ServiceId; destinations: DestinationReply[] }[]> {
    const found: { id: ServiceId; destinations: DestinationReply[] }[] = [];
    for (const id of services) {
      found.push({ id, destinations: this.dumpDestinations(id) });
      if (found.length % DUMPS_PER_TURN === 0) await nextTurn();
    }
    return found;
  }

  /**
   * Sends commands in order and amends what the kernel refuses (see `amend`), once, unless `amending` is false. Never
   * rejects because of the kernel: what it refuses for good is in the outcome, in order where nothing is amended. Yields
   * to the event loop between batches of 256.
   */
  async apply(commands: readonly IpvsCommand[], { amending = true } = {}): Promise<ApplyOutcome> {
    const refused: Refusal[] = [];
    let complete = true;
    for (const [index, batch] of batchesOf(commands, MAX_BATCH).entries()) {
      if (index > 0) await nextTurn();
      const [first] = batch;
      if (first === undefined) continue;
      if (isDaemonCommand(first)) {
        const refusal = this.#applyDaemon(first, amending);
        if (refusal !== null) refused.push(refusal);
        continue;
      }
      const outcome = amending ? this.#sendAmending(batch) : this.#send(batch);
      refused.push(...outcome.refused);
      complete &&= outcome.complete;
    }
    return { refused, complete };
  }

  /**
   * Makes the sync daemon of that role run with these parameters; it is restarted when it runs with others. Null, or
   * what the kernel refused. Blocks up to some seconds when the interface cannot multicast. Throws SystemError.
   */
  setDaemon(daemon: SyncDaemon): Refusal | null {
    const running = this.daemons().filter(({ role }) => role === daemon.role);
    for (const command of planDaemons([daemon], running)) {
      const refusal = this.#applyDaemon(command);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  /** Stops the sync daemon of that role; done when none runs. Null, or what the kernel refused. Throws SystemError. */
  stopDaemon(role: SyncDaemon['role']): Refusal | null {
    return this.#applyDaemon({ command: 'del-daemon', role });
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  #begin(): AttrWriter {
    this.#writer.reset();
    return this.#writer;
  }

  #query<T>(
    attempt: string,
    encode: (writer: AttrWriter, familyId: number, seq: number) => void,
    decode: (payload: Uint8Array) => Result<T, DecodeError>,
  ): T {
    encode(this.#begin(), this.#familyId, this.#socket.nextSeq());
    const answer = this.#socket.request(this.#writer.finish());
    if (answer === 'no-reply') throw new SystemError(attempt, 'recvmsg', EINTR);
    if (answer.errno !== 0) throw new SystemError(attempt, 'sendmsg', answer.errno);
    const [reply] = answer.replies;
    if (reply === undefined) throw new SystemError(attempt, 'recvmsg', ENODATA);
    return decoded(attempt, decode(reply.payload));
  }

  #dump<T>(attempt: string, decode: (payload: Uint8Array) => Result<T, DecodeError>): T[] {
    const objects: T[] = [];
    const { errno } = this.#socket.dump(this.#writer.finish(), ({ payload }) => {
      objects.push(decoded(attempt, decode(payload)));
    });
    if (errno !== 0) throw new SystemError(attempt, 'sendmsg', errno);
    return objects;
  }

  /** Sends one batch, and what its refusals amend to as a second one. */
  #sendAmending(batch: readonly IpvsCommand[]): ApplyOutcome {
    const first = this.#send(batch);
    const refused: Refusal[] = [];
    const amended: IpvsCommand[] = [];
    for (const refusal of first.refused) {
      const instead = amend(refusal.command, refusal.code);
      if (instead === null) refused.push(refusal);
      else if (instead !== 'done') amended.push(instead);
    }
    if (amended.length === 0) return { refused, complete: first.complete };
    const second = this.#send(amended);
    return { refused: [...refused, ...second.refused], complete: first.complete && second.complete };
  }

  /** At most MAX_BATCH commands in one system call; success is only acknowledged for the last, refusal for each. */
  #send(batch: readonly IpvsCommand[]): ApplyOutcome {
    const writer = this.#begin();
    const bySeq = new Map<number, IpvsCommand>();
    let seq = 0;
    for (const [index, command] of batch.entries()) {
      seq = this.#socket.nextSeq();
      bySeq.set(seq, command);
      const flags = index === batch.length - 1 ? NLM_F_REQUEST | NLM_F_ACK : NLM_F_REQUEST;
      encodeCommand(writer, this.#familyId, seq, flags, command);
    }
    const outcome = this.#socket.batch(writer.finish(), seq);
    const refused: Refusal[] = [];
    for (const [refusedSeq, errno] of outcome.refused) {
      const command = bySeq.get(refusedSeq);
      if (command !== undefined) refused.push(refusalOf(command, errno));
    }
    return { refused, complete: outcome.complete };
  }

  /**
   * One daemon command on its own. The kernel swallows the verdict of a stop that comes before the thread's first run
   * (-EINTR, never sent, though the daemon is stopped): then the list of running daemons decides.
   */
  #applyDaemon(command: DaemonCommand, amending = true): Refusal | null {
    encodeCommand(this.#begin(), this.#familyId, this.#socket.nextSeq(), NLM_F_REQUEST | NLM_F_ACK, command);
    const answer = this.#socket.request(this.#writer.finish());
    if (answer !== 'no-reply') {
      if (answer.errno === 0) return null;
      if (amending && amend(command, errnoName(answer.errno)) === 'done') return null;
      return refusalOf(command, answer.errno);
    }
    const wanted = command.command === 'new-daemon' ? command.daemon.role : command.role;
    const runs = this.daemons().some(({ role }) => role === wanted);
    return runs === (command.command === 'new-daemon') ? null : refusalOf(command, EINTR);
  }
}

function refusalOf(command: IpvsCommand, errno: number): Refusal {
  const code = errnoName(errno);
  return { command, errno, code, text: describeRefusal(command, code) };
}

/** The kernel's replies are as they were documented, or we do not understand this kernel at all. */
function decoded<T>(attempt: string, result: Result<T, DecodeError>): T {
  if (result.ok) return result.value;
  throw new Error(`Cannot ${attempt}: the kernel's reply is not understood: ${describeDecodeError(result.error)}`);
}
