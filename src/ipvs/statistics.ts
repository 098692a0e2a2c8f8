/** Traffic counters and rates that IPVS keeps for a service or a destination (STATS, STATS64). Pure. */
import type { Attrs } from '../net/nlattr.ts';
import * as c from './constants.ts';

/**
 * Counters count since start or since ZERO; "in" is from the client, "out" is from the real server, as far as the
 * director sees it (never with direct routing or a tunnel). Rates are the kernel's average over some ten seconds.
 * Exact below 2^53.
 */
export interface Statistics {
  /** Connections scheduled. */
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly connectionsPerS: number;
  readonly inPacketsPerS: number;
  readonly outPacketsPerS: number;
  readonly inBytesPerS: number;
  readonly outBytesPerS: number;
}

/** Prefers the 64 bit form (since 4.1); the 32 bit form wraps. A counter that is absent reads as 0. */
export function readStatistics(stats64: Attrs | null, stats: Attrs | null): Statistics {
  const number = (type: number): number => stats64?.u64(type) ?? stats?.u32(type) ?? 0;
  const bytes = (type: number): number => stats64?.u64(type) ?? stats?.u64(type) ?? 0;
  return {
    connections: number(c.IPVS_STATS_ATTR_CONNS),
    inPackets: number(c.IPVS_STATS_ATTR_INPKTS),
    outPackets: number(c.IPVS_STATS_ATTR_OUTPKTS),
    inBytes: bytes(c.IPVS_STATS_ATTR_INBYTES),
    outBytes: bytes(c.IPVS_STATS_ATTR_OUTBYTES),
    connectionsPerS: number(c.IPVS_STATS_ATTR_CPS),
    inPacketsPerS: number(c.IPVS_STATS_ATTR_INPPS),
    outPacketsPerS: number(c.IPVS_STATS_ATTR_OUTPPS),
    inBytesPerS: number(c.IPVS_STATS_ATTR_INBPS),
    outBytesPerS: number(c.IPVS_STATS_ATTR_OUTBPS),
  };
}
