import type { Facts } from '../../../src/doctor/facts.ts';
import { director } from './builders.ts';
import { itFinds, type Row, wants } from './director-rows.ts';

const beside = (more: Partial<Facts['keepalived'][number]>): Facts => ({
  ...director,
  keepalived: [{ pid: 4, configFile: '/k', routers: [], hasVirtualServers: false, ...more }],
});

const keepalived: readonly Row[] = [
  {
    broken: 'keepalived with the same virtual router',
    facts: beside({ routers: [{ interface: 'eth0', vrid: 51 }] }),
    found: ['error keepalived-same-router'],
    fix: ['systemctl disable --now keepalived'],
  },
  {
    broken: 'keepalived with other virtual routers',
    facts: beside({
      routers: [
        { interface: 'eth0', vrid: 52 },
        { interface: 'eth1', vrid: 51 },
      ],
    }),
    found: [],
  },
  {
    broken: 'keepalived with virtual servers',
    facts: beside({ hasVirtualServers: true }),
    found: ['error keepalived-owns-table'],
  },
  {
    broken: 'keepalived with virtual servers, no configuration of ours',
    facts: beside({ hasVirtualServers: true }),
    intent: null,
    found: ['warning keepalived-owns-table'],
  },
];

const clock: readonly Row[] = [
  { broken: 'a clock of 1970', facts: { ...director, nowMs: 0 }, found: ['warning clock-wrong'] },
  {
    broken: 'a clock of 1970, and certificates to verify',
    facts: { ...director, nowMs: 0 },
    intent: wants({ verifiesCertificates: true }),
    found: ['error clock-wrong'],
  },
  { broken: 'no NTP', facts: { ...director, clockSynchronised: false }, found: ['info clock-unsynchronised'] },
  { broken: 'nobody knows about NTP', facts: { ...director, clockSynchronised: null }, found: [] },
];

describe('doctor: what is beside lvsd on a director', () => {
  describe('keepalived', () => itFinds(keepalived));
  describe('clock', () => itFinds(clock));
});
