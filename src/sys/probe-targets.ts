/** Which prober a check gets. Only the two that most configurations need are loaded at the start. */
import type { CheckConfig } from '../config/types-checks.ts';
import { assertNever } from '../util/assert-never.ts';
import type { ProbeTarget } from './probe.ts';
import { LateTarget } from './probe-late.ts';
import { TcpTarget } from './probe-tcp.ts';
import { UdpTarget } from './probe-udp.ts';

/** Opens nothing yet. */
export function newTarget(check: CheckConfig): ProbeTarget {
  switch (check.type) {
    case 'tcp':
      return new TcpTarget(check);
    case 'udp':
      return new UdpTarget(check);
    case 'http':
    case 'https':
      return new LateTarget(async () => new (await import('./probe-http.ts')).HttpTarget(check));
    case 'dns':
      return new LateTarget(async () => new (await import('./probe-dns.ts')).DnsTarget(check));
    case 'icmp':
      return new LateTarget(async () => new (await import('./probe-icmp.ts')).IcmpTarget(check));
    case 'grpc':
      return new LateTarget(async () => new (await import('./probe-grpc.ts')).GrpcTarget(check));
    case 'script':
      return new LateTarget(async () => new (await import('./probe-script.ts')).ScriptTarget(check));
    case 'file':
      return new LateTarget(async () => new (await import('./probe-file.ts')).FileTarget(check));
    case 'agent':
      return new LateTarget(async () => new (await import('./probe-agent.ts')).AgentTarget(check));
    case 'passive':
      return new LateTarget(async () => new (await import('./probe-passive.ts')).PassiveTarget(check));
    default:
      return assertNever(check);
  }
}
