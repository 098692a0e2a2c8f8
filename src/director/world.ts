/**
 * What the director knows and wants: the configuration, the health of every check, and from them the desired table.
 * Owns no clock, no socket and no timer: results, roles and the time come in, changes and services come out. Checks are in
 * check-board.ts, virtual servers in served-server.ts; here they are brought together.
 */
import type { Config, VirtualServerConfig } from '../config/types.ts';
import type { CheckConfig } from '../config/types-checks.ts';
import { combinedGrade } from '../health/grade.ts';
import { slowStartPercent } from '../health/slow-start.ts';
import type { ProbeResult } from '../health/types.ts';
import type { Combined } from '../health/verdict.ts';
import { serviceKey } from '../ipvs/key.ts';
import type { DestinationId, Service, ServiceId } from '../ipvs/types.ts';
import type { Role } from '../vrrp/messages.ts';
import { type Adopted, adopt, type CarriesTraffic, NOTHING_ADOPTED } from './adoption.ts';
import { Agenda } from './agenda.ts';
import type { CheckState } from './check-board.ts';
import { desiredServices } from './desired.ts';
import {
  type Change,
  type GradeReport,
  NOTHING,
  NOTHING_BUT_PENDING,
  newTelling,
  type Observation,
  type PanicReport,
  SELF_CHECK,
  type SlowStartReport,
  type Telling,
} from './observation.ts';
import { type CheckedHealth, combinedOf, gradeAll, isAlive, type Place } from './place.ts';
import { SelfCheck } from './self-check.ts';
import type { ServedServer } from './served-server.ts';
import { NOTHING_SERVED, type Standing } from './serving.ts';
import { tellFailure } from './tell.ts';

export type { Change, Observation } from './observation.ts';
export { SELF_CHECK } from './observation.ts';
export { type CheckedHealth, destinationName } from './place.ts';

export class World {
  #config: Config;
  #adopted: Adopted = NOTHING_ADOPTED;
  #selfCheck: SelfCheck | null = null;
  /** Virtual routers that are MASTER, or hand over. */
  #activeRouters: ReadonlySet<string> = new Set();
  #checks: ReadonlyMap<string, CheckConfig> = new Map();
  #agenda = new Agenda([]);

  /** Real servers that carry traffic in the kernel's table are taken as up. */
  constructor(config: Config, carriesTraffic: CarriesTraffic, nowMs: number) {
    this.#config = config;
    this.#adopt(config, nowMs, carriesTraffic);
  }

  get config(): Config {
    return this.#config;
  }

  /**
   * Every check to be made, by key: equal checks of several real servers are made once, those of suspended virtual servers
   * not at all; the self check is `SELF_CHECK`. Another map only when there are others.
   */
  get checks(): ReadonlyMap<string, CheckConfig> {
    return this.#checks;
  }

  /**
   * Takes over another configuration. A check that did not change keeps its health; a changed one its server's verdict.
   * A real server that is new here, but `carriesTraffic` in the kernel already, is taken as up. Tells what it made of others.
   */
  reload(config: Config, nowMs: number, carriesTraffic: CarriesTraffic = () => false): readonly Change[] {
    return this.#adopt(config, nowMs, carriesTraffic);
  }

  /** What `reload` would make of this world, which stays as it is. */
  rehearsed(config: Config, nowMs: number, carriesTraffic: CarriesTraffic): World {
    const world = new World({ ...this.#config, virtualServers: [] }, () => false, nowMs);
    // Shared until the reload replaces them: it leaves what was before as it is.
    world.#adopted = this.#adopted;
    world.#selfCheck = this.#selfCheck;
    world.#activeRouters = this.#activeRouters;
    world.reload(config, nowMs, carriesTraffic);
    return world;
  }

  /**
   * One more probe result; what it changed, in order. `hinted`: something else suggested that the server failed before the
   * probe began, so a failure decides at once. An unknown key (a check that is gone, or rests) changes nothing.
   */
  observe(checkKey: string, result: ProbeResult, nowMs: number, hinted = false): Observation {
    const check = this.#adopted.board.get(checkKey);
    if (check === undefined) return checkKey === SELF_CHECK ? this.#observeSelf(result, nowMs, hinted) : NOTHING;
    if (check.resting) return NOTHING;
    const observed = this.#adopted.board.observe(check, result, nowMs, hinted);
    const { pending, warningChanged } = observed;
    const judged = observed.verdictChanged || observed.confirmed;
    const grades = result.ok && (check.graded || result.advice !== undefined);
    const isLogged = !result.ok && check.config.logFailures;
    if (!judged && !warningChanged && !grades && !isLogged) return pending ? NOTHING_BUT_PENDING : NOTHING;
    const telling = newTelling();
    if (judged || grades) this.#tellUsers(check, judged, result, nowMs, telling);
    const virtualServers = [...check.users.keys()].map(({ config }) => config.name);
    if (warningChanged) {
      const warning = check.warning?.text ?? null;
      telling.changes.push({ kind: 'warning', check: check.config, virtualServers, warning });
    }
    const lines = isLogged ? [tellFailure(check.config, result, virtualServers)] : [];
    return { ...telling, pending, checksChanged: false, lines };
  }

  /** The time has come that `nextTickAt` told. */
  tick(nowMs: number): Observation {
    const telling = newTelling();
    for (const server of this.#agenda.due(nowMs)) {
      server.weigh(nowMs, telling);
      this.#agenda.note(server);
    }
    return { ...NOTHING, ...telling };
  }

  /** When something changes by itself: servers warm up in steps. Null: nothing does. */
  nextTickAt(): number | null {
    return this.#agenda.nextStepAt;
  }

  /** A virtual router's role: the checks of virtual servers with `ha_suspend` follow it. */
  setRole(router: string, role: Role, nowMs: number): Observation {
    const isActive = role === 'MASTER' || role === 'LEAVING';
    if (isActive === this.#activeRouters.has(router)) return NOTHING;
    const others = [...this.#activeRouters].filter((other) => other !== router);
    this.#activeRouters = new Set(isActive ? [...others, router] : others);
    const telling = newTelling();
    for (const server of this.#adopted.servers.values()) {
      if (server.config.haSuspend !== router) continue;
      server.suspend(!isActive, nowMs, telling);
      this.#agenda.note(server);
    }
    const checksChanged = this.#adopted.board.rest();
    if (checksChanged) this.#checks = this.#checksNow();
    return { ...NOTHING, ...telling, checksChanged };
  }

  /** The verdict on the real server at place `index` of a virtual server. */
  verdict(virtualServer: string, index: number): Combined {
    return combinedOf(this.#real(virtualServer, index) ?? { checks: [], required: 'all' });
  }

  /** The health of each check of the real server at place `index`. */
  healths(virtualServer: string, index: number): readonly CheckedHealth[] {
    return this.#real(virtualServer, index)?.checks ?? [];
  }

  /** The verdict on the sorry server at place `index`. */
  sorryVerdict(virtualServer: string, index: number): Combined {
    return combinedOf(this.#sorry(virtualServer, index) ?? { checks: [], required: 'all' });
  }

  sorryHealths(virtualServer: string, index: number): readonly CheckedHealth[] {
    return this.#sorry(virtualServer, index)?.checks ?? [];
  }

  standing({ name }: Pick<VirtualServerConfig, 'name'>): Standing {
    return this.#served(name)?.serving.standing ?? NOTHING_SERVED.standing;
  }

  /** What the desired table gives the real server at place `index` now; 0: it does not serve. */
  effectiveWeight(virtualServer: string, index: number): number {
    return this.#served(virtualServer)?.serving.real[index]?.weight ?? 0;
  }

  /** What the desired table gives the sorry server at place `index` now; 0: it does not serve. */
  sorryWeight(virtualServer: string, index: number): number {
    return this.#served(virtualServer)?.serving.sorry[index] ?? 0;
  }

  /** What the checks of a real server say of its weight, together. */
  gradeOf(virtualServer: string, index: number): GradeReport {
    return combinedGrade(this.#real(virtualServer, index)?.grades ?? []);
  }

  /** Null: the real server does not warm up. */
  slowStart(virtualServer: string, index: number): SlowStartReport | null {
    const served = this.#served(virtualServer);
    const sinceMs = this.#real(virtualServer, index)?.slowStartedAt ?? null;
    const slowStart = served?.config.slowStart ?? null;
    if (served === undefined || slowStart === null || sinceMs === null) return null;
    const percent = slowStartPercent(slowStart, sinceMs, served.weighedAtMs);
    return { sinceMs, untilMs: sinceMs + slowStart.durationMs, percent };
  }

  /** Null: its failures are believed. */
  panicOf(virtualServer: string): PanicReport | null {
    return this.#served(virtualServer)?.panic ?? null;
  }

  /** The real server is down, and a panic keeps it in the table. */
  isKept(virtualServer: string, index: number): boolean {
    return this.#real(virtualServer, index)?.kept ?? false;
  }

  /** `ha_suspend`: its router is not MASTER. */
  isSuspended(virtualServer: string): boolean {
    return this.#served(virtualServer)?.suspended ?? false;
  }

  /** The last tier that serves; null: there is only one, or sorry servers serve. */
  tierInUse(virtualServer: string): number | null {
    const serving = this.#served(virtualServer)?.serving;
    return serving === undefined || serving.standing.sorry || serving.reached.size < 2 ? null : serving.tier;
  }

  /** Null: there is none. */
  selfCheck(): Pick<CheckedHealth, 'config' | 'health'> | null {
    return this.#selfCheck;
  }

  /** The complete desired table, or the services of the named virtual servers only, in the order of the configuration. */
  desired(names?: ReadonlySet<string>): readonly Service[] {
    const all = this.#adopted.servers;
    const servers =
      names === undefined
        ? [...all.values()]
        : [...names].flatMap((name) => all.get(name) ?? []).sort((a, b) => a.index - b.index);
    return servers.flatMap(({ config, serving }) => desiredServices(config, serving));
  }

  /**
   * Whether it is a configured real server of a configured virtual server and not up. A sorry server is none; one that is
   * up has not failed though the sorry server takes its place.
   */
  hasFailed(service: ServiceId, destination: DestinationId): boolean {
    const place = this.#adopted.services.get(serviceKey(service))?.placeOf(service, destination);
    return place !== undefined && !isAlive(place);
  }

  #adopt(config: Config, nowMs: number, carriesTraffic: CarriesTraffic): readonly Change[] {
    const telling = newTelling();
    this.#config = config;
    const isActive = (router: string): boolean => this.#activeRouters.has(router);
    this.#adopted = adopt(config, this.#adopted, { carriesTraffic, isActive, nowMs, telling });
    this.#selfCheck = config.selfCheck === null ? null : new SelfCheck(config.selfCheck, this.#selfCheck, nowMs);
    this.#checks = this.#checksNow();
    this.#agenda = new Agenda(this.#adopted.servers.values());
    return telling.changes;
  }

  #checksNow(): ReadonlyMap<string, CheckConfig> {
    const { active } = this.#adopted.board;
    return this.#selfCheck === null ? active : new Map([...active, [SELF_CHECK, this.#selfCheck.config]]);
  }

  #tellUsers(check: CheckState, judged: boolean, result: ProbeResult, nowMs: number, telling: Telling): void {
    for (const [server, uses] of check.users) {
      const moved = gradeAll(server.config, uses, result, telling);
      if (judged) {
        const places = uses.map(({ place }) => place);
        server.judge(places, nowMs, telling);
      } else if (moved) server.weigh(nowMs, telling);
      else continue;
      this.#agenda.note(server);
    }
  }

  #observeSelf(result: ProbeResult, nowMs: number, hinted: boolean): Observation {
    if (this.#selfCheck === null) return NOTHING;
    const telling = newTelling();
    const change = this.#selfCheck.observe(result, nowMs);
    if (change !== null) telling.changes.push(change);
    const detail = result.ok ? '' : `${result.reason} (${result.detail})`;
    const found = { passed: result.ok, isHinted: hinted, latencyMs: result.latencyMs, detail };
    for (const server of this.#agenda.panicking) {
      if (server.selfChecked(found, nowMs, telling))
        telling.hints.push(...this.#adopted.board.doubt(server.real, nowMs));
      this.#agenda.note(server);
    }
    const { config } = this.#selfCheck;
    const lines = !result.ok && config.logFailures ? [tellFailure(config, result, ['self check'])] : [];
    // As long as somebody waits for it to pass, it is asked often.
    return {
      ...NOTHING,
      ...telling,
      lines,
      pending: this.#selfCheck.isPending(nowMs) || this.#agenda.panicking.length > 0,
    };
  }

  #served(virtualServer: string): ServedServer | undefined {
    return this.#adopted.servers.get(virtualServer);
  }

  #real(virtualServer: string, index: number): Place | undefined {
    return this.#served(virtualServer)?.real[index];
  }

  #sorry(virtualServer: string, index: number): Place | undefined {
    return this.#served(virtualServer)?.sorry[index];
  }
}
