import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { runSchema } from '../../../src/cli/schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { jsonSchema } from '../../../src/config/schema.ts';

/** What of a JSON Schema these tests look at. */
interface Node {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly definitions?: Readonly<Record<string, Node>>;
}

interface Key {
  readonly name: string;
  /** Such as `virtual_servers[].checks[http].path`. */
  readonly path: string;
  readonly node: Node;
}

const reference = readFileSync('etc/lvsd.yaml', 'utf8');
const schema: Node = jsonSchema();

/** Every key of the schema; checks once for each type. */
function keysOf(node: Node, path: string): readonly Key[] {
  const target = node.$ref === undefined ? node : schema.definitions?.[node.$ref.replace('#/definitions/', '')];
  assert.ok(target, path);
  if (target.oneOf !== undefined) {
    const base = path.replace(/\[\]$/, '');
    return target.oneOf.flatMap((one) => keysOf(one, `${base}[${one.properties?.['type']?.const ?? '?'}]`));
  }
  // A value that may have several forms: each with its keys.
  if (target.anyOf !== undefined) return target.anyOf.flatMap((one) => keysOf(one, path));
  if (target.items !== undefined) return keysOf(target.items, `${path}[]`);
  return Object.entries(target.properties ?? {}).flatMap(([name, child]) => {
    const childPath = path === '' ? name : `${path}.${name}`;
    const whole = child.allOf?.[0] ?? child;
    return [{ name, path: childPath, node: child }, ...keysOf(whole, childPath)];
  });
}

/** The same paths, of the keys that a value has. */
function pathsOf(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      const type: unknown = typeof item === 'object' && item !== null && 'type' in item ? item.type : '';
      pathsOf(item, `${path}[${String(type)}]`, found);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const childPath = path === '' ? key : `${path}.${key}`;
      found.add(childPath);
      pathsOf(child, childPath, found);
    }
  }
}

const COMMON =
  /^check\[\w+\]\.((?:interval|fast_interval|timeout|rise|fall|flap_damping|log_failures|address|port|source_address|interface|mark|watch)\b.*)$/;

const keys = keysOf(schema, '');

describe('etc/', () => {
  const files = ['etc/lvsd.yaml', ...readdirSync('etc/examples').map((name) => `etc/examples/${name}`)];
  for (const file of files) {
    it(`${file} is valid`, () => {
      const loaded = loadConfig(readFileSync(file, 'utf8'));
      assert.deepEqual(loaded.ok ? [] : loaded.error, []);
    });
  }

  it('the pair differs in name and priority only', () => {
    const [one, two] = ['etc/examples/pair-lb1.yaml', 'etc/examples/pair-lb2.yaml'].map((file) =>
      loadConfig(readFileSync(file, 'utf8')),
    );
    assert.ok(one?.ok && two?.ok);
    const leveled = {
      ...two.value,
      name: 'lb1',
      virtualRouters: two.value.virtualRouters.map((router) => ({ ...router, priority: 150 })),
    };
    assert.deepEqual(leveled, one.value);
    assert.equal(two.value.virtualRouters[0]?.priority, 100);
  });

  it('lvsd.schema.json is what `lvsd schema` prints', () => {
    let printed = '';
    assert.equal(runSchema({ write: (text) => (printed += text) }), 0);
    assert.equal(printed, readFileSync('etc/lvsd.schema.json', 'utf8'));
  });
});

describe('docs/checks.md', () => {
  const examples = [...readFileSync('docs/checks.md', 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text = '']) => text,
  );
  for (const [index, example] of examples.entries()) {
    it(`example ${index + 1} is valid`, () => {
      const loaded = loadConfig(wholeFile(example));
      assert.deepEqual(loaded.ok ? [] : loaded.error, []);
    });
  }

  it('has many', () => assert.ok(examples.length >= 20, `${examples.length} examples`));
});

/** What stands around an example that shows a part. */
function wholeFile(example: string): string {
  if (example.includes('virtual_servers:')) return example;
  if (!example.startsWith('checks:')) return `${example}\nvirtual_servers: []\n`;
  const server = '{ name: any, address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1 }]';
  const { checks } = parse(example);
  return `virtual_servers: [${server}, checks: ${JSON.stringify(checks)} }]`;
}

describe('etc/lvsd.yaml, the reference', () => {
  it('has every key of the schema', () => {
    const found = new Set<string>();
    pathsOf(parse(reference), '', found);
    // A real server's checks and tunnel are of the same definition as its virtual server's: shown once is enough.
    const shared = (path: string) =>
      path
        .replace(/^(virtual_servers\[\]\.(\w+(\[\])?\.)?checks|self_check)\[/, 'check[')
        // What stands alone has no type before its keys: any will do.
        .replace(/^self_check\./, 'check[tcp].')
        .replace(/\.(real_servers\[\]|sorry_server|sorry_servers\[\])\.tunnel\./, '.tunnel.')
        .replace('.sorry_servers[].', '.sorry_server.')
        .replace(/^check_presets\[\w*\]\.steps\[\]/, 'check[tcp].steps[]')
        .replace(/^check_presets\[\w+\]/, 'check_presets[]')
        .replace(/^(check_presets\[\]|check\[\w+\])\.tls\./, 'tls.')
        .replace(/^.*\.send\.(hex|sign)/, 'payload.$1')
        .replace(/^.*\.(expect|reject|to)\.(text|hex|regex)/, 'pattern.$2')
        // Common to all types, and to requests over HTTP.
        .replace(COMMON, 'check.$1')
        .replace(/^check\[https\]\./, 'check[http].')
        .replace(/^vrrp_groups\[\]\.notify\./, 'vrrp[].notify.')
        // Extra addresses have the keys of virtual ones, and `type` does not tell kinds of route apart.
        .replace(/^vrrp\[\]\.extra_addresses\[\]\./, 'vrrp[].virtual_addresses[].')
        .replace(/\.virtual_routes\[\w+\]/, '.virtual_routes[]');
    const paths = new Set([...found].map(shared));
    const missing = keys.map((key) => shared(key.path)).filter((path) => !paths.has(path));
    assert.ok(keys.length > 170, `${keys.length} keys`);
    assert.deepEqual(missing, []);
  });

  it('tells every range and default', () => {
    for (const { name, path, node } of keys) {
      const lines = reference.split('\n').filter((line) => new RegExp(`^[\\s-]*${name}:`).test(line));
      const told = (text: string) => lines.some((line) => line.includes(text));
      if (node.minimum !== undefined)
        assert.ok(told(`${node.minimum}..${node.maximum}`), `${path}: ${node.minimum}..${node.maximum}`);
      const scalar =
        typeof node.default === 'string' || typeof node.default === 'number' || typeof node.default === 'boolean';
      if (scalar && node.default !== '' && path !== 'name')
        assert.ok(told(`default ${node.default}`), `${path}: default ${node.default}`);
    }
  });

  it('describes every key to editors', () => {
    assert.deepEqual(
      keys.filter((key) => (key.node.description ?? '') === '' && key.node.$ref === undefined).map((key) => key.path),
      [],
    );
  });
});
