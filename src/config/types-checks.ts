/** Checks as the rest of lvsd reads them: see types.ts; each type is described in its own file. Pure types. */
import type { AgentCheckConfig } from './checks/agent.ts';
import type { DnsCheckConfig } from './checks/dns.ts';
import type { FileCheckConfig } from './checks/file.ts';
import type { GrpcCheckConfig } from './checks/grpc.ts';
import type { HttpCheckConfig } from './checks/http.ts';
import type { IcmpCheckConfig } from './checks/icmp.ts';
import type { PassiveCheckConfig } from './checks/passive.ts';
import type { ScriptCheckConfig } from './checks/script.ts';
import type { TcpCheckConfig } from './checks/tcp.ts';
import type { UdpCheckConfig } from './checks/udp.ts';

export type { CheckCommon, FlapDampingConfig } from './checks/common.ts';

export type CheckConfig =
  | TcpCheckConfig
  | HttpCheckConfig
  | UdpCheckConfig
  | DnsCheckConfig
  | IcmpCheckConfig
  | GrpcCheckConfig
  | ScriptCheckConfig
  | FileCheckConfig
  | AgentCheckConfig
  | PassiveCheckConfig;
