/** Configurations and courses of events at random. */
import fc from 'fast-check';
import type { Config, VirtualServerConfig } from '../../../src/config/types.ts';
import type { ProbeResult } from '../../../src/health/types.ts';
import { configOf, failure, PASS, realServer, tcpCheck, tcpId, virtualServer } from './builders.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'] as const;
const sorryTarget = { address: '10.0.0.90', port: 80, forwarding: 'direct', tunnel: null, weight: 7 } as const;
const sorryCheck = tcpCheck('10.0.0.90', 80, { rise: 1, fall: 1 });

/** Checks are few and shared; some are damped. */
const checkOf = (address: string, port: number) =>
  tcpCheck(address, port, {
    rise: 1 + (port % 2),
    fall: 1 + (port % 3),
    flapDamping: address.endsWith('1') ? { holdMs: 2000, maxMs: 8000, forgetMs: 60_000 } : null,
  });

const real = fc.record({
  address: fc.constantFrom(...ADDRESSES),
  weight: fc.constantFrom(0, 1, 10, 100),
  tier: fc.constantFrom(0, 0, 0, 1, 3),
  ports: fc.constantFrom([80], [80], [81], [80, 81, 82]),
  required: fc.constantFrom('all' as const, 1, 2),
});
const service = fc.record({
  reals: fc.uniqueArray(real, { selector: ({ address }) => address, minLength: 2, maxLength: 5, size: 'max' }),
  quorum: fc.constantFrom(1, 20, 110),
  hysteresis: fc.constantFrom(0, 0, 10),
  slowStart: fc.constantFrom(null, { durationMs: 3000, fromPercent: 10 }),
  gradedWeight: fc.constantFrom(
    { minPercent: 1, maxPercent: 100, smoothingPercent: 100, latency: null },
    { minPercent: 20, maxPercent: 150, smoothingPercent: 50, latency: { fullMs: 10, lowMs: 100 } },
  ),
  panic: fc.constantFrom(null, { thresholdPercent: 60, withinMs: 9000 }, { thresholdPercent: 40, withinMs: 3000 }),
  haSuspend: fc.constantFrom(null, null, 'r1'),
  onFailure: fc.constantFrom('zero' as const, 'remove' as const),
  initial: fc.constantFrom('down' as const, 'up' as const),
  sorry: fc.constantFrom('none', 'always', 'checked'),
});

type Service = typeof service extends fc.Arbitrary<infer T> ? T : never;

function serverOf({ reals, sorry, ...given }: Service, index: number): VirtualServerConfig {
  const realServers = reals.map(({ address, ports, ...rest }) =>
    realServer(address, { ...rest, checks: ports.map((port) => checkOf(address, port)) }),
  );
  const sorryServers = sorry === 'none' ? [] : [{ ...sorryTarget, checks: sorry === 'checked' ? [sorryCheck] : [] }];
  const own = { name: `vs${index}`, ids: [tcpId(`192.0.2.${index}`, 80)], sorryServers };
  return virtualServer(realServers, { ...given, ...own });
}

/** One to three virtual servers that share some of their checks. */
export const config = fc
  .record({ services: fc.array(service, { minLength: 1, maxLength: 3, size: 'max' }), hasSelfCheck: fc.boolean() })
  .map(
    ({ services, hasSelfCheck }): Config => ({
      ...configOf(...services.map(serverOf)),
      selfCheck: hasSelfCheck ? tcpCheck('10.0.0.254', 53) : null,
    }),
  );

const RESULTS: readonly ProbeResult[] = [
  PASS,
  PASS,
  { ok: true, latencyMs: 60 },
  { ok: true, latencyMs: 0, advice: { weightPercent: 50 } },
  { ok: true, latencyMs: 0, advice: { weight: 30, maxConnections: 9 } },
  { ok: true, latencyMs: 0, advice: { drain: true } },
  { ok: true, latencyMs: 0, advice: { drain: false, weightPercent: 100 } },
  failure('local'),
  failure(),
  failure('timeout'),
];

/** Something that happens to a world. */
export type Event =
  | { readonly do: 'result' | 'self'; readonly check: number; readonly result: ProbeResult; readonly hinted: boolean }
  | { readonly do: 'storm' | 'calm' | 'tick' | 'reload' }
  | { readonly do: 'role'; readonly role: 'MASTER' | 'BACKUP' };

const result = fc.constantFrom(...RESULTS);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('result' as const), check: fc.nat(20), result, hinted: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('self' as const), check: fc.constant(0), result, hinted: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('storm' as const, 'calm' as const, 'tick' as const, 'reload' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('role' as const),
      role: fc.constantFrom('MASTER' as const, 'BACKUP' as const),
    }),
  },
);
/** Events with the time after the one before, in milliseconds. */
export const course = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 1500 })), { maxLength: 60, size: 'max' });
