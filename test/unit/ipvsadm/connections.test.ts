/** Lines of /proc/net/ip_vs_conn: recorded from Linux 6.1, with what ipvsadm 1.31 made of them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  AddressTexts,
  type Connection,
  connectionJson,
  connectionRow,
  connectionTitles,
  matches,
  parseConnection,
} from '../../../src/ipvsadm/connections.ts';
import type { ConnectionFilter, Names } from '../../../src/ipvsadm/types.ts';
import { fwmark, tcp, udp } from '../ipvs/builders.ts';

const ESTABLISHED = 'TCP 0A000002 D30A 0A000001 0050 C0A8010B 0050 ESTABLISHED     897';
const UDP = 'UDP 0A000002 9DDE 0A000001 0035 C0A8010B 0035 UDP             297';
const NONE = 'TCP 0A000002 0000 0A000001 13C4 C0A80163 13C4 NONE             28';
const IPV6 =
  'TCP 2001:0db8:0000:0000:0000:0000:0000:0002 BFDC 2001:0db8:0000:0000:0000:0000:0000:0001 0051 2001:0db8:0001:0000:0000:0000:0000:0012 0051 TIME_WAIT       109';
const OF_A_MARK = 'IP  0A000002 0000 00000007 0000 0A00000B 0000 ASSURED         199';
const OF_A_MARK_6 =
  'IP  2001:0db8:0000:0000:0000:0000:0000:0002 0000 0000:0007:0000:0000:0000:0000:0000:0000 0000 2001:0db8:0001:0000:0000:0000:0000:0012 0000 ASSURED         199';
const SIP = 'UDP 0A000002 13C4 0A000001 13C4 C0A8010B 13C4 UDP             297 sip 2533d89b@10.0.0.2';
/** An IPv4 service with an IPv6 real server behind a tunnel. */
const MIXED = 'TCP 0A000002 D30A 0A000001 01BB 2001:0db8:0000:0000:0000:0000:0000:0017 01BB ESTABLISHED     897';

function parsed(line: string): Connection {
  return parseConnection(line) ?? assert.fail(`not understood: ${line}`);
}

describe('a connection as ipvsadm prints it', () => {
  for (const [line, row] of [
    [ESTABLISHED, 'TCP 14:57  ESTABLISHED 10.0.0.2:54026     10.0.0.1:80        192.168.1.11:80\n'],
    [NONE, 'TCP 00:28  NONE        10.0.0.2:0         10.0.0.1:5060      192.168.1.99:5060\n'],
    [UDP, 'UDP 04:57  UDP         10.0.0.2:40414     10.0.0.1:53        192.168.1.11:53\n'],
    [IPV6, 'TCP 01:49  TIME_WAIT   [2001:db8::2]:49116 [2001:db8::1]:81   [2001:db8:1::12]:81\n'],
    [OF_A_MARK, 'IP  03:19  ASSURED     10.0.0.2:0         0.0.0.7:0          10.0.0.11:0\n'],
    [SIP, 'UDP 04:57  UDP         10.0.0.2:5060      10.0.0.1:5060      192.168.1.11:5060\n'],
    [
      ESTABLISHED.replace('    897', '2678400'),
      'TCP 44640:00 ESTABLISHED 10.0.0.2:54026     10.0.0.1:80        192.168.1.11:80\n',
    ],
  ] as const) {
    it(line.slice(0, 60), () => assert.equal(connectionRow(parsed(line), false, null), row));
  }

  it('with what a persistence engine keeps, when asked and when there is any', () => {
    const sip =
      'UDP 04:57  UDP         10.0.0.2:5060      10.0.0.1:5060      192.168.1.11:5060 sip                2533d89b@10.0.0.2\n';
    assert.equal(connectionRow(parsed(SIP), true, null), sip);
    assert.equal(connectionRow(parsed(UDP), true, null), connectionRow(parsed(UDP), false, null));
    assert.equal(connectionRow(parsed(`${UDP} sip `), true, null), connectionRow(parsed(UDP), false, null));
  });

  it('with names, of ports by the protocol of the line', () => {
    const names: Names = {
      host: (address) => (address === '10.0.0.1' ? 'vip' : null),
      service: (port, protocol) => (port === 80 && protocol === 6 ? 'http' : null),
    };
    const row = 'TCP 14:57  ESTABLISHED 10.0.0.2:54026     vip:http           192.168.1.11:http\n';
    assert.equal(connectionRow(parsed(ESTABLISHED), false, names), row);
    const other = parsed(ESTABLISHED.replace('TCP', 'AH '));
    assert.match(connectionRow(other, false, names), /^AH {2}14:57 .* vip:80 /);
  });

  it('below the titles', () => {
    const [first, second] = connectionTitles(false).split('\n');
    assert.equal(first, 'IPVS connection entries');
    assert.equal(second, 'pro expire state       source             virtual            destination');
    assert.equal(connectionTitles(true).split('\n')[1], `${second}        pe name          pe_data`);
  });
});

describe('a connection as JSON', () => {
  it('is one object in a line', () => {
    const json = connectionJson(parsed(SIP));
    assert.ok(json.endsWith('}\n') && !json.slice(0, -1).includes('\n'));
    assert.deepEqual(JSON.parse(json), {
      protocol: 'udp',
      source: { address: '10.0.0.2', port: 5060 },
      virtual: { address: '10.0.0.1', port: 5060 },
      destination: { address: '192.168.1.11', port: 5060 },
      state: 'UDP',
      expiresS: 297,
      engine: { name: 'sip', data: '2533d89b@10.0.0.2' },
    });
    assert.deepEqual(JSON.parse(connectionJson(parsed(MIXED))).destination, { address: '2001:db8::17', port: 443 });
  });

  it('is ASCII whatever the client sent', () => {
    const json = connectionJson(parsed(`${UDP} sip "\\\u00fc\u0007`));
    assert.match(json, /^[\x20-\x7e]+\n$/);
    assert.equal(JSON.parse(json).engine.data, '"\\\u00fc\u0007');
  });
});

describe('a filter of connections', () => {
  const ANY: ConnectionFilter = { service: null, server: null, state: null };
  const server = (address: string, port: number | null): ConnectionFilter => ({ ...ANY, server: { address, port } });
  for (const [what, filter, lines] of [
    ['nothing', ANY, [ESTABLISHED, UDP, NONE, IPV6, OF_A_MARK, OF_A_MARK_6]],
    ['a service', { ...ANY, service: tcp('10.0.0.1', 80) }, [ESTABLISHED]],
    ['all ports of a service', { ...ANY, service: tcp('10.0.0.1', 0) }, [ESTABLISHED, NONE]],
    ['a service of IPv6', { ...ANY, service: tcp('2001:db8::1', 81) }, [IPV6]],
    ['another protocol', { ...ANY, service: udp('10.0.0.1', 80) }, []],
    ['a mark', { ...ANY, service: fwmark(7) }, [OF_A_MARK, OF_A_MARK_6]],
    ['another mark', { ...ANY, service: fwmark(8) }, []],
    ['a server', server('192.168.1.11', null), [ESTABLISHED, UDP]],
    ['a server with its port', server('192.168.1.11', 53), [UDP]],
    ['a state, in any case', { ...ANY, state: 'established' }, [ESTABLISHED]],
    [
      'service, server and state',
      { service: tcp('10.0.0.1', 80), ...{ server: { address: '192.168.1.11', port: 80 }, state: 'NONE' } },
      [],
    ],
  ] as const) {
    it(what, () => {
      const all = [ESTABLISHED, UDP, NONE, IPV6, OF_A_MARK, OF_A_MARK_6];
      assert.deepEqual(
        all.filter((line) => matches(parsed(line), filter)),
        lines,
      );
    });
  }
});

describe('a line that is no connection', () => {
  for (const line of [
    '',
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
    ESTABLISHED.slice(0, 55),
    ESTABLISHED.replace('0A000002', '0A00000G'),
    ESTABLISHED.replace('D30A', 'D30'),
    ESTABLISHED.replace('897', 'x'),
    IPV6.replace('2001:0db8', '2001:db8'),
    IPV6.replace('0000:0002 ', '0000-0002 '),
  ]) {
    it(JSON.stringify(line.slice(0, 60)), () => assert.equal(parseConnection(line), null));
  }

  it('is refused without a throw, whatever it is', () => {
    const word = fc.constantFrom(...ESTABLISHED.split(' '), ...IPV6.split(' '), '', ':', '\u00ff', '0A0000020A');
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 14 }), (words) => {
        parseConnection(words.join(' '));
      }),
    );
  });
});

describe('texts of addresses', () => {
  it('are right when there are more of them than are remembered', () => {
    const texts = new AddressTexts();
    for (let word = 0; word < 10_000; word++) {
      assert.equal(texts.ipv4(0x0a000000 + word), `10.0.${word >> 8}.${word & 255}`);
      assert.equal(texts.ipv6([0x2001, 0xdb8, 0, 0, 0, 0, 1, word + 1]), `2001:db8::1:${(word + 1).toString(16)}`);
    }
    assert.equal(texts.ipv4(0xffffffff), '255.255.255.255');
  });
});
