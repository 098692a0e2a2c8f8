import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { IpvsCommand } from '../../../src/ipvs/command.ts';
import { destinationKey, serviceKey } from '../../../src/ipvs/key.ts';
import { plan } from '../../../src/ipvs/plan.ts';
import { describeCommand } from '../../../src/ipvs/refusal.ts';
import type { Destination, Service } from '../../../src/ipvs/types.ts';
import { destination, fwmark, real, serviceOf, tcp, udp } from './builders.ts';

const REALS = [real('10.0.0.1', 80), real('10.0.0.2', 80), real('10.0.0.3', 80)];
const SERVICES = [tcp('192.0.2.1', 80), udp('192.0.2.1', 53), fwmark(1), fwmark(1, 6), tcp('2001:db8::1', 80)];

describe('IPVS plan of any table', () => {
  it('leads from any table to the desired one, keeps strangers, and never serves less than both ends', () => {
    fc.assert(
      fc.property(table(), table(), (desired, actual) => {
        const owned = ({ family }: { family: 4 | 6 }): boolean => family === 4;
        const wanted = new Set(desired.map(({ id }) => serviceKey(id)));
        const strangers = actual.filter(({ id }) => !owned(id) && !wanted.has(serviceKey(id)));
        const model = modelOf(actual);
        for (const command of plan(desired, actual, owned)) {
          applyTo(model, command);
          for (const { id, destinations } of desired) {
            const before = actual.find((service) => serviceKey(service.id) === serviceKey(id))?.destinations ?? [];
            const least = Math.min(totalWeight(destinations), totalWeight(before));
            const present = [...(model.get(serviceKey(id))?.destinations.values() ?? [])];
            assert.ok(totalWeight(present) >= least, 'capacity lost on the way');
          }
        }
        assert.deepEqual(model, modelOf([...desired, ...strangers]));
        assert.deepEqual(plan(desired, [...desired, ...strangers], owned), []);
      }),
      { numRuns: 300 },
    );
  });

  it('5000 services of 10 destinations: only what differs, in well under a second', () => {
    const services = (weight: number): Service[] =>
      Array.from({ length: 5000 }, (_, s) => {
        const destinations = Array.from({ length: 10 }, (_, d) =>
          destination(real(`10.1.${d}.1`, 80), { weight: s === 4321 && d === 7 ? weight : 1 }),
        );
        return serviceOf(tcp(`10.0.${s >> 8}.${s & 255}`, 80), destinations);
      });
    const desired = services(0);
    const actual = services(1).reverse();
    const start = process.hrtime.bigint();
    const commands = plan(desired, actual, () => false);
    const tookMs = Number(process.hrtime.bigint() - start) / 1e6;
    assert.deepEqual(commands.map(describeCommand), ['change destination 10.1.7.1:80 of tcp 10.0.16.225:80']);
    assert.ok(tookMs < 1000, `${tookMs} ms`);
  });
});

/** Small tables that overlap much: few ids, few weights. */
function table(): fc.Arbitrary<Service[]> {
  const reals = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom(...REALS), fc.integer({ min: 0, max: 3 }))
      .map(([id, weight]) => destination(id, { weight })),
    { selector: ({ id }) => destinationKey(id), maxLength: 3 },
  );
  const service = fc
    .tuple(fc.constantFrom(...SERVICES), reals, fc.constantFrom('rr', 'wlc'))
    .map(([id, destinations, scheduler]) => serviceOf(id, destinations, { scheduler }));
  return fc.uniqueArray(service, { selector: ({ id }) => serviceKey(id), maxLength: 5 });
}

type Model = Map<string, { scheduler: string; destinations: Map<string, Destination> }>;

function modelOf(services: readonly Service[]): Model {
  return new Map(
    services.map(({ id, settings, destinations }) => [
      serviceKey(id),
      {
        scheduler: settings.scheduler,
        destinations: new Map(destinations.map((real) => [destinationKey(real.id), real])),
      },
    ]),
  );
}

/** What the kernel does with a command; refuses what the kernel refuses. */
function applyTo(model: Model, command: IpvsCommand): void {
  if (!('service' in command) || command.service === null || command.command === 'zero') assert.fail(command.command);
  const key = serviceKey(command.service);
  const service = model.get(key);
  if (command.command === 'new-service') {
    assert.equal(service, undefined, 'EEXIST');
    model.set(key, { scheduler: command.settings.scheduler, destinations: new Map() });
    return;
  }
  if (service === undefined) assert.fail('ESRCH');
  switch (command.command) {
    case 'set-service':
      service.scheduler = command.settings.scheduler;
      return;
    case 'del-service':
      model.delete(key);
      return;
    case 'del-dest':
      assert.ok(service.destinations.delete(destinationKey(command.destination)), 'ENOENT');
      return;
    case 'new-dest':
    case 'set-dest': {
      const id = destinationKey(command.destination.id);
      assert.equal(service.destinations.has(id), command.command === 'set-dest', command.command);
      service.destinations.set(id, command.destination);
    }
  }
}

function totalWeight(destinations: readonly Destination[]): number {
  return destinations.reduce((sum, { settings }) => sum + settings.weight, 0);
}
