import { director, route, service, via, withRoutes, withSettings } from './builders.ts';
import { itFinds, type Row, serving, wants } from './director-rows.ts';

const kernel: readonly Row[] = [
  {
    broken: 'no ip_vs',
    facts: { ...director, modules: new Map([['ip_vs', 'missing']]) },
    found: ['error ipvs-missing'],
  },
  {
    broken: 'no scheduler',
    facts: {
      ...director,
      modules: new Map([
        ['ip_vs', 'loaded'],
        ['ip_vs_twos', 'missing'],
      ]),
    },
    intent: serving(service({ scheduler: 'twos' })),
    found: ['error scheduler-missing'],
  },
  {
    broken: 'nothing tells which schedulers there are',
    facts: { ...director, modules: new Map([['ip_vs_wlc', 'unknown']]) },
    found: [],
  },
  {
    broken: 'connection tracking three quarters full',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_count': '196608' }),
    found: ['warning conntrack-full'],
    fix: ['sysctl -w net.netfilter.nf_conntrack_max=1048576'],
  },
  {
    broken: 'connection tracking full',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_count': '262144' }),
    found: ['error conntrack-full'],
  },
  {
    broken: 'full NAT with the defaults of a small machine',
    facts: withSettings(director, {
      'net/netfilter/nf_conntrack_max': '32768',
      'net/netfilter/nf_conntrack_tcp_timeout_established': '432000',
      'net/netfilter/nf_conntrack_tcp_loose': '0',
    }),
    intent: serving(via('fullnat')),
    found: ['warning conntrack-small', 'warning conntrack-strict', 'info conntrack-timeout'],
  },
  {
    broken: 'the same without full NAT',
    facts: withSettings(director, { 'net/netfilter/nf_conntrack_max': '32768' }),
    found: [],
  },
  {
    broken: 'persistence that outlives its server, and floods the other director',
    facts: withSettings(director, {
      'net/ipv4/vs/expire_quiescent_template': '0',
      'net/ipv4/vs/sync_refresh_period': '0',
    }),
    intent: serving(service({ persistent: true })),
    found: ['info persistence-outlives-server', 'info sync-floods'],
  },
  {
    broken: 'the same, but lvsd sets both when it runs',
    facts: withSettings(director, {
      'net/ipv4/vs/expire_quiescent_template': '0',
      'net/ipv4/vs/sync_refresh_period': '0',
    }),
    intent: wants({
      services: [service({ persistent: true })],
      ipvsSettings: { expire_quiescent_template: '1', sync_refresh_period: '10' },
    }),
    found: [],
  },
  { broken: 'tunnel of 1480 bytes', intent: serving(via('tunnel', 20)), found: ['info tunnel-mtu'] },
  {
    broken: 'tunnel of 1480 bytes, without path MTU discovery',
    facts: withSettings(director, { 'net/ipv4/vs/pmtu_disc': '0' }),
    intent: serving(via('tunnel', 20)),
    found: ['warning tunnel-mtu'],
    fix: ['sysctl -w net.ipv4.vs.pmtu_disc=1'],
  },
  {
    broken: 'a route with room for the tunnel',
    facts: withRoutes(director, { '10.0.0.21': route('eth0', { mtuBytes: 1520 }) }),
    intent: serving(via('tunnel', 20)),
    found: [],
  },
];

describe('doctor: the kernel of a director', () => {
  itFinds(kernel);
});
