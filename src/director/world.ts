/**
 * What the director knows and wants: the configuration, the health of every check, and from them the desired table.
 * Owns no clock, no socket and no timer: results come in, changes and services come out.
 */
import type { CheckConfig, Config, RealServerConfig, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import type { ProbeResult } from '../health/types.ts';
import { type Combined, combine, continued, type Health, observe, type Verdict } from '../health/verdict.ts';
import { destinationKey, serviceKey } from '../ipvs/key.ts';
import type { DestinationId, Service, ServiceId } from '../ipvs/types.ts';
import { desiredServices, destinationIdOf, type Standing, serviceIdOf, standingOf } from './desired.ts';
import { type Standings, standingsBefore } from './standings.ts';

/** A real server's verdict changed, or its virtual server's standing did. */
export type Change =
  | {
      readonly kind: 'real-server';
      readonly virtualServer: string;
      readonly realServer: string;
      readonly from: Combined;
      readonly to: Combined;
    }
  | { readonly kind: 'virtual-server'; readonly virtualServer: string; readonly from: Standing; readonly to: Standing };

interface CheckState {
  readonly config: CheckConfig;
  health: Health;
  /** The health is that of a server which uses it, not of the check. */
  guessed: boolean;
  /** The virtual servers with a real server that it decides on. */
  readonly usedBy: Set<string>;
}

interface ServerState {
  readonly config: VirtualServerConfig;
  /** By place in the list of real servers: the keys of their checks. */
  readonly checkKeys: readonly (readonly string[])[];
  /** The place of each of its real servers, by `destinationName`. */
  readonly places: ReadonlyMap<string, number>;
}

export class World {
  #config: Config;
  #checks = new Map<string, CheckState>();
  #servers = new Map<string, ServerState>();
  /** By `serviceKey`. */
  #services = new Map<string, ServerState>();

  /** `carriesTraffic` tells whether the kernel's table has a real server with a weight already: such are taken as up. */
  constructor(
    config: Config,
    carriesTraffic: (server: VirtualServerConfig, real: RealServerConfig) => boolean,
    nowMs: number,
  ) {
    this.#config = config;
    this.#adopt(config, (server, real) => (carriesTraffic(server, real) ? 'up' : null), nowMs);
  }

  get config(): Config {
    return this.#config;
  }

  /** Every check to be made, by key: equal checks of several real servers are made once. */
  get checks(): ReadonlyMap<string, CheckConfig> {
    return new Map([...this.#checks].map(([key, { config }]) => [key, config]));
  }

  /**
   * Takes over another configuration. A check that did not change keeps its health; a changed one its server's verdict.
   * A real server that is new here, but `carriesTraffic` in the kernel already, is taken as up.
   */
  reload(
    config: Config,
    nowMs: number,
    carriesTraffic: (server: VirtualServerConfig, real: RealServerConfig) => boolean = () => false,
  ): void {
    const before: Standings = standingsBefore(this.#config, (server, index) => this.verdict(server, index).verdict);
    this.#config = config;
    const standing = (server: VirtualServerConfig, real: RealServerConfig): Verdict | null =>
      before(server, real) ?? (carriesTraffic(server, real) ? 'up' : null);
    this.#adopt(config, standing, nowMs);
  }

  /** What `reload` would make of this world, which stays as it is. */
  rehearsed(
    config: Config,
    nowMs: number,
    carriesTraffic: (server: VirtualServerConfig, real: RealServerConfig) => boolean,
  ): World {
    const world = new World({ ...this.#config, virtualServers: [] }, () => false, nowMs);
    world.#config = this.#config;
    // Shared until the reload replaces them; a check's state is never written to by a reload.
    world.#checks = this.#checks;
    world.#servers = this.#servers;
    world.#services = this.#services;
    world.reload(config, nowMs, carriesTraffic);
    return world;
  }

  /** One more probe result; what it changed, in order. An unknown key (a check that is gone) changes nothing. */
  observe(checkKey: string, result: ProbeResult, nowMs: number): readonly Change[] {
    const check = this.#checks.get(checkKey);
    if (check === undefined) return [];
    const health = observe(check.config, check.health, result, nowMs);
    check.guessed = false;
    if (health.verdict === check.health.verdict) {
      check.health = health;
      return [];
    }
    const before = [...check.usedBy].map((name) => this.#pictureOf(name));
    check.health = health;
    return before.flatMap((picture) => this.#changesSince(picture));
  }

  /** The verdict on the real server at place `index` of a virtual server. */
  verdict(virtualServer: string, index: number): Combined {
    const keys = this.#servers.get(virtualServer)?.checkKeys[index] ?? [];
    return combine(keys.flatMap((key) => this.#checks.get(key)?.health ?? []));
  }

  /** The health of each check of the real server at place `index`. */
  healths(virtualServer: string, index: number): readonly { readonly config: CheckConfig; readonly health: Health }[] {
    const keys = this.#servers.get(virtualServer)?.checkKeys[index] ?? [];
    return keys.flatMap((key) => this.#checks.get(key) ?? []);
  }

  standing(virtualServer: VirtualServerConfig): Standing {
    return standingOf(virtualServer, (i) => this.verdict(virtualServer.name, i));
  }

  /** The complete desired table, or the services of the named virtual servers only. */
  desired(names?: ReadonlySet<string>): readonly Service[] {
    return this.#config.virtualServers
      .filter(({ name }) => names === undefined || names.has(name))
      .flatMap((server) => desiredServices(server, (i) => this.verdict(server.name, i)));
  }

  /**
   * Whether it is a configured real server of a configured virtual server and not up. A sorry server is none; one that is
   * up has not failed though the sorry server takes its place.
   */
  hasFailed(service: ServiceId, destination: DestinationId): boolean {
    const server = this.#services.get(serviceKey(service));
    if (server === undefined) return false;
    const place = placeOf(server.places, service, destination);
    return place !== undefined && this.verdict(server.config.name, place).verdict !== 'up';
  }

  #adopt(
    config: Config,
    standing: (server: VirtualServerConfig, real: RealServerConfig) => Verdict | null,
    nowMs: number,
  ): void {
    const known = knownFrom(this.#checks);
    this.#checks = new Map();
    this.#servers = new Map();
    this.#services = new Map();
    for (const server of config.virtualServers) {
      const checkKeys = server.realServers.map((real) => {
        const verdict = standing(server, real) ?? (server.initial === 'up' ? 'up' : 'unknown');
        return real.checks.map((check) => this.#enter(server.name, check, known, continued(verdict, nowMs)));
      });
      const places = new Map(server.realServers.map((real, place) => [destinationName(real), place]));
      const state = { config: server, checkKeys, places };
      this.#servers.set(server.name, state);
      for (const id of server.ids) this.#services.set(serviceKey(serviceIdOf(id)), state);
    }
  }

  #enter(server: string, config: CheckConfig, known: Known, first: Health): string {
    const key = JSON.stringify(config);
    const there = this.#checks.get(key);
    if (there !== undefined) {
      there.usedBy.add(server);
      // Nothing known of the check itself: of its users, one that carries traffic decides what it starts as.
      if (there.guessed && first.verdict === 'up') there.health = first;
      return key;
    }
    const before = known.byKey.get(key)?.health ?? known.byProbe.get(probeOf(config));
    this.#checks.set(key, {
      config,
      health: before ?? first,
      guessed: before === undefined,
      usedBy: new Set([server]),
    });
    return key;
  }

  #pictureOf(name: string): Picture | null {
    const server = this.#servers.get(name)?.config;
    if (server === undefined) return null;
    const verdicts = server.realServers.map((_, i) => this.verdict(name, i));
    return { server, verdicts, standing: this.standing(server) };
  }

  #changesSince(before: Picture | null): Change[] {
    if (before === null) return [];
    const { server } = before;
    const changes: Change[] = server.realServers.flatMap((real, i): Change[] => {
      const from = before.verdicts[i];
      const to = this.verdict(server.name, i);
      if (from === undefined || from.verdict === to.verdict) return [];
      const realServer = destinationName(real);
      return [{ kind: 'real-server', virtualServer: server.name, realServer, from, to }];
    });
    const to = this.standing(server);
    const from = before.standing;
    if (from.up !== to.up || from.sorry !== to.sorry) {
      changes.push({ kind: 'virtual-server', virtualServer: server.name, from, to });
    }
    return changes;
  }
}

/** What is known of checks when another configuration comes. */
interface Known {
  readonly byKey: ReadonlyMap<string, CheckState>;
  /** By what is asked of whom, whatever the rhythm; a streak counts only at its own rhythm. */
  readonly byProbe: ReadonlyMap<string, Health>;
}

function knownFrom(checks: ReadonlyMap<string, CheckState>): Known {
  const byProbe = new Map(
    [...checks.values()].map(({ config, health }) => [probeOf(config), { ...health, streak: 0 }]),
  );
  return { byKey: checks, byProbe };
}

function probeOf(config: CheckConfig): string {
  return JSON.stringify({ ...config, intervalMs: 0, timeoutMs: 0, rise: 0, fall: 0 });
}

interface Picture {
  readonly server: VirtualServerConfig;
  readonly verdicts: readonly Combined[];
  readonly standing: Standing;
}

/** Of a destination in a service: with a port of its own, or with that of the service. */
function placeOf(
  places: ReadonlyMap<string, number>,
  service: ServiceId,
  { family, address, port }: DestinationId,
): number | undefined {
  const place = places.get(destinationKey({ family, address, port }));
  if (place !== undefined || destinationIdOf({ address, port: null }, service).port !== port) return place;
  return places.get(destinationName({ address, port: null }));
}

/** `10.0.0.11:80`, as in the kernel's table; `10.0.0.11` where the port is that of each service. */
export function destinationName({ address, port }: Pick<TargetConfig, 'address' | 'port'>): string {
  if (port === null) return address;
  return destinationKey({ family: address.includes(':') ? 6 : 4, address, port });
}
