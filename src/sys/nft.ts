/**
 * The program nft (package nftables): the one way by which lvsd reads and changes nftables. Rules are one transaction, so
 * nobody ever sees a part of them.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { AttrWriter, decodeAttrs } from '../net/nlattr.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../net/nlmsg.ts';
import { err, ok, type Result } from '../util/result.ts';
import { NetlinkSocket } from './netlink.ts';
import { SystemError } from './socket.ts';

export interface NftFailure {
  /** 'no-program': nftables is not installed. 'absent': what was to be listed is not there. 'failed': the rest. */
  readonly kind: 'no-program' | 'absent' | 'failed';
  /** The reason in words, without a full stop. */
  readonly text: string;
}

/** nftables as the keeper of a table needs it. */
export interface NftKernel {
  /** `nft -j -n list table FAMILY NAME`; `terse`: without the elements of sets and maps. */
  list(table: string, options?: { readonly terse?: boolean }): Promise<Result<string, NftFailure>>;
  /** One transaction, in the language of nft. */
  apply(script: string): Promise<Result<null, NftFailure>>;
  /**
   * A number that grows by one with each transaction in this network namespace, whoever's it is; null when the kernel does
   * not tell. While it is the same nothing was changed.
   */
  generation(): number | null;
  close(): void;
}

/**
 * 10 000 elements take 0.2 s, and ten times longer on a busy machine. A reload that waits for three of them is done within
 * 30 s.
 */
const TIMEOUT_MS = 8_000;
/** 10 000 elements are listed in 2 MB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_LENGTH = 300;
const MAX_STDERR_LENGTH = 16 * 1024;

const NETLINK_NETFILTER = 12;
/** linux/netfilter/nfnetlink.h and nf_tables.h: the subsystem in the upper byte. */
const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETGEN = 16;
const NFTA_GEN_ID = 1;
const NFGENMSG_LENGTH = 4;

/** The kernel's nftables, by the program nft. */
export class Nft implements NftKernel {
  readonly #run: (args: readonly string[], input: string) => Promise<Result<string, NftFailure>>;
  /** Null: not opened yet, or not to be had. */
  #socket: NetlinkSocket | null = null;
  #socketFailed = false;

  constructor({ program = 'nft', timeoutMs = TIMEOUT_MS } = {}) {
    this.#run = (args, input) => runNft({ program, args, input, timeoutMs });
  }

  list(table: string, { terse = false }: { readonly terse?: boolean } = {}): Promise<Result<string, NftFailure>> {
    const options = terse ? ['-j', '-n', '-t'] : ['-j', '-n'];
    return this.#run([...options, 'list', 'table', ...table.split(' ')], '');
  }

  async apply(script: string): Promise<Result<null, NftFailure>> {
    const done = await this.#run(['-f', '-'], script);
    return done.ok ? ok(null) : done;
  }

  generation(): number | null {
    try {
      if (this.#socketFailed) return null;
      this.#socket ??= new NetlinkSocket(NETLINK_NETFILTER);
      return askGeneration(this.#socket);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#socketFailed = true;
      return null;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#socketFailed = true;
  }
}

function askGeneration(socket: NetlinkSocket): number | null {
  const writer = new AttrWriter(64);
  const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
  const message = writer.beginMessage(type, NLM_F_REQUEST | NLM_F_ACK, socket.nextSeq());
  writer.put8(0).put8(0).put16(0).endMessage(message); // struct nfgenmsg: any family, version 0
  const answer = socket.request(writer.finish());
  const reply = answer === 'no-reply' ? undefined : answer.replies[0];
  const attrs = reply === undefined ? null : decodeAttrs(reply.payload, NFGENMSG_LENGTH);
  return attrs?.ok ? attrs.value.u32be(NFTA_GEN_ID) : null;
}

interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
  readonly timeoutMs: number;
}

/**
 * Its standard output. Never rejects. The process is killed when the time is over, and not waited for: one that waits for
 * the kernel's lock cannot be killed, and a wrapper script leaves children that hold the pipes. Its transaction is done, or
 * not at all, or comes later: the generation tells.
 */
function runNft({ program, args, input, timeoutMs }: Run): Promise<Result<string, NftFailure>> {
  return new Promise((resolve) => {
    // systemd's default has sbin; a shell of an ordinary user, cron and others do not.
    const PATH = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, PATH, LC_ALL: 'C' } });
    const parts: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    let settled = false;
    const settle = (result: Result<string, NftFailure>) => {
      settled = true;
      clearTimeout(timer);
      resolve(result); // the first one counts
    };
    const kill = (why: string) => {
      if (settled) return;
      child.kill('SIGKILL');
      settle(err({ kind: 'failed', text: `nft ${why}` }));
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
      child.unref();
    };
    const timer = setTimeout(() => kill(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > MAX_OUTPUT_BYTES) kill(`printed more than ${MAX_OUTPUT_BYTES} bytes`);
      else parts.push(part);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, MAX_STDERR_LENGTH);
    });
    child.stdin.on('error', () => {}); // it may end before it has read all: its exit code tells
    child.stdin.end(input);
    child.on('error', (error) => settle(err(spawnFailure(error))));
    child.on('close', (code) => {
      settle(code === 0 ? ok(Buffer.concat(parts).toString('utf8')) : err(complaintOf(complaint, code)));
    });
  });
}

function spawnFailure(error: Error): NftFailure {
  if ('errno' in error && error.errno === -constants.errno.ENOENT) {
    return { kind: 'no-program', text: 'the program nft is missing: install the package nftables' };
  }
  return { kind: 'failed', text: `cannot run nft: ${error.message}` };
}

/** nft prints `file:line:column: Error: reason`, then the line and a mark below it, which is long and ours. */
function complaintOf(text: string, code: number | null): NftFailure {
  const reason = /(?:Error|internal):\s*(.*)/.exec(text)?.[1] ?? text.trim();
  const short = reason.length > MAX_ERROR_LENGTH ? `${reason.slice(0, MAX_ERROR_LENGTH)}...` : reason;
  if (short.startsWith('No such file or directory')) return { kind: 'absent', text: short };
  return { kind: 'failed', text: short === '' ? `nft ended with code ${code ?? 'none'}` : `nft: ${short}` };
}
