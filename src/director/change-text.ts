/** Changes of the kernel's state in words: a line of `lvsd plan`, and what a repair found and did. Pure. */
import type { Facts, KernelChange } from './changes.ts';

const SIGN: Readonly<Record<KernelChange['action'], string>> = { add: '+', change: '~', drain: '-', remove: '-' };

/** What a fact is called, and the unit behind its value. Others keep their name. */
const LABELS: ReadonlyMap<string, readonly [label: string, unit: string]> = new Map([
  ['persistenceTimeoutS', ['persistence', ' s']],
  ['persistencePrefixLength', ['persistence prefix length', '']],
  ['persistenceEngine', ['persistence engine', '']],
  ['upperThreshold', ['upper threshold', '']],
  ['lowerThreshold', ['lower threshold', '']],
  ['tunnelType', ['tunnel type', '']],
  ['tunnelPort', ['tunnel port', '']],
  ['tunnelFlags', ['tunnel flags', '']],
  ['syncId', ['sync id', '']],
  ['maxLength', ['max length', '']],
]);
/** Facts whose value speaks for itself. */
const BARE: ReadonlySet<string> = new Set(['scheduler', 'forwarding', 'interface']);

/** `~ tcp 192.0.2.1:80: 10.0.0.11:80 weight 5 -> 10` */
export function renderChange(change: KernelChange): string {
  return [SIGN[change.action], subjectOf(change), detailOf(change)].filter((word) => word !== '').join(' ');
}

/** The lines of a plan, what belongs to one service together, and their count: what `lvsd plan` prints. */
export function renderChanges(changes: readonly KernelChange[]): string {
  if (changes.length === 0) return 'no changes\n';
  const lines = grouped(changes).map((change) => `${renderChange(change)}\n`);
  return `${lines.join('')}${changes.length} ${changes.length === 1 ? 'change' : 'changes'}\n`;
}

/** `tcp 192.0.2.1:80: 10.0.0.11:80 had weight 5, wants 10: set`: what somebody else had done, and what was done about it. */
export function describeRepair(change: KernelChange): string {
  const subject = subjectOf(change);
  switch (change.action) {
    case 'add':
      return `${subject} was missing: added`;
    case 'change':
      return `${subject} ${foundAndWanted(change)}: set`;
    case 'drain':
      return `${subject} does not belong there: weight 0, deleted when its connections are gone`;
    case 'remove':
      if (change.object === 'service') return `${subject} is not ours and ipvs.exclusive is set: deleted`;
      return `${subject} does not belong there: deleted`;
  }
}

function subjectOf({ object, service, name }: KernelChange): string {
  switch (object) {
    case 'service':
      return name;
    case 'destination':
      return `${service}: ${name}`;
    case 'sync-daemon':
      return `${name} sync daemon`;
    case 'timeout':
      return `timeout ${name}`;
    case 'setting':
      return `net.ipv4.vs.${name}`;
  }
}

function detailOf({ action, from, to, waitsFor }: KernelChange): string {
  switch (action) {
    case 'add':
      return listed(to ?? {});
    case 'change':
      return namesOf(from, to)
        .map((name) => `${labelled(name)}${textOf(name, from)} -> ${textOf(name, to)}`)
        .join(', ');
    case 'drain':
      return waitsFor === null
        ? ''
        : `(drains first: ${waitsFor.connections} connections, at most ${waitsFor.timeoutMs / 1000} s)`;
    case 'remove':
      return '';
  }
}

function foundAndWanted({ from, to }: KernelChange): string {
  return namesOf(from, to)
    .map((name) => {
      const had = name === 'value' ? 'was' : `had ${labelled(name).trimEnd()}`;
      return `${had} ${textOf(name, from)}, wants ${textOf(name, to)}`;
    })
    .join('; ');
}

function listed(facts: Facts): string {
  const words = Object.keys(facts).map((name) => `${BARE.has(name) ? '' : labelled(name)}${textOf(name, facts)}`);
  return words.join(', ');
}

function namesOf(from: Facts | null, to: Facts | null): readonly string[] {
  return [...new Set([...Object.keys(from ?? {}), ...Object.keys(to ?? {})])];
}

/** With a space behind it; the value of a setting needs no name. */
function labelled(name: string): string {
  return name === 'value' ? '' : `${LABELS.get(name)?.[0] ?? name} `;
}

function textOf(name: string, facts: Facts | null): string {
  const value = facts?.[name];
  return value === undefined ? 'none' : `${value}${LABELS.get(name)?.[1] ?? ''}`;
}

/** What belongs to one service together, in the order of the first of it. */
function grouped(changes: readonly KernelChange[]): readonly KernelChange[] {
  const groups = new Map<string, KernelChange[]>();
  for (const change of changes) {
    const key = change.service ?? `${change.object === 'service' ? '' : change.object}${change.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else if (change.object === 'service') group.unshift(change);
    else group.push(change);
  }
  return [...groups.values()].flat();
}
