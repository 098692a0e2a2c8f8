/** Faults to plant into the built code, so that the simulator shows that it finds them: at least one of every kind. */
import { ELECTION, TIMERS } from './planted-timing-faults.ts';

export interface PlantedFault {
  readonly name: string;
  /** Below src/vrrp. */
  readonly file: string;
  /** Each text stands there exactly once, and is replaced by the other. */
  readonly edits: readonly (readonly [text: string, by: string])[];
  /** What shows it: the schedules, or hours of one network. */
  readonly by?: 'memory';
}

const PACKETS: readonly PlantedFault[] = [
  {
    name: 'refused packet moves the timer',
    file: 'instance.js',
    edits: [
      [
        'this.#conversation.refused(refusal, message);',
        "this.#conversation.refused(refusal, message); this.#feed({ type: 'advert', source: message.source, priority: message.data[2] ?? 0, maxAdvertiseIntervalMs: 1000 });",
      ],
    ],
  },
  { name: 'TTL not looked at', file: 'receive.js', edits: [["return err('ip-ttl-errors');", ';']] },
  {
    name: 'checksum not looked at',
    file: 'packet.js',
    edits: [['if (version === 2 ? internetChecksum(b) !== 0 : checksumForm === null)', 'if (false)']],
  },
  { name: 'length not looked at', file: 'packet.js', edits: [['if (b.length !== need)', 'if (b.length < need)']] },
  {
    name: 'interval 0 accepted',
    file: 'receive.js',
    edits: [["return advert.maxAdvertiseIntervalCs === 0 ? 'interval-errors' : null;", 'return null;']],
  },
  {
    name: 'own address accepted',
    file: 'receive.js',
    edits: [['if (compareBytes(source, ownAddress) === 0)', 'if (false)']],
  },
  { name: 'password not looked at', file: 'receive.js', edits: [['if (forged !== null)', 'if (false)']] },
  {
    name: 'another interval accepted in version 2',
    file: 'receive.js',
    edits: [['if (advert.maxAdvertiseIntervalCs !== router.advertisementIntervalCs)', 'if (false)']],
  },
];

const ADDRESSES: readonly PlantedFault[] = [
  {
    name: 'no release when it loses',
    file: 'fsm.js',
    edits: [["now, reason, [{ do: 'release-vips' }])", 'now, reason, [])']],
  },
  {
    name: 'found addresses not given up to an Active Router',
    file: 'fsm-backup.js',
    edits: [['event.priority === 0 ? [] : giveUp', '[]']],
  },
  { name: 'claim failure ignored', file: 'machine.js', edits: [['return claimed.ok;', 'return true;']] },
  {
    name: 'claim never repeated',
    file: 'instance.js',
    edits: [['if (retryAt !== null && now >= retryAt)', 'if (false)']],
  },
  {
    name: 'addresses before the advertisement',
    file: 'fsm-transitions.js',
    edits: [["[advertisement(vr), { do: 'claim-vips' },", "[{ do: 'claim-vips' }, advertisement(vr),"]],
  },
  { name: 'no announcements', file: 'machine.js', edits: [["ports.announce('take-over');", ';']] },
  {
    name: 'keeps the addresses for ever after a stop',
    file: 'fsm.js',
    edits: [['now < state.releaseAt ? stay(state) : becomeInitialize(', 'true ? stay(state) : becomeInitialize(']],
  },
  {
    name: 'stops without priority 0',
    file: 'fsm.js',
    edits: [["{ do: 'send-advert', priority: 0 },\n                    { do: 'notify'", "{ do: 'notify'"]],
  },
  {
    name: 'fault without priority 0',
    file: 'fsm.js',
    edits: [["'fault', [{ do: 'send-advert', priority: 0 }, {", "'fault', [{"]],
  },
];

const GROUPS_AND_TRACKING: readonly PlantedFault[] = [
  { name: 'group split: others do not yield', file: 'sync-group.js', edits: [['member.yield();', ';']] },
  {
    name: 'group split: takes over when one is ready',
    file: 'sync-group.js',
    edits: [['members.every(({ isReady', 'members.some(({ isReady']],
  },
  {
    name: 'group split: fault not shared',
    file: 'sync-group.js',
    edits: [['member.settle(hold)', 'member.settle(null)']],
  },
  {
    name: 'group never takes over',
    file: 'sync-group.js',
    edits: [['&& member.isReady)', '&& member.isReady && false)']],
  },
  {
    name: 'group: both directors yield, each on the link where it loses',
    file: 'instance.js',
    edits: [['this.#group.unyieldingUntil(this, event, this.#ports.now())', '0']],
  },
  {
    name: 'weight of what is down not subtracted',
    file: 'tracking.js',
    edits: [['return Math.min(weight, 0);', 'return 0;']],
  },
  {
    name: 'priority above 254',
    file: 'tracking.js',
    edits: [['Math.max(priority + adds, 1), 254)', 'Math.max(priority + adds, 1), 999)']],
  },
  {
    name: 'another priority leaves the timer as it is',
    file: 'fsm-backup.js',
    edits: [['stay(reprioritised(vr, state, event.before, now))', 'stay(state)']],
  },
  {
    name: 'tracked FAULT ignored',
    file: 'tracking.js',
    edits: [["track.weight === null && state.kind === 'down'", 'false']],
  },
  {
    name: 'link down ignored',
    file: 'standing.js',
    edits: [['return this.#link.fault ?? this.#tracking.fault', 'return this.#tracking.fault']],
  },
];

const MEMORY: readonly PlantedFault[] = [
  {
    name: 'memory: every refusal remembered',
    file: 'refusals.js',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is code
    edits: [['const key = `${refusal} ${vrid}`;', 'const key = `${refusal} ${vrid} ${now}`;']],
    by: 'memory',
  },
  {
    name: 'memory: every advertisement kept',
    file: 'prebuilt.js',
    edits: [
      [
        "const key = form === 'pseudo' ? priority : -1 - priority;",
        'const key = globalThis.leak = (globalThis.leak ?? 0) + 1;',
      ],
    ],
    by: 'memory',
  },
];

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  ...ELECTION,
  ...TIMERS,
  ...PACKETS,
  ...ADDRESSES,
  ...GROUPS_AND_TRACKING,
  ...MEMORY,
];
