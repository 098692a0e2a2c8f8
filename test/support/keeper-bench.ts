/** A table keeper on a kernel in memory, with everything it asks for at hand. */
import type { Wanted, WantedIpvs } from '../../src/director/wanted.ts';
import { destinationKey, serviceKey } from '../../src/ipvs/key.ts';
import type { Service, SyncDaemon } from '../../src/ipvs/types.ts';
import type { News } from '../../src/status/events.ts';
import type { Owned } from '../../src/sys/owned-services.ts';
import { TableKeeper } from '../../src/sys/table-keeper.ts';
import { FakeKernel } from './fake-kernel.ts';

const NO_SETTINGS: WantedIpvs = {
  exclusive: false,
  timeouts: { tcpS: null, tcpFinS: null, udpS: null },
  settings: {},
  restoreSettings: false,
};
export const NOTHING_OWNED: Owned = {
  keys: [],
  syncDaemons: false,
  originals: { settings: {}, timeouts: { tcpS: null, tcpFinS: null, udpS: null } },
};

export class KeeperBench {
  readonly kernel = new FakeKernel();
  /** By the name of the virtual server. */
  readonly services = new Map<string, Service>();
  /** Configured real servers that failed and are to be removed, as `SERVICE DESTINATION`. */
  readonly failed = new Set<string>();
  /** By `serviceKey`. */
  readonly drainTimeouts = new Map<string, number>();
  ipvs: WantedIpvs = NO_SETTINGS;
  /** Null: no connection sync is configured. */
  daemons: readonly SyncDaemon[] | null = null;
  nowMs = 0;
  /** What is on disk. */
  owned: Owned = NOTHING_OWNED;
  /** `info ...`, `warn ...`, `error ...` */
  readonly lines: string[] = [];
  readonly news: News[] = [];
  readonly wanted: Wanted = {
    services: (names) => [...this.services].filter(([name]) => names?.has(name) ?? true).map(([, service]) => service),
    daemons: () => this.daemons,
    ipvs: () => this.ipvs,
    hasFailed: (service, destination) => this.failed.has(`${serviceKey(service)} ${destinationKey(destination)}`),
    defaultDrainTimeoutMs: () => 300_000,
    drainTimeoutMs: (service) => this.drainTimeouts.get(serviceKey(service)) ?? null,
  };

  /** What an earlier run left on disk is found again. */
  keeper(): TableKeeper {
    const { kernel } = this;
    const say = (level: string) => (text: string) => void this.lines.push(`${level} ${text}`);
    return new TableKeeper(kernel, () => this.wanted, {
      memory: {
        found: this.owned,
        save: (owned) => {
          this.owned = owned;
          return null;
        },
      },
      news: (news) => void this.news.push(news),
      log: { info: say('info'), warn: say('warn'), error: say('error') },
      folder: kernel.folder,
      now: () => this.nowMs,
    });
  }

  /** The commands since the last time this was asked. */
  sent(): readonly string[] {
    return this.kernel.applied.splice(0);
  }

  /** The lines since the last time this was asked. */
  said(): readonly string[] {
    return this.lines.splice(0);
  }
}

/** Until what was asked for without waiting is done: the fake kernel answers within the same turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
