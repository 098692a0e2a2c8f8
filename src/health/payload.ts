/** What is sent, as bytes. Pure. */
import type { PayloadConfig } from '../config/checks/payload.ts';
import { withRandom } from '../config/checks/template.ts';

/** Pairs of hexadecimal digits as bytes. */
export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Not signed yet. `random`: of the probe, for payloads of kind `fresh`. */
export function payloadBytes(config: PayloadConfig, random: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (config.kind === 'text') return new TextEncoder().encode(config.text);
  if (config.kind === 'hex') return bytesOfHex(config.hex);
  const filled = withRandom(config.template, config.form, random);
  return config.form === 'hex' ? bytesOfHex(filled) : new TextEncoder().encode(filled);
}
