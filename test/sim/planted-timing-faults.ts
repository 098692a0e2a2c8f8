/** Faults to plant: who is Active, and when. */
import type { PlantedFault } from './planted-faults.ts';

export const ELECTION: readonly PlantedFault[] = [
  {
    name: 'tie-break reversed',
    file: 'fsm.js',
    edits: [['compareBytes(source, vr.primaryAddress) > 0', 'compareBytes(source, vr.primaryAddress) < 0']],
  },
  {
    name: 'equal priority wins without a tie-break',
    file: 'fsm.js',
    edits: [['compareBytes(source, vr.primaryAddress) > 0', 'true']],
  },
  {
    name: 'higher priority does not win',
    file: 'fsm.js',
    edits: [['if (priority > vr.priority)', 'if (priority > vr.priority + 60)']],
  },
  {
    name: 'timer not restarted on equal priority',
    file: 'fsm-backup.js',
    edits: [['activePriority < vr.priority &&', 'activePriority <= vr.priority &&']],
  },
  {
    name: 'preempt: false ignored',
    file: 'fsm-backup.js',
    edits: [['(vr.preempt || vr.priority === OWNER)', 'true']],
  },
  {
    name: 'owner does not preempt',
    file: 'fsm-backup.js',
    edits: [['(vr.preempt || vr.priority === OWNER)', 'vr.preempt']],
  },
  {
    name: 'preempt delay ignored',
    file: 'fsm-backup.js',
    edits: [['vr.preemptDelayMs === 0 || vr.priority === OWNER', 'true']],
  },
  {
    name: 'preempt delay does not keep the peer Active',
    file: 'fsm-backup.js',
    edits: [['return now < preemptAt ? obey(vr, event, preemptAt, now) :', 'return']],
  },
  {
    name: 'preempt delay begins anew with every advertisement',
    file: 'fsm-backup.js',
    edits: [['state.preemptAt ?? Math.max', 'Math.max']],
  },
  {
    name: 'startup delay ignored',
    file: 'fsm-backup.js',
    edits: [['Math.max(at, holdUntil)', 'at']],
  },
];

export const TIMERS: readonly PlantedFault[] = [
  { name: 'skew reversed', file: 'timers.js', edits: [['return ((256 - priority) *', 'return (priority *']] },
  {
    name: 'skew of version 2 as in version 3',
    file: 'timers.js',
    edits: [['(version === 2 ? 1000 : activeAdverIntervalMs)', 'activeAdverIntervalMs']],
  },
  {
    name: 'two intervals instead of three',
    file: 'timers.js',
    edits: [['return 3 * activeAdverIntervalMs', 'return 2 * activeAdverIntervalMs']],
  },
  {
    name: 'resumes without listening',
    file: 'timers.js',
    edits: [['return advertisementIntervalMs + skewTimeMs(', 'return skewTimeMs(']],
  },
  {
    name: 'interval of the Active Router not learnt',
    file: 'fsm-transitions.js',
    edits: [['vr.version === 3 ? event.maxAdvertiseIntervalMs :', '']],
  },
  {
    name: 'interval of the Active Router not learnt when it wins',
    file: 'fsm.js',
    edits: [['becomeBackup(vr, learntIntervalMs(vr, event),', 'becomeBackup(vr, vr.advertisementIntervalMs,']],
  },
  {
    name: 'priority 0 ignored by a Backup',
    file: 'fsm-backup.js',
    edits: [['    if (event.priority === 0) {', '    if (event.priority === -1) {']],
  },
  {
    name: 'priority 0 makes a Backup Active at once',
    file: 'fsm-backup.js',
    edits: [['activeDownAt: now + skewOf(vr, state), activePriority', 'activeDownAt: now, activePriority']],
  },
  {
    name: 'priority 0 not answered by the Active Router',
    file: 'fsm.js',
    edits: [['return advertise(vr, state, now); // 6.4.3', 'return stay(state); // 6.4.3']],
  },
  {
    name: 'lower priority not answered',
    file: 'fsm.js',
    edits: [['...(vr.version === 3 ? [advertisement(vr)] : [])', '...[]']],
  },
  {
    name: 'lateness adds up',
    file: 'fsm.js',
    edits: [['const next = state.adverAt +', 'const next = now +']],
  },
  {
    name: 'early tick of a Backup accepted',
    file: 'fsm-backup.js',
    edits: [['now < activeAt(state, vr.holdUntil)', 'false']],
  },
  {
    name: 'early tick of the Active Router accepted',
    file: 'fsm.js',
    edits: [['now < state.adverAt ? stay(state) : advertise(', 'advertise(']],
  },
  {
    name: 'time in the socket not counted',
    file: 'timers.js',
    edits: [
      ['now - arrivedAt <= OLDEST_ARRIVAL_MS ? arrivedAt : now', 'now - arrivedAt <= OLDEST_ARRIVAL_MS ? now : now'],
    ],
  },
  {
    name: 'late drain missing',
    file: 'wake.js',
    edits: [
      ['    host.drain();\n    if (sleeper', '    if (sleeper'],
      ['        host.drain();\n        sleeper.tick();', '        sleeper.tick();'],
    ],
  },
  {
    name: 'peer-lost ignored',
    file: 'fsm-backup.js',
    edits: [['Math.min(state.activeDownAt, now + skewOf(vr, state)) });', 'state.activeDownAt });']],
  },
  {
    name: 'peer-lost makes a Backup Active at once',
    file: 'fsm-backup.js',
    edits: [['Math.min(state.activeDownAt, now + skewOf(vr, state)) });', 'now });']],
  },
];
