/** The ranges of timeouts and settings that the file allows are those that the kernel takes. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/load.ts';
import { jsonSchema } from '../../../src/config/schema.ts';
import { Daemon } from '../support/daemon.ts';
import { Lab } from '../support/lab.ts';

const SLACK_MS = 20_000;

/** What of a JSON Schema this test looks at. */
interface Node {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Not plain numbers, flags or words, or bound to another one: name to the values at the two ends. */
const SPECIAL: Readonly<Record<string, readonly [least: string, most: string]>> = {
  sync_refresh_period: ['0s', '1h'],
  sync_period: ['1', '2147483647'],
  sync_threshold: ['0', '2147483646'],
  est_cpulist: ['"0"', '"0-0"'],
};

/** Every setting at one end of its range, as the file says it. */
function settingsAt(end: 'least' | 'most'): readonly string[] {
  const schema: Node = jsonSchema();
  const keys = schema.properties?.['ipvs']?.properties?.['settings']?.properties ?? {};
  return Object.entries(keys).map(([name, { type, enum: words, minimum, maximum }]) => {
    const plain =
      type === 'boolean' ? [false, true] : words === undefined ? [minimum, maximum] : [words[0], words.at(-1)];
    const [least, most] = SPECIAL[name] ?? plain;
    return `${name}: ${end === 'least' ? least : most}`;
  });
}

/** The file, and how `ipvsadm -L --timeout` begins then. */
function configAt(end: 'least' | 'most'): { readonly text: string; readonly timeouts: RegExp } {
  const [timeout, timeouts] = end === 'least' ? ['1s', /: 1 /] : ['596h', /: 2145600 /];
  const text = `name: d1
ipvs: { timeouts: { tcp: ${timeout} }, settings: { ${settingsAt(end).join(', ')} } }
virtual_servers: [{ name: web, address: 10.0.0.100, port: 80, checks: [] }]
`;
  return { text, timeouts };
}

describe('settings of IPVS', function () {
  this.timeout(90_000);
  let lab: Lab;
  let daemon: Daemon;

  before(async () => {
    lab = await Lab.create({ directors: 1, realServers: 0, client: false });
    daemon = Daemon.start(lab, 'd1', { config: 'name: d1\nvirtual_servers: []\n' });
    await daemon.waitForLine(/runs d1/, SLACK_MS);
  });
  after(() => lab?.destroy());

  async function settings(): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await lab.node('d1').sh('cd /proc/sys/net/ipv4/vs; grep . *');
    const pairs = stdout.trim().split('\n');
    return new Map(pairs.map((line) => [line.replace(/:.*/, ''), line.replace(/^[^:]*:/, '').replace('\t', ' ')]));
  }

  for (const end of ['least', 'most'] as const) {
    it(`the kernel takes all at the ${end} that the file allows`, async () => {
      const { text, timeouts } = configAt(end);
      const loaded = loadConfig(text);
      assert.ok(loaded.ok);
      daemon.writeConfig(text);
      await daemon.reload();
      assert.match((await lab.node('d1').exec('ipvsadm', ['-L', '--timeout'])).stdout, timeouts);
      const wanted = Object.entries(loaded.value.ipvs.settings);
      assert.ok(wanted.length > 25);
      const found = await settings();
      // Linux 6.2 brought the settings of the estimators.
      const known = wanted.filter(([name]) => found.has(name) || !name.startsWith('est_'));
      assert.deepEqual(
        known.map(([name]) => [name, found.get(name)]),
        known,
      );
    });
  }
});
