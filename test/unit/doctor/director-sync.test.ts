import type { Facts } from '../../../src/doctor/facts.ts';
import { BACKUP, director, link, route, service, withRoutes, withSettings } from './builders.ts';
import { itFinds, type Row, serving, wants } from './director-rows.ts';

const running = (more: object): Facts => ({
  ...director,
  ipvs: { virtualAddresses: [], daemons: [{ ...BACKUP, ...more }], portMismatches: [] },
});

const sync: readonly Row[] = [
  {
    broken: 'no sync interface',
    facts: { ...director, links: [link('eth0')] },
    found: ['error sync-interface-missing'],
  },
  {
    broken: 'sync interface down and without address',
    facts: {
      ...director,
      links: [link('eth0'), link('eth1', { running: false })],
      addresses: director.addresses.filter((item) => item.interface !== 'eth1'),
    },
    found: ['error sync-interface-down', 'error sync-without-address'],
  },
  {
    broken: 'sync on loopback',
    intent: wants({ sync: { interface: 'lo', syncId: 7, maxLength: null, group: null, port: null, ttl: null } }),
    facts: { ...director, ipvs: null },
    found: ['error sync-on-loopback'],
  },
  {
    broken: 'sync messages above the MTU',
    intent: wants({ sync: { interface: 'eth1', syncId: 7, maxLength: 1473, group: null, port: null, ttl: null } }),
    found: ['warning sync-messages-too-long'],
  },
  { broken: 'daemon with another sync id', facts: running({ syncId: 8 }), found: ['error sync-daemon-differs'] },
  { broken: 'daemon with another port', facts: running({ port: 8849 }), found: ['error sync-daemon-differs'] },
  { broken: 'daemon with the default port', facts: running({ port: 0, group: null }), found: [] },
  {
    broken: 'daemon on another interface, which left the group',
    facts: running({ interface: 'eth0' }),
    found: ['error sync-daemon-differs', 'error sync-group-left'],
  },
  { broken: 'the interface left the group', facts: { ...director, groups: [] }, found: ['error sync-group-left'] },
  {
    broken: 'backup_only with both daemons',
    facts: {
      ...withSettings(director, { 'net/ipv4/vs/backup_only': '1' }),
      ipvs: { virtualAddresses: [], daemons: [BACKUP, { ...BACKUP, role: 'master' }], portMismatches: [] },
    },
    found: ['error sync-backup-only'],
    fix: ['sysctl -w net.ipv4.vs.backup_only=0'],
  },
  {
    broken: 'the other director sends another sync id, in the old format',
    facts: { ...director, syncMessages: [{ from: '10.1.0.12', syncId: 8, version: 0 }] },
    found: ['error sync-id-differs', 'warning sync-version-old'],
  },
  {
    broken: 'the other director sends what we expect',
    facts: { ...director, syncMessages: [{ from: '10.1.0.12', syncId: 7, version: 1 }] },
    found: [],
  },
  {
    broken: 'old sync version here',
    facts: withSettings(director, { 'net/ipv4/vs/sync_version': '0' }),
    found: ['warning sync-version-old'],
  },
  {
    broken: 'connection sync with a real server of the other family',
    facts: withRoutes(director, { 'fd00::21': route('eth0', { mtuBytes: 9000 }) }),
    intent: serving(service({ realServers: [{ address: 'fd00::21', forwarding: 'tunnel', overheadBytes: 40 }] })),
    found: ['error sync-mixed-families'],
  },
];

describe('doctor: connection sync of a director', () => {
  itFinds(sync);
});
