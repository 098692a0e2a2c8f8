/** Packets and sessions for tests: what a row does not name is ordinary. */
import type { ControlPacket } from '../../../src/bfd/packet.ts';
import type { Remote, Session, SessionParameters } from '../../../src/bfd/types.ts';
import type { BfdSessionConfig } from '../../../src/config/types-bfd.ts';

/** A session as an operator has it who says nothing of intervals. */
export const config: BfdSessionConfig = {
  name: 'peer',
  neighbor: '192.0.2.3',
  family: 4,
  interface: 'eth0',
  sourceAddress: null,
  minTxMs: 300,
  minRxMs: 300,
  multiplier: 3,
  passive: false,
};

export const parameters: SessionParameters = {
  localDiscriminator: 0x0a0b0c0d,
  minTxMs: 300,
  minRxMs: 300,
  detectMultiplier: 3,
  passive: false,
};

export const remote: Remote = {
  discriminator: 0x93092098,
  state: 'up',
  diagnostic: 0,
  detectMultiplier: 3,
  minTxMs: 200,
  minRxMs: 250,
  demand: false,
};

/** What the neighbour of `remote` sends. */
export function packet(changes: Partial<ControlPacket> = {}): ControlPacket {
  return {
    diagnostic: 0,
    state: 'up',
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    authentication: false,
    demand: false,
    detectMultiplier: 3,
    myDiscriminator: 0x93092098,
    yourDiscriminator: 0x0a0b0c0d,
    desiredMinTxUs: 200_000,
    requiredMinRxUs: 250_000,
    requiredMinEchoRxUs: 0,
    ...changes,
  };
}

const slow: Session = {
  state: 'down',
  diagnostic: 0,
  remote: null,
  desiredTxMs: 1000,
  requiredRxMs: 300,
  txMs: 1000,
  rxMs: 300,
  polling: false,
  sentAt: 5000,
  jitter: 1,
  expiresAt: null,
  farewells: 0,
};

/** Sessions that last sent at 5000, and heard the neighbour then: silence ends them 900 ms later. */
export const down: Session = slow;
export const init: Session = { ...slow, state: 'init', remote: { ...remote, state: 'down' }, expiresAt: 5900 };
export const up: Session = { ...slow, state: 'up', remote, desiredTxMs: 300, txMs: 300, expiresAt: 5900 };
