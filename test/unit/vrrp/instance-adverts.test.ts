import assert from 'node:assert/strict';
import type { VirtualRouterConfig } from '../../../src/config/types.ts';
import { type ChecksumForm, decodeAdvert } from '../../../src/vrrp/packet.ts';
import { ip, routerConfig } from './builders.ts';
import { activeBench, advert, bench, DOWN, GROUP, linkUp, OWN, received } from './instance-bench.ts';

describe('vrrp/instance: the peer', () => {
  it('a higher priority ends Active: release, tell, one more advertisement, wait for its interval', () => {
    const b = activeBench();
    b.until(4000);
    b.hear(advert(150, { maxAdvertiseIntervalCs: 200 }));
    assert.deepEqual(b.happened(), ['release', 'BACKUP: higher-priority', 'advert 100']);
    assert.equal(b.machine.timer, 11_218.75);
  });

  it('a lower priority is answered and announced over', () => {
    const b = activeBench();
    b.until(4000);
    b.hear(advert(50));
    assert.deepEqual(b.happened(), ['advert 100', 'announce']);
    assert.equal(b.machine.timer, 4609.375);
  });

  it('a refused message raises its counter and moves no timer', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.until(3000);
    b.happened();
    const { armed } = b.machine;
    for (let i = 0; i < 3; i++) b.router.refuse('invalid-type-pkts-rcvd', received());
    b.router.refuse('packet-length-errors', received());
    assert.deepEqual(b.happened(), []);
    assert.equal(b.machine.armed, armed);
    assert.deepEqual(b.router.report().adverts.refused, { 'invalid-type-pkts-rcvd': 3, 'packet-length-errors': 1 });
    b.until(3609.375);
    assert.equal(b.router.role, 'MASTER');
  });

  it('with another password is told of once a minute, and counted each time', () => {
    const b = activeBench({ version: 2, password: 'secret12' });
    b.until(4000);
    const forged = received(new Uint8Array(20));
    for (const at of [4000, 5000, 63_999, 64_000]) {
      b.until(at);
      b.router.refuse('auth-failures', forged);
    }
    const said = b.happened().filter((line) => !line.startsWith('advert'));
    const text =
      'warn: web: refused an advertisement of 192.0.2.2: its password is another one; set the same `password` on both';
    assert.deepEqual(said, [text, text]);
    assert.deepEqual(b.router.report().adverts.refused, { 'auth-failures': 4 });
    assert.equal(b.router.role, 'MASTER');
  });

  it('of version 2 with other addresses: refused ones count as such', () => {
    const b = activeBench({ version: 2 });
    b.router.refuse('address-list-errors', received(Uint8Array.of(0x21, 51, 100, 1, 0, 1, 0, 0, 10, 0, 0, 9)));
    const { addressListErrors, refused } = b.router.report().adverts;
    assert.deepEqual([addressListErrors, refused], [1, { 'address-list-errors': 1 }]);
    assert.match(b.happened().join(), /its virtual addresses are others: 10\.0\.0\.9;/);
  });

  it('is reported as last heard', () => {
    const b = bench();
    assert.equal(b.router.report().peer, null);
    b.router.setLink(linkUp());
    b.until(500);
    b.hear(advert(150, { maxAdvertiseIntervalCs: 25, checksumForm: 'rfc9568' }));
    b.until(740);
    assert.deepEqual(b.router.report().peer, {
      address: '192.0.2.2',
      priority: 150,
      advertisementIntervalMs: 250,
      heardMsAgo: 240,
      checksum: 'rfc9568',
    });
  });

  it('advertises other addresses: counted each time, said once, obeyed', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.happened();
    const other = advert(150, { addresses: [ip('192.0.2.100'), ip('192.0.2.101')] });
    b.until(100);
    b.hear(other);
    b.hear(other);
    b.hear(advert(150));
    assert.deepEqual(b.happened(), ['warn: web: 192.0.2.2 advertises other addresses: 192.0.2.100, 192.0.2.101']);
    assert.equal(b.router.report().adverts.addressListErrors, 2);
    assert.equal(b.machine.timer, 3709.375);
  });

  it('counts what was sent and heard', () => {
    const b = activeBench();
    b.until(4700);
    b.hear(advert(0));
    b.hear(advert(50));
    b.router.setLink(DOWN);
    const { adverts, transitionsToMaster } = b.router.report();
    assert.deepEqual(adverts, {
      sent: 5, // promotion, beat, answer to 0, answer to 50, own 0
      received: 2,
      priorityZeroSent: 1,
      priorityZeroReceived: 1,
      addressListErrors: 0,
      refused: {},
    });
    assert.equal(transitionsToMaster, 1);
  });
});

describe('vrrp/instance: what is sent', () => {
  it('is a full advertisement', () => {
    const b = activeBench({ vrid: 7, advertisementIntervalMs: 1000 });
    const decoded = decodeAdvert(b.machine.sent[0] ?? new Uint8Array(), { source: OWN, destination: GROUP }, 3);
    assert.deepEqual(decoded, { ok: true, value: advert(100, { vrid: 7 }) });
  });

  it('is a full advertisement of version 2, with the password', () => {
    const b = activeBench({ version: 2, password: 'secret12' });
    const wire = `21336401010149e7c0000264${Buffer.from('secret12').toString('hex')}`;
    assert.equal(Buffer.from(b.machine.sent[0] ?? []).toString('hex'), wire);
    b.router.reconfigure(routerConfig({ version: 2, password: null }));
    b.until(4700);
    assert.equal(Buffer.from(b.machine.sent[1] ?? []).toString('hex'), `213364010001b865c0000264${'00'.repeat(8)}`);
  });

  it('the peer of version 2 has no form of the checksum', () => {
    const b = bench({ version: 2, checksum: 'auto' });
    b.router.setLink(linkUp());
    b.happened();
    const authentication = { type: 0, data: new Uint8Array(8) };
    b.hear({ ...advert(150), version: 2, authentication, checksumForm: null });
    assert.deepEqual(b.happened(), []);
    assert.equal(b.router.report().peer?.checksum, null);
  });

  it('is built once, and again after a reload or with another primary address', () => {
    const b = activeBench();
    b.until(5700);
    const [first, second, third] = b.machine.sent;
    assert.ok(first !== undefined && first === second && second === third);

    b.router.reconfigure(routerConfig({ advertisementIntervalMs: 2000 }));
    b.until(6700);
    const reloaded = b.machine.sent.at(-1);
    assert.notEqual(reloaded, first);
    assert.equal(reloaded?.[5], 200);

    b.machine.source = ip('192.0.2.7');
    b.router.setLink(linkUp({ primaryAddress: ip('192.0.2.7') }));
    b.until(8700);
    const moved = b.machine.sent.at(-1) ?? new Uint8Array();
    assert.notDeepEqual(moved, reloaded);
    assert.ok(decodeAdvert(moved, { source: ip('192.0.2.7'), destination: GROUP }, 3).ok);
  });

  const forms: readonly [setting: VirtualRouterConfig['checksum'], heard: ChecksumForm, then: ChecksumForm][] = [
    ['auto', 'rfc9568', 'rfc9568'],
    ['auto', 'pseudo', 'pseudo'],
    ['rfc9568', 'pseudo', 'rfc9568'],
    ['pseudo', 'rfc9568', 'pseudo'],
  ];
  for (const [checksum, heard, then] of forms) {
    it(`checksum ${checksum}: sends ${then} after hearing ${heard}`, () => {
      const b = activeBench({ checksum });
      assert.equal(b.lastForm(), checksum === 'rfc9568' ? 'rfc9568' : 'pseudo');
      b.hear(advert(50, { checksumForm: heard }));
      assert.equal(b.lastForm(), then);
    });
  }

  it('says once that the peer uses another form, and again only when it changed back and forth', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.happened();
    const other = advert(150, { checksumForm: 'rfc9568' });
    for (let i = 0; i < 3; i++) b.hear(other);
    assert.deepEqual(b.happened(), ['info: web: 192.0.2.2 sends the rfc9568 form of the checksum']);
    b.hear(advert(150));
    b.hear(other);
    assert.deepEqual(b.happened(), ['info: web: 192.0.2.2 sends the rfc9568 form of the checksum']);
  });
});

describe('vrrp/instance: when a message arrived', () => {
  /** Heard at 3000 of virtual time, in Backup; the Active_Down_Timer then stands at this. */
  const rows: readonly [name: string, arrivedAt: number | null, timer: number][] = [
    ['the transport cannot tell: now', null, 6609.375],
    ['just now', 3000, 6609.375],
    ['it waited a little: counted from its arrival', 2960, 6569.375],
    ['it waited as long as is believed', 2900, 6509.375],
    ['it waited longer: now', 2899, 6609.375],
    ['in the future: now', 3001, 6609.375],
  ];
  for (const [name, arrivedAt, timer] of rows) {
    it(name, () => {
      const b = bench();
      b.router.setLink(linkUp());
      b.until(3000);
      b.hear(advert(150), arrivedAt);
      assert.equal(b.machine.timer, timer);
    });
  }

  it('a Skew_Time that is over meanwhile fires at once', () => {
    const b = bench({ priority: 250, advertisementIntervalMs: 1000 });
    b.router.setLink(linkUp());
    b.until(3000);
    b.happened();
    b.hear(advert(0), 2960);
    assert.equal(b.machine.timer, 2983.4375);
    b.until(3000);
    assert.deepEqual(b.happened(), ['advert 250', 'claim', 'announce', 'MASTER: active-down']);
  });

  it('is what the report counts from', () => {
    const b = bench();
    b.router.setLink(linkUp());
    b.until(3000);
    b.hear(advert(150), 2960);
    assert.equal(b.router.report().peer?.heardMsAgo, 40);
  });
});
