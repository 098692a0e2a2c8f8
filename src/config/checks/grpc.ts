/** The grpc check: what a server says of itself by the gRPC health checking protocol, version 1. Pure. */
import * as z from 'zod';
import { freeText, mapping } from '../fields.ts';
import { type CheckCommon, type CheckContext, ports, rhythm } from './common.ts';
import { resolveTls, type TlsConfig, tls } from './tls.ts';

export interface GrpcCheckConfig extends CheckCommon {
  readonly type: 'grpc';
  /** Full name of the service asked for; empty: the server as a whole. */
  readonly service: string;
  /** Null: HTTP/2 without TLS. */
  readonly tls: TlsConfig | null;
}

export const grpcCheck = mapping({
  type: z.literal('grpc').describe('Ask the gRPC health service (grpc.health.v1)'),
  ...rhythm,
  ...ports,
  service: freeText(0, 255).default('').describe('Service to ask for, such as `shop.Cart`; default: the whole server'),
  tls: tls().optional().describe('Over TLS: true, or what is asked of the certificate; default: without'),
});

type Raw = z.output<typeof grpcCheck>;

export function resolveGrpcCheck(raw: Raw, common: CheckCommon, _context: CheckContext): GrpcCheckConfig {
  return { ...common, type: 'grpc', service: raw.service, tls: resolveTls(raw.tls) };
}
