/**
 * What is told of virtual and real servers: programs and lines of the FIFO, as from keepalived (its lines observed of
 * 2.2.7). Nothing is told twice in a row. Pure.
 */
import type { RealServerConfig, ServiceIdConfig, TargetConfig, VirtualServerConfig } from '../config/types.ts';
import type { Change } from '../director/observation.ts';
import { destinationName } from '../director/place.ts';
import type { World } from '../director/world.ts';
import type { ServiceNote, ServiceState } from './words.ts';

/** Something to be told, with the programs for it. */
export interface ServiceNews {
  readonly virtualServer: string;
  /** Of the FIFO, with its end. */
  readonly line: string;
  readonly note: ServiceNote;
  /** Null: none is run. */
  readonly program: ServiceProgram | null;
}

export interface ServiceProgram {
  readonly argv: readonly string[];
  readonly user: string | null;
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What is asked of the world. */
export type ServiceWorld = Pick<World, 'config' | 'verdict' | 'standing'>;

interface Known {
  readonly config: VirtualServerConfig;
  readonly realServers: ReadonlyMap<string, RealServerConfig>;
  /** What was told of it; null: nothing yet. */
  state: ServiceState | null;
  /** The same of each real server, by name. */
  readonly told: Map<string, ServiceState>;
}

/** What one environment variable holds at most. */
const LONGEST_REASON = 1000;

export class ServiceBoard {
  #known = new Map<string, Known>();

  /** Takes over another configuration; what was told stays told. Then `settled` of all. */
  set(servers: readonly VirtualServerConfig[]): void {
    const before = this.#known;
    this.#known = new Map(
      servers.map((config) => {
        const realServers = new Map(config.realServers.map((real) => [destinationName(real), real]));
        const { state = null, told = [] } = before.get(config.name) ?? {};
        const still = [...told].filter(([name]) => realServers.has(name));
        return [config.name, { config, realServers, state, told: new Map(still) }];
      }),
    );
  }

  /** What the changes give to tell, in their order; then what is known now of the virtual servers that they are of. */
  changed(changes: readonly Change[], world: ServiceWorld): readonly ServiceNews[] {
    const touched = new Set<string>();
    const news = changes.flatMap((change): readonly ServiceNews[] => {
      if (change.kind !== 'real-server' && change.kind !== 'virtual-server') return [];
      const known = this.#known.get(change.virtualServer);
      if (known === undefined) return [];
      touched.add(change.virtualServer);
      if (change.kind === 'virtual-server') return tellService(known, change.to.up ? 'UP' : 'DOWN', change.to);
      const { verdict, failure } = change.to;
      // One that is not probed any more is neither.
      if (verdict === 'unknown') return [];
      const reason = failure === null ? '' : `${failure.reason}: ${failure.detail}`;
      return tellReal(known, change.realServer, verdict === 'up' ? 'UP' : 'DOWN', reason);
    });
    const unsettled = [...touched].filter((name) => this.#known.get(name)?.state === null);
    return [...news, ...unsettled.flatMap((name) => this.#settle(name, world))];
  }

  /** What is to be told after the start or a reload, which change no verdict. */
  settled(world: ServiceWorld): readonly ServiceNews[] {
    return [...this.#known.keys()].flatMap((name) => this.#settle(name, world));
  }

  #settle(name: string, world: ServiceWorld): readonly ServiceNews[] {
    const known = this.#known.get(name);
    const state = known === undefined ? null : stateNow(known.config, world);
    return known === undefined || state === null ? [] : tellService(known, state, world.standing(known.config));
  }
}

/** Null: below the quorum, but not every real server has had its first probe. */
function stateNow(server: VirtualServerConfig, world: ServiceWorld): ServiceState | null {
  if (world.standing(server).up) return 'UP';
  const isOpen = server.realServers.some((_, index) => world.verdict(server.name, index).verdict === 'unknown');
  return isOpen ? null : 'DOWN';
}

function tellService(
  known: Known,
  state: ServiceState,
  { usableWeight }: { readonly usableWeight: number },
): readonly ServiceNews[] {
  if (known.state === state) return [];
  known.state = state;
  const { config } = known;
  const { quorumUp, quorumDown } = config.hooks;
  const reason = `usable weight ${usableWeight}, quorum ${config.quorum}`;
  return [
    {
      virtualServer: config.name,
      line: `VS ${serviceName(config)} ${state}\n`,
      note: { type: 'service', realServer: null, state },
      program: programOf(known, state === 'UP' ? quorumUp : quorumDown, { state, realServer: '', reason }),
    },
  ];
}

function tellReal(known: Known, name: string, state: ServiceState, reason: string): readonly ServiceNews[] {
  const real = known.realServers.get(name);
  const before = known.told.get(name);
  if (real === undefined || before === state) return [];
  known.told.set(name, state);
  const { config } = known;
  // As it should be from the start: a hundred programs at every start would say nothing.
  const isFirst = before === undefined && state === 'UP';
  const { notifyUp, notifyDown } = config.hooks;
  const argv = state === 'UP' ? (real.notifyUp ?? notifyUp) : (real.notifyDown ?? notifyDown);
  return [
    {
      virtualServer: config.name,
      line: `RS ${realServerName(real, config.ids)} ${serviceName(config)} ${state}\n`,
      note: { type: 'service', realServer: name, state },
      program: isFirst ? null : programOf(known, argv, { state, realServer: name, reason }),
    },
  ];
}

function programOf(
  { config: { name, hooks } }: Known,
  argv: readonly string[] | null,
  { state, realServer, reason }: { readonly state: ServiceState; readonly realServer: string; readonly reason: string },
): ServiceProgram | null {
  if (argv === null) return null;
  const { user, timeoutMs } = hooks;
  const env = {
    LVSD_VIRTUAL_SERVER: name,
    LVSD_REAL_SERVER: realServer,
    LVSD_STATE: state,
    // Of what a server answered: no environment holds a NUL.
    LVSD_REASON: reason.slice(0, LONGEST_REASON).replace(/\p{Cc}/gu, '?'),
  };
  return { argv, user, timeoutMs, env };
}

/** `[192.0.2.1]:tcp:80`, `FWM 7`; several services in one, as keepalived's groups: `[web]:0`. */
function serviceName({ name, ids }: VirtualServerConfig): string {
  const [id] = ids;
  if (id === undefined || ids.length > 1) return `[${name}]:0`;
  return id.kind === 'fwmark' ? `FWM ${id.fwmark}` : `[${id.address}]:${id.protocol}:${id.port}`;
}

/** `[10.0.0.11]:tcp:80`; behind a fwmark the protocol is `none`. Port 0: that of each service. */
function realServerName({ address, port }: TargetConfig, ids: readonly ServiceIdConfig[]): string {
  const [id] = ids;
  return `[${address}]:${id?.kind === 'address' ? id.protocol : 'none'}:${port ?? 0}`;
}
