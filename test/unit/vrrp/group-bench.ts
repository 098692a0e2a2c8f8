/** The virtual routers of one director in a sync group, in virtual time. */
import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { err, ok } from '../../../src/util/result.ts';
import { VirtualRouterInstance } from '../../../src/vrrp/instance.ts';
import type { InstancePorts } from '../../../src/vrrp/instance-ports.ts';
import type { Envelope } from '../../../src/vrrp/packet.ts';
import { SyncGroups } from '../../../src/vrrp/sync-group.ts';
import { ip, routerConfig } from './builders.ts';
import { advert, GROUP, linkUp, OWN, PEER } from './instance-bench.ts';

interface Bench {
  readonly router: VirtualRouterInstance;
  timer: number | null;
  refusal: string | null;
}

/** `web` and `mail`, VRID 51 and 52, both of the group `pair`, unless told otherwise. */
export function groupBench(
  given: Partial<VirtualRouterConfig> = {},
  configs: readonly Partial<VirtualRouterConfig>[] = [
    { name: 'web', vrid: 51 },
    { name: 'mail', vrid: 52 },
  ],
) {
  let now = 0;
  let log: string[] = [];
  const roles: string[] = [];
  const benches = new Map<string, Bench>();
  const groups = new SyncGroups((group, role, reason) => roles.push(`${group} ${role} (${reason})`));

  const add = (config: Partial<VirtualRouterConfig>): void => {
    const full = routerConfig({ group: 'pair', ...given, ...config });
    const envelopes: readonly Envelope[] = [{ source: OWN, destination: GROUP }];
    const { name } = full;
    const ports: InstancePorts = {
      now: () => now,
      wakeAt: (at) => {
        bench.timer = at;
      },
      afterAdverts: (act) => act(),
      envelopes: () => envelopes,
      send: (message) => log.push(`${name} advert ${message[2]}`),
      claim: () => (bench.refusal === null ? ok(undefined) : err(bench.refusal)),
      announce: () => {},
      release: () => log.push(`${name} release`),
      changed: (role, reason) => log.push(`${name} ${role}: ${reason}`),
      event: () => {},
      log: () => {},
    };
    const bench: Bench = { router: new VirtualRouterInstance(full, ports), timer: null, refusal: null };
    benches.set(name, bench);
  };
  const benchOf = (name: string): Bench => {
    const bench = benches.get(name);
    assert.ok(bench !== undefined, name);
    return bench;
  };
  const arrange = (change: () => void): void => {
    groups.together(() => {
      change();
      groups.arrange([...benches.values()].map(({ router }) => router));
    });
  };
  arrange(() => configs.forEach(add));

  return {
    groups,
    /** What the group's state became, since the start. */
    roles,
    router: (name: string) => benchOf(name).router,
    refuse(name: string, refusal: string | null): void {
      benchOf(name).refusal = refusal;
    },
    /** All interfaces are up. */
    start(holdsAddresses = false): void {
      groups.together(() => {
        for (const { router } of benches.values()) router.setLink(linkUp({ holdsAddresses }));
      });
    },
    /** A reload. */
    reload(change: { readonly add?: Partial<VirtualRouterConfig>; readonly remove?: string }): void {
      arrange(() => {
        if (change.remove !== undefined) {
          const { router } = benchOf(change.remove);
          benches.delete(change.remove);
          router.shutdown();
        }
        if (change.add !== undefined) add(change.add);
      });
    },
    /** A reload that takes the group away and leaves its members. */
    dissolve(): void {
      arrange(() => {
        for (const { router } of benches.values()) router.reconfigure({ ...router.config, group: null });
      });
    },
    stop(): void {
      for (const { router } of benches.values()) router.shutdown();
    },
    /** Lets time pass; timers fire exactly when they are due, in the order of the members. */
    until(at: number): void {
      for (let fired = 0; ; fired++) {
        assert.ok(fired < 1000, 'the timers never rest');
        const due = Math.min(...[...benches.values()].map(({ timer }) => timer ?? Number.POSITIVE_INFINITY));
        if (due > at) break;
        now = due;
        for (const { router, timer } of [...benches.values()]) if (timer === due) router.tick();
      }
      now = at;
    },
    /** The peer 192.0.2.2 advertises for one of them. */
    hear(name: string, priority: number, source = PEER): void {
      const { router } = benchOf(name);
      router.receive(advert(priority, { vrid: router.config.vrid }), source);
    },
    /** What happened since the last call. */
    happened(): string[] {
      const happened = log;
      log = [];
      return happened;
    },
    states: () => [...benches.values()].map(({ router }) => router.role),
  };
}

/** Both became Active at 3609.375. */
export function activeGroup(given: Partial<VirtualRouterConfig> = {}) {
  const b = groupBench(given);
  b.start();
  b.until(3609.375);
  assert.deepEqual(b.states(), ['MASTER', 'MASTER']);
  b.happened();
  return b;
}

export const LOW_PEER = ip('192.0.2.0');
