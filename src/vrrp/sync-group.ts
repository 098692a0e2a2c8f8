/**
 * Sync groups: virtual routers that are Active together or not at all, such as the IPv4 and the IPv6 address of a service.
 * The same code runs in the VRRP process and in the simulator. Pure.
 *
 * - A member in FAULT keeps all others in FAULT; those that were Active advertise priority 0.
 * - A member that is due to be Active waits, `ready`, until all others are Active or ready; then all take over at once.
 * - A member that loses against another router takes all others back to Backup, with priority 0.
 *
 * Two directors must not both yield because one wins for IPv4 and the other for IPv6 (equal priorities, addresses that
 * compare differently): the first member decides. Until it had the time to, and while it has just won, the later ones do not
 * yield.
 */
import type { Advert } from './fsm-types.ts';
import type { Role } from './messages.ts';
import type { Millis } from './timers.ts';

/** What a group needs of a virtual router. */
export interface GroupMember {
  readonly config: {
    readonly name: string;
    readonly group: string | null;
    readonly family: 4 | 6;
    readonly vrid: number;
    readonly interface: string;
    readonly advertisementIntervalMs: number;
  };
  readonly role: Role;
  readonly reason: string;
  /** Why this one itself cannot take part, whatever its group does; null: it can. */
  readonly ownFault: string | null;
  readonly isStopping: boolean;
  /** In Backup, and its time has come. */
  readonly isReady: boolean;
  /** In Backup, and listens to an Active Router. */
  readonly isObeying: boolean;
  /** When it last stayed Active against another router's advertisement. */
  readonly wonAt: Millis;
  readonly effectivePriority: number;
  /** Takes part unless it has a fault of its own or is held back for the reason `hold`. */
  settle(hold: string | null): void;
  takeOver(): void;
  yield(): void;
  join(group: SyncGroup | null): void;
}

/** A win counts for the other members until the loser has certainly heard of it: two advertisements. */
const WIN_LASTS_INTERVALS = 2;
/** Each member can be moved a few times; more is a mistake in here, which must not hang the process. */
const MOST_ROUNDS = 20;

export type GroupChanged = (group: string, role: Role, reason: string) => void;

export class SyncGroup {
  readonly name: string;
  /** In the order that both directors have them in, whatever their configurations say. */
  #members: readonly GroupMember[] = [];
  #role: Role | null = null;
  #busy = false;
  #again = false;
  #paused = false;
  /** Since when, and when last, an Active member that does not decide was told of one at least as good. */
  readonly #contests = new Map<GroupMember, { readonly since: Millis; readonly last: Millis }>();
  readonly #changed: GroupChanged;

  constructor(name: string, changed: GroupChanged) {
    this.name = name;
    this.#changed = changed;
  }

  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /** Takes exactly these; what the remaining ones are stays. */
  hold(members: readonly GroupMember[]): void {
    this.#members = [...members].sort(inCommonOrder);
    this.#contests.clear();
  }

  /** While it lasts, several members may change without the group drawing conclusions. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.settle();
  }

  /** Something changed with a member: brings the others in line. Called from within itself it only goes round again. */
  settle(): void {
    this.#again = true;
    if (this.#busy || this.#paused) return;
    this.#busy = true;
    for (let round = 0; this.#again && round < MOST_ROUNDS; round++) {
      this.#again = false;
      this.#bringInLine();
    }
    this.#busy = false;
    this.#tellRole();
  }

  /**
   * Until when an Active member stays so whatever it hears: one before it has won, or may be about to decide. On the later
   * links the other director's advertisement may come first, and then both would yield: each on the link where it loses.
   */
  unyieldingUntil(member: GroupMember, advert: Advert, now: Millis): Millis {
    let until = 0;
    let patienceMs = 0;
    for (const other of this.#members) {
      if (other === member) break;
      if (other.role !== 'MASTER') continue;
      const lastsMs = WIN_LASTS_INTERVALS * other.config.advertisementIntervalMs;
      until = Math.max(until, other.wonAt + lastsMs);
      patienceMs = Math.max(patienceMs, lastsMs);
    }
    if (patienceMs === 0 || advert.priority < member.effectivePriority) return until;
    const known = this.#contests.get(member);
    const isSame = known !== undefined && now - known.last <= patienceMs + 3 * advert.maxAdvertiseIntervalMs;
    const since = isSame ? known.since : now;
    this.#contests.set(member, { since, last: now });
    return Math.max(until, since + patienceMs);
  }

  /** Whom a ready member waits for, in words; null: nobody. */
  waitsFor(member: GroupMember): string | null {
    const slow = this.#members.filter((other) => other !== member && !other.isReady && other.role !== 'MASTER');
    if (slow.length === 0) return null;
    const names = slow.map(({ config }) => config.name).join(', ');
    return `sync group ${this.name}: ${names} ${slow.length === 1 ? 'is' : 'are'} not ready`;
  }

  #bringInLine(): void {
    const members = this.#members;
    if (members.some(({ isStopping }) => isStopping)) {
      for (const member of members) if (member.ownFault !== null) member.settle(null);
      return;
    }
    const culprit = this.#culprit;
    const hold = culprit === undefined ? null : `sync group ${this.name}: ${culprit.config.name} is in FAULT`;
    // First those that are to blame: their words come first in the log.
    for (const member of members) if (member.ownFault !== null) member.settle(null);
    for (const member of members) if (member.ownFault === null) member.settle(hold);
    if (culprit !== undefined) return;
    if (members.some(({ isObeying }) => isObeying)) {
      for (const member of members) if (member.role === 'MASTER') member.yield();
    } else if (members.every(({ isReady, role }) => isReady || role === 'MASTER')) {
      for (const member of members) if (this.#culprit === undefined && member.isReady) member.takeOver();
    }
  }

  /** The first member with a fault of its own. */
  get #culprit(): GroupMember | undefined {
    return this.#members.find(({ ownFault }) => ownFault !== null);
  }

  #tellRole(): void {
    const [first] = this.#members;
    if (first === undefined) return;
    const role = roleOf(this.#members);
    if (role === this.#role) return;
    this.#role = role;
    const culprit = this.#culprit;
    const reason =
      role === 'FAULT' && culprit !== undefined ? `${culprit.config.name}: ${culprit.ownFault}` : first.reason;
    this.#changed(this.name, role, reason);
  }
}

/** The groups of all virtual routers of a machine. */
export class SyncGroups {
  readonly #changed: GroupChanged;
  readonly #groups = new Map<string, SyncGroup>();
  #depth = 0;

  constructor(changed: GroupChanged) {
    this.#changed = changed;
  }

  /** Changes several virtual routers, the set of them included; groups draw their conclusions afterwards. */
  together(change: () => void): void {
    const before = [...this.#groups.values()];
    for (const group of before) group.pause();
    this.#depth++;
    change();
    this.#depth--;
    if (this.#depth === 0) for (const group of new Set([...before, ...this.#groups.values()])) group.resume();
  }

  /** Puts every virtual router into its group; only within `together`. */
  arrange(members: readonly GroupMember[]): void {
    const wanted = new Map<string, GroupMember[]>();
    for (const member of members) {
      const { group } = member.config;
      if (group !== null) wanted.set(group, [...(wanted.get(group) ?? []), member]);
    }
    for (const [name, group] of [...this.#groups]) {
      if (wanted.has(name)) continue;
      this.#groups.delete(name);
      // Those that stop with it still make it LEAVING, then STOPPED.
      group.hold(group.members.filter(({ isStopping }) => isStopping));
    }
    for (const [name, its] of wanted) {
      const group = this.#groups.get(name) ?? new SyncGroup(name, this.#changed);
      group.pause();
      this.#groups.set(name, group);
      group.hold(its);
    }
    for (const member of members) member.join(this.#groups.get(member.config.group ?? '') ?? null);
  }
}

function roleOf(members: readonly GroupMember[]): Role {
  const roles = new Set(members.map(({ role }) => role));
  // Of the others it is only worth telling that one still has to leave.
  if (roles.size > 1 && roles.delete('STOPPED') && roles.has('MASTER')) return 'LEAVING';
  if (roles.has('LEAVING')) return 'LEAVING';
  if (roles.has('FAULT')) return 'FAULT';
  const [only] = roles;
  return roles.size === 1 && only !== undefined ? only : 'BACKUP';
}

/** IPv4 first, then by identifier and interface. */
function inCommonOrder(one: GroupMember, two: GroupMember): number {
  const [a, b] = [one.config, two.config];
  if (a.family !== b.family) return a.family - b.family;
  if (a.vrid !== b.vrid) return a.vrid - b.vrid;
  return a.interface < b.interface ? -1 : 1;
}
