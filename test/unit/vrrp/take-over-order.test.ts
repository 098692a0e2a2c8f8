/** Several virtual routers of one machine whose time comes in the same moment. */
import assert from 'node:assert/strict';
import { err, ok } from '../../../src/util/result.ts';
import { VirtualRouterInstance } from '../../../src/vrrp/instance.ts';
import { SyncGroup } from '../../../src/vrrp/sync-group.ts';
import { routerConfig } from './builders.ts';
import { advert, GROUP, linkUp, OWN, PEER } from './instance-bench.ts';

/** Shorter than the time until refused addresses are asked for again. */
const INTERVAL_MS = 100;
/** When a backup of priority 100 that hears nobody is due. */
const DUE_AT = 360.9375;

/** Two that are due; what they do behind advertisements waits for `goOn`. */
function bench() {
  const log: string[] = [];
  const later: (() => void)[] = [];
  const refused = new Set<string>();
  const deadlines = new Map<string, number | null>();
  let now = 0;
  const envelopes = [{ source: OWN, destination: GROUP }];
  const routers = ['one', 'two'].map((name, i) => {
    const router = new VirtualRouterInstance(
      routerConfig({ name, vrid: i + 1, advertisementIntervalMs: INTERVAL_MS }),
      {
        now: () => now,
        wakeAt: (at) => deadlines.set(name, at),
        afterAdverts: (act) => later.push(act),
        envelopes: () => envelopes,
        send: (message) => log.push(`${name} advert ${message[2]}`),
        claim: () => {
          log.push(`${name} claim`);
          return refused.has(name) ? err('ENOMEM') : ok(undefined);
        },
        announce: () => log.push(`${name} announce`),
        release: () => log.push(`${name} release`),
        changed: (role) => log.push(`${name} ${role}`),
        event: () => {},
        log: () => {},
      },
    );
    router.setLink(linkUp());
    return router;
  });
  now = DUE_AT;
  log.length = 0;
  const [one, two] = routers;
  assert.ok(one !== undefined && two !== undefined);
  one.tick();
  return {
    one,
    two,
    refused,
    deadlines,
    goOn: () => {
      for (const act of later.splice(0)) act();
    },
    happened: () => log.splice(0),
  };
}

describe('vrrp: taking over in the same moment', () => {
  it('all advertisements come before the first address', () => {
    const b = bench();
    b.two.tick();
    assert.deepEqual(b.happened(), ['one advert 100', 'two advert 100']);
    b.goOn();
    const rest = ['one claim', 'one announce', 'one MASTER', 'two claim', 'two announce', 'two MASTER'];
    assert.deepEqual(b.happened(), rest);
  });

  it('what was put off is done before anything else happens to the router', () => {
    const b = bench();
    b.one.receive(advert(200), PEER, null);
    const all = ['one advert 100', 'one claim', 'one announce', 'one MASTER', 'one release', 'one BACKUP'];
    assert.deepEqual(b.happened().slice(0, all.length), all);
    b.goOn();
    assert.deepEqual(b.happened(), []);
    assert.equal(b.one.role, 'BACKUP');
  });

  it('a router whose addresses are refused meanwhile hands over, and its timer is that of the next attempt', () => {
    const b = bench();
    b.refused.add('one');
    b.goOn();
    assert.deepEqual(b.happened(), ['one advert 100', 'one claim', 'one advert 0', 'one release', 'one FAULT']);
    assert.equal(b.deadlines.get('one'), DUE_AT + 1000);
  });

  it('a router that is stopped meanwhile leaves with its addresses announced', () => {
    const b = bench();
    b.one.shutdown();
    const all = ['one advert 100', 'one claim', 'one announce', 'one MASTER', 'one advert 0', 'one LEAVING'];
    assert.deepEqual(b.happened(), all);
  });

  it('the members of a sync group do not wait: each one decides on the others', () => {
    const b = bench();
    b.happened();
    const group = new SyncGroup('pair', () => {});
    group.hold([b.two]);
    b.two.join(group);
    b.two.tick();
    assert.deepEqual(b.happened(), ['two advert 100', 'two claim', 'two announce', 'two MASTER']);
  });
});
