import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { jsonSchema } from '../../../src/config/schema.ts';
import type { IpvsConfig } from '../../../src/config/types.ts';

function ipvsOf(text: string): IpvsConfig {
  const loaded = loadConfig(text);
  assert.deepEqual(loaded.ok ? [] : loaded.error, []);
  assert.ok(loaded.ok);
  return loaded.value.ipvs;
}

/** What of a JSON Schema these tests look at. */
interface Node {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Settings for which neither 1 nor true will do. */
const UNLIKE_OTHERS: ReadonlyMap<string, string> = new Map([
  ['sync_refresh_period', '1s'],
  ['sync_period', '2'],
  ['est_cpulist', '"1"'],
]);

/** What is set where the file says nothing. */
const SAFE = { expire_nodest_conn: '1', expire_quiescent_template: '1' };
const SYNC = `vrrp: [{ name: v, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }]
connection_sync: { follow: v, interface: eth1 }
`;
const SERVER = 'name: a, address: 192.0.2.1, port: 80';

describe("config: the kernel's table", () => {
  it('is left alone, but for what is safe', () => {
    assert.deepEqual(ipvsOf('virtual_servers: []'), {
      reconcileIntervalMs: 5000,
      keepOnExit: false,
      exclusive: false,
      timeouts: { tcpS: null, tcpFinS: null, udpS: null },
      settings: SAFE,
      restoreSettings: false,
    });
  });

  it('words and timeouts', () => {
    const ipvs = ipvsOf(`vrrp: []
ipvs: { exclusive: true, restore_settings: true, timeouts: { tcp: 1h, udp: 1s } }
`);
    assert.deepEqual([ipvs.exclusive, ipvs.restoreSettings], [true, true]);
    assert.deepEqual(ipvs.timeouts, { tcpS: 3600, tcpFinS: null, udpS: 1 });
    assert.equal(ipvsOf('vrrp: []\nipvs: { timeouts: { tcp_fin: 596h } }').timeouts.tcpFinS, 2_145_600);
  });

  const rows: readonly (readonly [what: string, text: string, settings: Readonly<Record<string, string>>])[] = [
    ['connection_sync', SYNC, { ...SAFE, sloppy_tcp: '1' }],
    [
      'connection_sync and persistence',
      `${SYNC}virtual_servers: [{ ${SERVER}, persistence: {} }]\n`,
      { ...SAFE, sloppy_tcp: '1', sync_refresh_period: '10', sync_retries: '1' },
    ],
    ['persistence alone', `virtual_servers: [{ ${SERVER}, persistence: {} }]\n`, SAFE],
    [
      'full NAT',
      `virtual_servers: [{ ${SERVER}, sorry_server: { address: 10.0.0.1, forwarding: fullnat } }]\n`,
      { ...SAFE, conntrack: '1' },
    ],
    [
      'what the file says wins',
      `${SYNC}virtual_servers: [{ ${SERVER}, persistence: {} }]
ipvs: { settings: { sloppy_tcp: false, sync_refresh_period: 0s, sync_retries: 0, expire_nodest_conn: false } }
`,
      {
        expire_nodest_conn: '0',
        expire_quiescent_template: '1',
        sloppy_tcp: '0',
        sync_refresh_period: '0',
        sync_retries: '0',
      },
    ],
    [
      'threshold and period are one setting: what is not said is what the kernel begins with',
      'vrrp: []\nipvs: { settings: { sync_threshold: 10 } }',
      { ...SAFE, sync_threshold: '10 50' },
    ],
    [
      'a period of 0 is above every threshold',
      'vrrp: []\nipvs: { settings: { sync_period: 0 } }',
      { ...SAFE, sync_threshold: '3 0' },
    ],
    [
      'defences: the words for 0, 1 and 3',
      'vrrp: []\nipvs: { settings: { drop_entry: off, drop_packet: auto, secure_tcp: always } }',
      { ...SAFE, drop_entry: '0', drop_packet: '1', secure_tcp: '3' },
    ],
    [
      'numbers, durations, lists',
      'vrrp: []\nipvs: { settings: { sync_ports: 64, sync_refresh_period: 1h, est_cpulist: "0-3,6", est_nice: -20 } }',
      { ...SAFE, sync_ports: '64', sync_refresh_period: '3600', est_cpulist: '0-3,6', est_nice: '-20' },
    ],
  ];
  for (const [what, text, settings] of rows) {
    it(what, () => assert.deepEqual(ipvsOf(text).settings, settings));
  }

  it('every setting of the schema reaches the kernel under its name', () => {
    const schema: Node = jsonSchema();
    const keys = schema.properties?.['ipvs']?.properties?.['settings']?.properties ?? {};
    const lines = Object.entries(keys).map(([key, { type, enum: words }]) => {
      const plain = type === 'boolean' ? 'true' : '1';
      return `${key}: ${UNLIKE_OTHERS.get(key) ?? words?.[1] ?? plain}`;
    });
    const { settings } = ipvsOf(`vrrp: []\nipvs: { settings: { ${lines.join(', ')} } }`);
    const expected = Object.keys(keys).filter((key) => key !== 'sync_period');
    assert.ok(expected.length > 25);
    assert.deepEqual(Object.keys(settings).sort(), expected.sort());
    assert.equal(settings['sync_threshold'], '1 2');
  });
});
