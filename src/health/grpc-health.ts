/**
 * The gRPC health checking protocol, version 1 (grpc/health/v1/health.proto): its two messages, by hand, in the frames of
 * gRPC over HTTP/2 (PROTOCOL-HTTP2.md). Pure.
 */
import { err, ok, type Result } from '../util/result.ts';

export const GRPC_HEALTH_PATH = '/grpc.health.v1.Health/Check';

/** Compressed flag and length. */
const PREFIX = 5;
/** Largest frame read: a HealthCheckResponse is 2 bytes, and unknown fields are allowed. */
export const GRPC_MESSAGE_LIMIT = 4096;

/** `ServingStatus`, by number. */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof SERVING_STATUS)[number];

/** `google.rpc.Code`, by number. */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** A framed HealthCheckRequest; the empty name asks for the server as a whole. */
export function healthRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const field = name.length === 0 ? [] : [0x0a, ...varint(name.length), ...name];
  return Uint8Array.of(0, 0, 0, field.length >> 8, field.length & 0xff, ...field);
}

/** What a framed HealthCheckResponse says; the error says what is wrong with the bytes. */
export function decodeHealthResponse(frame: Uint8Array): Result<ServingStatus, string> {
  if (frame.length === 0) return err('no message');
  if (frame.length < PREFIX) return err('message cut in its length');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  // We offer no compression, so none may be used.
  if (view.getUint8(0) !== 0) return err('compressed message');
  const length = view.getUint32(1);
  if (length !== frame.length - PREFIX) return err(`message of ${length} bytes, got ${frame.length - PREFIX}`);
  return servingStatus(frame.subarray(PREFIX));
}

/** Field 1, a varint; the last one counts, absent means 0 (proto3). Fields not known are skipped. */
function servingStatus(message: Uint8Array): Result<ServingStatus, string> {
  const malformed = err('malformed message');
  let status = 0;
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    if (tag === null) return malformed;
    const [field, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    if (field === 0) return malformed;
    if (wireType === 0) {
      const value = readVarint(message, tag.end);
      if (value === null) return malformed;
      if (field === 1) status = value.value;
      at = value.end;
      continue;
    }
    if (field === 1) return malformed;
    const end = skip(message, tag.end, wireType);
    if (end === null) return malformed;
    at = end;
  }
  const name = SERVING_STATUS[status];
  return name === undefined ? err(`serving status ${status}`) : ok(name);
}

/** Where a field of no interest ends, or null: beyond the message, or of a kind that is none. */
function skip(message: Uint8Array, at: number, wireType: number): number | null {
  let end = at;
  if (wireType === 1) end = at + 8;
  else if (wireType === 5) end = at + 4;
  else if (wireType === 2) {
    const length = readVarint(message, at);
    if (length === null) return null;
    end = length.end + length.value;
  } else return null;
  return end <= message.length ? end : null;
}

interface Varint {
  readonly value: number;
  readonly end: number;
}

/** Protocol buffers' base 128, at most 10 bytes. Beyond 53 bits it is not exact, and nothing here is so large. */
function readVarint(bytes: Uint8Array, start: number): Varint | null {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return null;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** `14 UNAVAILABLE`, as grpc-status gives it. Null: no such number. */
export function grpcCode(text: string): { readonly number: number; readonly name: string } | null {
  if (!/^\d{1,3}$/.test(text)) return null;
  const number = Number(text);
  return { number, name: CODES[number] ?? 'unknown code' };
}

/** grpc-message is percent-encoded UTF-8; what cannot be decoded is shown as it came. */
export function grpcMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
