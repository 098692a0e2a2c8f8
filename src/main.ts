/** The command line. Every command is loaded when it is called: `status` must not wait for what only `run` needs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { socketPath } from './cli/socket-path.ts';
import { packageRoot } from './sys/package-root.ts';

const EXIT_CODES = `
Exit codes:
  0   success; run: stopped as asked; check: valid
  1   run: could not start; check, reload: problems found, nothing was changed;
      report: no such check; plan: wrong usage or a problem; doctor: errors found
  2   wrong usage, or a file that cannot be read; plan: something would change
  3   status, events, reload, report: no daemon answers at the socket
  4   the daemon answered with an error
  ipvs has those of ipvsadm (docs/ipvs.md)
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
    .command('events')
    .description('show what happened lately: changes of state, failures, repairs (docs/events.md)')
    .addOption(socketOption())
    .option('--since <number>', 'only events after this number', '0')
    .option('-f, --follow', 'go on and show what happens', false)
    .option('--json', 'as JSON, one event a line', false)
    .action(async (options: SocketOption & { since: string; follow: boolean; json: boolean }) => {
      if (!/^\d{1,15}$/.test(options.since))
        cli.error(`lvsd events: --since must be a number; found '${options.since}'`);
      const { runEvents } = await import('./cli/events.ts');
      const given = { ...options, socket: socketPath(options.socket, process.env), since: Number(options.since) };
      if (given.follow) process.stdout.once('error', () => process.exit()); // its reader has gone: `| head`
      process.exitCode = await runEvents(given, process.stdout, process.stderr);
    });

  cli
    .command('reload')
    .description('read the configuration file again; an invalid one changes nothing')
    .addOption(socketOption())
    .option('--plan', "only show what it would change, like 'plan' without a file", false)
    .action(async (options: SocketOption & { plan: boolean }) => {
      const socket = socketPath(options.socket, process.env);
      if (options.plan) {
        const { runPlan } = await import('./cli/plan.ts');
        const own = { file: null, defaultFile: null, socket, json: false };
        process.exitCode = await runPlan(own, process.stdout, process.stderr);
        return;
      }
      const { runReload } = await import('./cli/reload.ts');
      process.exitCode = await runReload({ socket }, process.stdout, process.stderr);
    });

  cli
    .command('report')
    .description('tell the daemon the state of a passive check (docs/checks.md); it counts until the next report')
    .argument('<name>', "the check's name")
    .addArgument(new Argument('<state>', 'up or down').choices(['up', 'down']))
    .argument('[reason...]', 'for people: log, status and events show it', [])
    .addOption(socketOption())
    .action(async (name: string, state: 'up' | 'down', words: readonly string[], options: SocketOption) => {
      const { runReport } = await import('./cli/report.ts');
      const socket = socketPath(options.socket, process.env);
      process.exitCode = await runReport(
        { socket, name, state, reason: words.join(' ') },
        process.stdout,
        process.stderr,
      );
    });

  cli
    .command('plan')
    .description(
      "show what a configuration would change in the kernel (docs/table.md); without a file, the daemon's own",
    )
    .argument('[file]', 'configuration file')
    .addOption(socketOption())
    .option('--json', 'as JSON', false)
    // 2 says that there are changes: wrong usage must be something else.
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 1))
    .action(async (file: string | undefined, options: SocketOption & { json: boolean }) => {
      const { runPlan } = await import('./cli/plan.ts');
      const socket = socketPath(options.socket, process.env);
      const given = { file: file ?? null, defaultFile: '/etc/lvsd/lvsd.yaml', socket, json: options.json };
      process.exitCode = await runPlan(given, process.stdout, process.stderr);
    });

  cli
    .command('doctor')
    .description('look for what breaks load balancing in practice, on a director or on a real server (docs/doctor.md)')
    .option('-c, --config <file>', 'configuration of the director (default: /etc/lvsd/lvsd.yaml, if it is there)')
    .option('--real-server <vip...>', 'this machine is a real server of the virtual address: VIP or VIP:METHOD', [])
    .option('--forwarding <method>', 'direct, tunnel, nat or fullnat: for a VIP without a method', 'direct')
    .option('--tunnel <type>', 'ipip, gre, gue or gue:PORT: what tunnel packets come in', 'ipip')
    .option('--fix', 'carry out what is safe on a real server', false)
    .option('--undo', 'put back what --fix changed', false)
    .addOption(
      new Option('--undo-file <file>', 'where --fix notes what it changes')
        .env('LVSD_DOCTOR_UNDO')
        .default('/run/lvsd/doctor-undo.json'),
    )
    .option('--listen <seconds>', 'hear the sync messages of the other director for that long')
    .option('--json', 'as JSON (docs/doctor.md)', false)
    .action(async (options) => {
      const { runDoctor } = await import('./cli/doctor.ts');
      process.exitCode = await runDoctor(
        { config: undefined, listen: undefined, ...options },
        process.stdout,
        process.stderr,
      );
    });

  cli
    .command('ipvs')
    .description("ipvsadm's command line: show and change the kernel's table (lvsd ipvs -h, docs/ipvs.md)")
    .argument('[args...]', 'as for ipvsadm')
    .helpOption(false); // see below: it never gets here

  return cli;
}

/**
 * An output that fails ends no command in the middle (`doctor --fix`). A reader that has seen enough (`| head`) is no fault; a
 * full disk is, and the exit code tells.
 */
function watchOutput(): void {
  let failed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (failed || error.code === 'EPIPE') return;
    failed = true;
    process.stderr.write(`lvsd: cannot write the output: ${error.message}\n`);
  });
  process.stderr.on('error', () => {}); // nobody is left to be told
  process.on('exit', () => {
    if (failed) process.exitCode ||= 1;
  });
}

// ipvsadm has a command line of its own making, which commander would read in another way.
if (process.argv[2] === 'ipvs') {
  const { runIpvs } = await import('./cli/ipvs.ts');
  process.exitCode = await runIpvs(process.argv.slice(3), process, process.env);
} else {
  watchOutput();
  await program().parseAsync();
}
