/** Checks of any type as the file gives them. Pure. */
import * as z from 'zod';
import { agentCheck } from './checks/agent.ts';
import { dnsCheck } from './checks/dns.ts';
import { fileCheck } from './checks/file.ts';
import { grpcCheck } from './checks/grpc.ts';
import { httpCheck, httpsCheck } from './checks/http.ts';
import { icmpCheck } from './checks/icmp.ts';
import { passiveCheck } from './checks/passive.ts';
import { scriptCheck } from './checks/script.ts';
import { tcpCheck } from './checks/tcp.ts';
import { udpCheck } from './checks/udp.ts';
import { list, must } from './fields.ts';
import { nearest } from './nearest.ts';
import { describeValue, quote } from './problems.ts';

const FORMS = [
  tcpCheck,
  httpCheck,
  httpsCheck,
  udpCheck,
  dnsCheck,
  icmpCheck,
  grpcCheck,
  scriptCheck,
  fileCheck,
  agentCheck,
  passiveCheck,
] as const;
const TYPES: readonly string[] = FORMS.map((form) => form.shape.type.value);

/** One check of any type. */
export const check = z
  .discriminatedUnion('type', FORMS, { error: checkError })
  .meta({ id: 'check', description: 'One probe' });
export const checks = () => list(check).optional();

function checkError(issue: { readonly input?: unknown; readonly code?: string | undefined }): string {
  const input = issue.input;
  if (issue.code !== 'invalid_union' || typeof input !== 'object' || input === null) {
    return must('a mapping with `type` and what it needs')(issue);
  }
  const type: unknown = 'type' in input ? input.type : undefined;
  const allowed = `must be one of ${TYPES.join(', ')}`;
  if (type === undefined) return `missing: ${allowed}`;
  const meant = typeof type === 'string' ? nearest(type, TYPES) : null;
  return `${allowed}; found ${describeValue(type)}${meant === null ? '' : `; did you mean ${quote(meant)}?`}`;
}
