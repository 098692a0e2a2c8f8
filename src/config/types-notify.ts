/** Who is told of changes, as the rest of lvsd reads it: see types.ts. Pure types. */

/** Programs that are run when a virtual router or a group changes its state; null: none. */
export interface NotifyConfig {
  /** After the one for the state; gets `INSTANCE|GROUP NAME STATE PRIORITY` behind its own arguments. */
  readonly script: readonly string[] | null;
  readonly master: readonly string[] | null;
  readonly backup: readonly string[] | null;
  readonly fault: readonly string[] | null;
  readonly stop: readonly string[] | null;
  /** Two active routers, the end of that, somebody else's claim on the addresses. */
  readonly conflict: readonly string[] | null;
  /** `user` or `user:group`; null: the user lvsd runs as. */
  readonly user: string | null;
  /** Of each program. */
  readonly timeoutMs: number;
}

/** A FIFO that changes are written to. */
export interface FifoConfig {
  /** Path of a FIFO; null: none. */
  readonly fifo: string | null;
  /** Whom the FIFO belongs to and `fifoScript` runs as: `user` or `user:group`; null: the user lvsd runs as. */
  readonly fifoUser: string | null;
  /** Kept running while lvsd runs, with the path as its last argument. */
  readonly fifoScript: readonly string[] | null;
}

/** Where changes are written: those of virtual routers, groups, virtual and real servers to the one of its own. */
export interface NotificationsConfig extends FifoConfig {
  /** Those of virtual and real servers alone; null: none. */
  readonly lvs: FifoConfig | null;
}
