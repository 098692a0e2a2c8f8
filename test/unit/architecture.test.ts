/** Who may import what, and what pure code may not touch. Runs in the root of the project, on the sources themselves. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** The pure folders, and which of each other they may know. */
const KNOWS: Readonly<Record<string, readonly string[]>> = {
  util: [],
  net: ['util'],
  ipvs: ['net', 'util'],
  nft: ['ipvs', 'util'],
  ipvsadm: ['ipvs', 'net', 'util'],
  config: ['ipvs', 'net', 'util'],
  health: ['config', 'util'],
  bfd: ['config', 'net', 'util'],
  vrrp: ['bfd', 'config', 'net', 'util'],
  notify: ['config', 'director', 'util', 'vrrp'],
  director: ['config', 'health', 'ipvs', 'net', 'nft', 'util', 'vrrp'],
  doctor: ['config', 'ipvs', 'net', 'util'],
  status: ['bfd', 'config', 'director', 'health', 'ipvs', 'net', 'util', 'vrrp'],
};
const PURE = Object.keys(KNOWS);
/** What meets the machine, from the inside out: each may import those before it, itself, and everything pure. */
const SHELL = ['sys', 'router', 'daemon', 'cli', 'main'];

/** Each npm package has one owner: a file, or a folder that ends with a slash. */
const OWNERS: Readonly<Record<string, string>> = {
  undici: 'src/sys/probe-http1.ts',
  commander: 'src/main.ts',
  zod: 'src/config/',
  yaml: 'src/config/document.ts',
  'js-yaml': 'src/config/quick-yaml.ts',
  pino: 'src/sys/log.ts',
  hono: 'src/sys/control.ts',
  '@hono/node-server': 'src/sys/control.ts',
  'ipaddr.js': 'src/net/ip.ts',
};

const MOST_LINES = 300;
/** Clocks, dice, timers and whatever else of the machine needs no import. */
const IMPURE =
  /\bDate\.now|\bnew Date\b|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bMath\.random|\bcrypto\.|\bprocess\.|\bconsole\.|\bfetch\(|\bBuffer\./;

interface Import {
  readonly name: string;
  /** Erased by the compiler: nothing is loaded. */
  readonly isType: boolean;
  /** `import()`: loaded when it is reached. */
  readonly isLazy: boolean;
}

interface Source {
  readonly file: string;
  /** `net` for `src/net/ip.ts`, `daemon` for `src/daemon.ts`. */
  readonly place: string;
  readonly lines: number;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const sources = filesUnder('src').map(read);
const byFile = new Map(sources.map((source) => [source.file, source]));

function filesUnder(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.map((name) => `${folder}/${name}`).sort();
}

function read(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
  const place = file.split('/')[1]?.replace(/\.ts$/, '') ?? '';
  return { file, place, lines: text.split('\n').length - 1, code, imports: importsOf(code) };
}

function importsOf(code: string): Import[] {
  const fixed = [...code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm)];
  const lazy = [...code.matchAll(/\bimport\(\s*'([^']+)'/g)];
  return [
    ...fixed.map(([, type, name]) => ({ name: name ?? '', isType: type !== undefined, isLazy: false })),
    ...lazy.map(([, name]) => ({ name: name ?? '', isType: false, isLazy: true })),
  ];
}

/** The source that a relative import names. */
function resolved(from: Source, { name }: Import): string {
  return posix.join(posix.dirname(from.file), name);
}

/** `hono` of `hono/body-limit`, `@hono/node-server` of itself. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function placesFor({ place }: Source): readonly string[] {
  const known = KNOWS[place];
  return known === undefined ? [...PURE, ...SHELL.slice(0, SHELL.indexOf(place) + 1)] : [...known, place];
}

function mayImport(source: Source, item: Import): boolean {
  if (item.name.startsWith('.')) {
    const there = byFile.get(resolved(source, item));
    return there !== undefined && placesFor(source).includes(there.place);
  }
  if (item.name.startsWith('node:')) return SHELL.includes(source.place);
  const owner = OWNERS[packageOf(item.name)];
  return owner !== undefined && (owner.endsWith('/') ? source.file.startsWith(owner) : source.file === owner);
}

/** Everything that loading a file loads: its imports and theirs, packages included. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  const source = byFile.get(file);
  if (source === undefined || seen.has(file)) return seen;
  seen.add(file);
  for (const item of source.imports) {
    if (item.isType || item.isLazy) continue;
    if (item.name.startsWith('.')) loadedBy(resolved(source, item), seen);
    else seen.add(packageOf(item.name));
  }
  return seen;
}

/** A way from a file back to itself, or null. */
function cycleFrom(start: Source): string[] | null {
  const seen = new Set<string>();
  const walk = (source: Source, path: readonly string[]): string[] | null => {
    for (const item of source.imports) {
      if (!item.name.startsWith('.')) continue;
      const next = resolved(source, item);
      if (next === start.file) return [...path, next];
      const there = byFile.get(next);
      if (there === undefined || seen.has(next)) continue;
      seen.add(next);
      const found = walk(there, [...path, next]);
      if (found !== null) return found;
    }
    return null;
  };
  return walk(start, [start.file]);
}

describe('architecture: sources', () => {
  it('lie in a place that is known', () => {
    const places = new Set([...PURE, ...SHELL]);
    const strangers = sources.filter(({ place }) => !places.has(place)).map(({ file }) => file);
    assert.deepEqual(strangers, []);
    assert.ok(sources.length > 40, `only ${sources.length} sources: is this the root of the project?`);
  });

  for (const source of sources) {
    it(`${source.file} imports what its place allows`, () => {
      const forbidden = source.imports.filter((item) => !mayImport(source, item)).map(({ name }) => name);
      assert.deepEqual(forbidden, []);
    });
  }

  it('import each other without cycles', () => {
    for (const source of sources) assert.equal(cycleFrom(source)?.join(' -> '), undefined);
  });

  it(`are at most ${MOST_LINES} lines long`, () => {
    const long = sources.filter(({ lines }) => lines > MOST_LINES).map(({ file, lines }) => `${file} ${lines}`);
    assert.deepEqual(long, []);
  });

  it('have no default exports and no barrels', () => {
    const wrong = sources.filter(({ code }) => /^export (?:default\b|\*)/m.test(code));
    assert.deepEqual(
      wrong.map(({ file }) => file),
      [],
    );
  });
});

describe('architecture: pure code', () => {
  for (const { file, code } of sources.filter(({ place }) => PURE.includes(place))) {
    it(`${file} reads no clock, rolls no dice, waits for nothing`, () => {
      assert.doesNotMatch(code, IMPURE);
      assert.doesNotMatch(code, /\b(?:async|await)\b/);
    });
  }

  it('asserts nothing about types', () => {
    const casts = sources.filter(({ place, code }) => PURE.includes(place) && /\bas (?!const\b)[A-Z{[(]/.test(code));
    assert.deepEqual(
      casts.map(({ file }) => file),
      [],
    );
  });
});

describe('architecture: the machine', () => {
  it('is met through the native addon in its two places', () => {
    const users = sources.filter((source) =>
      source.imports.some((item) => item.name.startsWith('.') && resolved(source, item) === 'src/sys/native.ts'),
    );
    assert.deepEqual(
      users.map(({ file }) => file),
      ['src/sys/scheduling.ts', 'src/sys/socket.ts'],
    );
    const loaders = sources.filter(({ code }) => /\bcreateRequire\b|\bprocess\.dlopen\b|\.node['"`]/.test(code));
    assert.deepEqual(
      loaders.map(({ file }) => file),
      ['src/sys/native.ts'],
    );
  });

  it('a command loads what it needs when it runs, not before', () => {
    const loaded = [...loadedBy('src/main.ts')].filter((name) => !name.startsWith('node:'));
    assert.deepEqual(
      loaded.filter((name) => !name.startsWith('src/')),
      ['commander'],
    );
    const light = /^src\/(?:main\.ts|cli\/|sys\/package-root\.ts)/;
    assert.deepEqual(
      loaded.filter((name) => name.startsWith('src/') && !light.test(name)),
      [],
    );
  });

  it('status starts without the libraries of the daemon', () => {
    const loaded = loadedBy('src/cli/status.ts');
    assert.ok(loaded.size > 1);
    for (const heavy of ['zod', 'yaml', 'undici', 'pino', 'hono', '@hono/node-server']) {
      assert.ok(!loaded.has(heavy), heavy);
    }
  });

  it('the VRRP process loads neither probes nor configuration nor logging', () => {
    const loaded = loadedBy('src/router.ts');
    assert.ok(loaded.has('src/vrrp/fsm.ts'));
    for (const stranger of ['zod', 'yaml', 'undici', 'pino', 'hono', '@hono/node-server']) {
      assert.ok(!loaded.has(stranger), stranger);
    }
  });
});

describe('architecture: tests', () => {
  it('of pure code wait for nothing', () => {
    const files = [...filesUnder('test/unit'), ...filesUnder('test/sim')].map(read);
    const waiting = files.filter(
      ({ file, code }) =>
        file !== 'test/unit/architecture.test.ts' &&
        /\bset(?:Timeout|Interval)\b|\bDate\.now|\bMath\.random|\bperformance\./.test(code),
    );
    assert.deepEqual(
      waiting.map(({ file }) => file),
      [],
    );
  });
});
