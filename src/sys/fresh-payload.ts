/** What a probe sends, signed and with random bytes of its own where its configuration asks for them. */
import { createHmac, randomBytes } from 'node:crypto';
import type { PatternConfig, PayloadConfig } from '../config/checks/payload.ts';
import { RANDOM_BYTES } from '../config/checks/template.ts';
import { payloadBytes } from '../health/payload.ts';

/** Of one probe: the same for all that it sends and expects. */
export function newRandom(): Uint8Array {
  return randomBytes(RANDOM_BYTES);
}

/** Whether it differs from probe to probe; what does not is made once. */
export function isFresh(config: PayloadConfig | PatternConfig): boolean {
  return config.kind === 'fresh';
}

/** The bytes to send. `random` as given by `newRandom`; not needed unless the payload is fresh. */
export function payloadFor(config: PayloadConfig, random?: Uint8Array): Uint8Array {
  const bytes = payloadBytes(config, random);
  if (config.kind === 'fresh' && config.sign !== null) {
    bytes.set(createHmac('md5', config.sign.secret).update(bytes).digest(), config.sign.at);
  }
  return bytes;
}
