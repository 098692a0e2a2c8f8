/** The table as command lines, as ipvsadm 1.31 writes it, and what reading them gives back. */
import assert from 'node:assert/strict';
import type { Service } from '../../../src/ipvs/types.ts';
import { parseAll } from '../../../src/ipvsadm/restore.ts';
import { renderRules } from '../../../src/ipvsadm/save.ts';
import type { Names } from '../../../src/ipvsadm/types.ts';
import { destination, fwmark, real, sctp, serviceOf, tcp, udp, vip } from '../ipvs/builders.ts';

const NAT = 0;
const LOCAL = 1;
const TUNNEL = 2;

const TABLE: readonly Service[] = [
  serviceOf(udp('10.0.0.1', 5060), [], { scheduler: 'rr', flags: 1, timeoutS: 60, persistenceEngine: 'sip' }),
  serviceOf(
    tcp('10.0.0.1', 443),
    [
      destination(real('10.0.0.14', 443), { forwardMethod: TUNNEL, tunnelType: 2 }),
      destination(real('10.0.0.13', 443), { forwardMethod: TUNNEL, tunnelType: 1, tunnelPort: 6080, tunnelFlags: 1 }),
      destination(real('10.0.0.12', 443), { forwardMethod: TUNNEL, weight: 0 }),
      destination(real('10.0.0.11', 443), { upperThreshold: 100, lowerThreshold: 50 }),
      destination(real('10.0.0.10', 443), { forwardMethod: LOCAL }),
      destination(real('10.0.0.9', 444), { forwardMethod: NAT, weight: 2147483647, upperThreshold: 7 }),
    ],
    { flags: 1, timeoutS: 360 },
  ),
  serviceOf(udp('10.0.0.1', 53), [], { scheduler: 'wrr', flags: 4 }),
  serviceOf(udp('10.0.0.1', 54), [], { persistenceEngine: 'sip' }),
  serviceOf(sctp('10.0.0.1', 3868), [], { scheduler: 'fo' }),
  serviceOf(tcp('2001:db8::1', 81), [], { flags: 1, timeoutS: 120, prefixLength: 64 }),
  serviceOf(tcp('10.0.0.1', 48), [], { scheduler: 'sh', flags: 0x20 }),
  serviceOf(fwmark(100), [], { scheduler: 'sh', flags: 0x19, timeoutS: 300, prefixLength: 24 }),
  serviceOf(fwmark(101, 6), [destination(real('2001:db8::11', 0))], { scheduler: 'mh', flags: 0x10 }),
  serviceOf(fwmark(102), [], { flags: 1, timeoutS: 5, prefixLength: 8, holedMask: 0xff00ff00 }),
  serviceOf(fwmark(103), [], { timeoutS: 5, prefixLength: 24 }),
];

const RULES = `\
-A -t 10.0.0.1:48 -s sh -b \n\
-A -t 10.0.0.1:443 -s wlc -p 360
-a -t 10.0.0.1:443 -r 10.0.0.9:444 -m -w 2147483647
-a -t 10.0.0.1:443 -r 10.0.0.10:443 -g -w 1
-a -t 10.0.0.1:443 -r 10.0.0.11:443 -g -w 1
-a -t 10.0.0.1:443 -r 10.0.0.12:443 -i -w 0 --tun-type ipip
-a -t 10.0.0.1:443 -r 10.0.0.13:443 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.1:443 -r 10.0.0.14:443 -i -w 1 --tun-type gre --tun-nocsum
-A -u 10.0.0.1:53 -s wrr -o
-A -u 10.0.0.1:54 -s wlc --pe sip
-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip
-A --sctp-service 10.0.0.1:3868 -s fo
-A -t [2001:db8::1]:81 -s wlc -p 120 -M 64
-A -f 100 -s sh -p 300 -M 255.255.255.0 -b sh-fallback,sh-port
-A -f 101 -6 -s mh -b mh-port
-a -f 101 -6 -r [2001:db8::11]:0 -g -w 1
-A -f 102 -s wlc -p 5 -M 255.0.255.0
-A -f 103 -s wlc
`;

const NO_NAMES = { host: () => null, port: () => null };

describe('the table as command lines', () => {
  it('is written as ipvsadm does it, without thresholds', () => {
    assert.equal(renderRules(TABLE, { names: null, thresholds: false }), RULES);
  });

  it('has the thresholds if asked, where there are any', () => {
    const lines = renderRules(TABLE, { names: null, thresholds: true }).split('\n');
    const different = lines.filter((line) => !RULES.split('\n').includes(line));
    assert.deepEqual(different, [
      '-a -t 10.0.0.1:443 -r 10.0.0.9:444 -m -w 2147483647 -x 7',
      '-a -t 10.0.0.1:443 -r 10.0.0.11:443 -g -w 1 -x 100 -y 50',
    ]);
  });

  it('has names of hosts and, but for marks, of ports', () => {
    const names: Names = {
      host: (address) => (address === '10.0.0.1' ? 'vip' : null),
      service: (port, protocol) => (port === 80 && protocol === 6 ? 'http' : null),
    };
    const table = [
      serviceOf(tcp('10.0.0.1', 80), [destination(real('10.0.0.1', 80))]),
      serviceOf(fwmark(7), [destination(real('10.0.0.1', 80))]),
    ];
    assert.equal(
      renderRules(table, { names, thresholds: false }),
      '-A -t vip:http -s wlc\n-a -t vip:http -r vip:http -g -w 1\n-A -f 7 -s wlc\n-a -f 7 -r vip:80 -g -w 1\n',
    );
  });

  it('writes what ipvsadm itself cannot read back: high marks, other protocols', () => {
    const table = [serviceOf(fwmark(4294967295)), serviceOf(vip(50, '10.0.0.1', 1))];
    assert.equal(
      renderRules(table, { names: null, thresholds: false }),
      '-A -f -1 -s wlc\n-A --xxx-service 10.0.0.1:1 -s wlc\n',
    );
  });

  it('reads back as it was', () => {
    // What the empty flags of sh stand for is lost, and that a destination is local is the kernel's own finding.
    const table = TABLE.filter(({ settings }) => settings.flags !== 0x20);
    const rules = renderRules(table, { names: null, thresholds: true });
    const parsed = parseAll(rules.split('\n'), NO_NAMES);
    assert.ok(parsed.ok);
    const again = new Map<string, Service>();
    for (const { command } of parsed.value) {
      if (command.command === 'new-service') {
        again.set(JSON.stringify(command.service), {
          id: command.service,
          settings: command.settings,
          destinations: [],
        });
      } else if (command.command === 'new-dest') {
        const key = JSON.stringify(command.service);
        const service = again.get(key) ?? assert.fail(key);
        again.set(key, { ...service, destinations: [command.destination, ...service.destinations] });
      }
    }
    assert.equal(renderRules([...again.values()], { names: null, thresholds: true }), rules);
    assert.equal(again.size, table.length);
  });
});
