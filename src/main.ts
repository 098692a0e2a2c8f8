/** The command line. Every command is loaded when it is called: `status` must not wait for what only `run` needs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { socketPath } from './cli/socket-path.ts';
import { packageRoot } from './sys/package-root.ts';

const EXIT_CODES = `
Exit codes:
  0   success; run: stopped as asked; check: valid
  1   run: could not start; check, reload: problems found, nothing was changed
  2   wrong usage, or a file that cannot be read
  3   status, reload: no daemon answers at the socket
  4   the daemon answered with an error
  70  run: ended by a fault of its own`;

interface SocketOption {
  readonly socket?: string;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

function socketOption(): Option {
  return new Option('--socket <path>', 'control socket of the daemon').env('LVSD_SOCKET');
}

/** The program with its commands; each sets the exit code. */
export function program(): Command {
  const cli = new Command('lvsd')
    .description('Health-checking high-availability director for Linux Virtual Server (IPVS)')
    .version(version())
    .addHelpText('after', EXIT_CODES)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

  cli
    .command('run')
    .description('run the daemon in the foreground, logging to stderr')
    .requiredOption('-c, --config <file>', 'configuration file', '/etc/lvsd/lvsd.yaml')
    .addOption(socketOption())
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(new Option('--log-format <format>').choices(['text', 'json']).default('text'))
    .action(async (options) => {
      const { runDaemon } = await import('./cli/run.ts');
      const { config, logLevel, logFormat } = options;
      const socket = socketPath(options.socket, process.env);
      process.exit(await runDaemon({ config, socket, logLevel, logFormat, version: version() }));
    });

  cli
    .command('check')
    .description('check a configuration file and print every problem')
    .argument('[file]', 'configuration file', '/etc/lvsd/lvsd.yaml')
    .action(async (file: string) => {
      const { runCheck } = await import('./cli/check.ts');
      process.exitCode = await runCheck(file, process.stdout, process.stderr);
    });

  cli
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(async () => {
      const { runSchema } = await import('./cli/schema.ts');
      process.exitCode = runSchema(process.stdout);
    });

  cli
    .command('status')
    .description('show virtual routers, connection sync, virtual servers and real servers')
    .addOption(socketOption())
    .option('--json', 'as JSON (docs/status.md)', false)
    .action(async (options: SocketOption & { json: boolean }) => {
      const { runStatus } = await import('./cli/status.ts');
      const socket = socketPath(options.socket, process.env);
      process.exitCode = await runStatus({ socket, json: options.json }, process.stdout, process.stderr);
    });

  cli
    .command('reload')
    .description('read the configuration file again; an invalid one changes nothing')
    .addOption(socketOption())
    .action(async (options: SocketOption) => {
      const { runReload } = await import('./cli/reload.ts');
      const socket = socketPath(options.socket, process.env);
      process.exitCode = await runReload({ socket }, process.stdout, process.stderr);
    });

  return cli;
}

await program().parseAsync();
