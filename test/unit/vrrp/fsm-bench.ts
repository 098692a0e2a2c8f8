/** States, events and rows for tables of the state machine. */
import assert from 'node:assert/strict';
import { deadline, step } from '../../../src/vrrp/fsm.ts';
import type { Backup, Effect, Event, Reason, RouterParameters, State } from '../../../src/vrrp/fsm-types.ts';
import { ip } from './builders.ts';

/** Priority 100 every second: Skew_Time 609.375 ms, Active_Down_Interval 3609.375 ms. */
const vr: RouterParameters = {
  version: 3,
  priority: 100,
  advertisementIntervalMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  holdUntil: 0,
  grouped: false,
  unyieldingUntil: 0,
  primaryAddress: ip('192.0.2.1'),
};
/** Version 2, an advertisement every 10 s. */
export const V2 = { version: 2, advertisementIntervalMs: 10_000 } as const;

export const heard = (priority: number, source = '192.0.2.2', maxAdvertiseIntervalMs = 1000): Event => ({
  type: 'advert',
  source: ip(source),
  priority,
  maxAdvertiseIntervalMs,
});
export const startup: Event = { type: 'startup', holdsAddresses: false };
export const tick: Event = { type: 'tick' };

export const initialize: State = { name: 'initialize' };
export const backup: Backup = {
  name: 'backup',
  activeAdverIntervalMs: 1000,
  activeDownAt: 3609.375,
  holdsAddresses: false,
  activePriority: null,
  preemptAt: null,
  ready: null,
};
/** With the parameters `V2`. */
export const backup2: Backup = { ...backup, activeAdverIntervalMs: 10_000, activeDownAt: 30_609.375 };
export const active = { name: 'active', adverAt: 1000, assertFrom: 0 } as const;
export const leaving = { name: 'leaving', releaseAt: 1450 } as const;

export const activeFrom = (at: number): State => ({ name: 'active', adverAt: at + 1000, assertFrom: at });
export const promoted = (reason: Reason, priority = 100): readonly Effect[] => [
  { do: 'send-advert', priority },
  { do: 'claim-vips' },
  { do: 'notify', state: 'active', reason },
];

/** Rule, state before, event, time, state after, effects; parameters that differ from the common ones. */
export type Row = readonly [
  rule: string,
  given: State,
  when: Event,
  at: number,
  next: State,
  effects: readonly Effect[],
  parameters?: Partial<RouterParameters>,
];

/** A test for every row; `common`: parameters of all of them. */
export function check(rows: readonly Row[], common: Partial<RouterParameters> = {}): void {
  for (const [rule, given, when, at, next, effects, parameters] of rows) {
    it(rule, () => {
      assert.deepEqual(step({ ...vr, ...common, ...parameters }, given, when, at), { state: next, effects });
    });
  }
}

/** Of the standard's state machine, those that errata 7949, 8298 and 8301 touch among them. */
export type Cell = readonly [cell: string, isIt: (row: Row, own: RouterParameters) => boolean];

/** Every cell has a row in each table. */
export function checkCells(cells: readonly Cell[], ...tables: readonly (readonly Row[])[]): void {
  for (const [cell, isIt] of cells) {
    it(`has a row: ${cell}`, () => {
      for (const rows of tables) assert.ok(rows.some((row) => isIt(row, { ...vr, ...row[6] })));
    });
  }
}

/** Every event of the standard has a row, but for those that cannot come. */
export function checkEvents(rows: readonly Row[], besides: readonly Event['type'][] = []): void {
  it('has a row for every event', () => {
    const types = new Set(rows.map(([, , when]) => when.type));
    for (const type of ['startup', 'shutdown', 'fault', 'tick', 'advert'] as const)
      assert.ok(types.has(type) || besides.includes(type), type);
  });
}

/** Whether it is a tick whose time has come. */
export function fires([, given, { type }, at]: Row): boolean {
  return type === 'tick' && at >= (deadline(given) ?? at + 1);
}

/** The priority that is heard; null: it is another event. */
export function priorityOf([, , when]: Row): number | null {
  return when.type === 'advert' ? when.priority : null;
}

export function isLower(row: Row, { priority }: RouterParameters): boolean {
  const theirs = priorityOf(row) ?? 0;
  return theirs > 0 && theirs < priority;
}
