/** An IPVS table in memory that does what it is told, or refuses. */
import type { IpvsCommand, Timeouts } from '../../src/ipvs/command.ts';
import { destinationKey, serviceKey } from '../../src/ipvs/key.ts';
import { describeCommand, describeRefusal, type Refusal } from '../../src/ipvs/refusal.ts';
import type { Destination, DumpedService, Service, ServiceId, SyncDaemon } from '../../src/ipvs/types.ts';
import type { ApplyOutcome } from '../../src/sys/ipvs.ts';
import type { SettingsFolder } from '../../src/sys/ipvs-settings.ts';
import type { TableKernel } from '../../src/sys/table-acts.ts';

interface Held extends Pick<Service, 'id' | 'settings'> {
  readonly destinations: Map<string, Destination>;
}

export class FakeKernel implements TableKernel {
  /** Connections by `serviceKey destinationKey`. */
  readonly connections = new Map<string, number>();
  /** The errno name that refuses a command, or null. */
  refuses: (command: IpvsCommand) => string | null = () => null;
  /** Does what it is told, but its answers are lost. */
  losesAnswers = false;
  /** Awaited within `dump` and `dumpOf`, after the table was read. */
  afterDump: () => Promise<void> | void = () => {};
  isClosed = false;
  dumps = 0;
  /** How often some services were asked for. */
  looks = 0;
  starts = 0;
  running: SyncDaemon[] = [];
  /** Every command that was applied, by name. */
  applied: string[] = [];
  connectionTimeouts: Timeouts = { tcpS: 900, tcpFinS: 120, udpS: 300 };
  /** Below /proc/sys/net/ipv4/vs. */
  readonly settings = new Map<string, string>();
  /** What the kernel makes of a value that is written to a setting; null: it refuses. */
  understands: (name: string, value: string) => string | null = (_, value) => value;
  readonly #services = new Map<string, Held>();

  readonly folder: SettingsFolder = {
    read: (name) => this.settings.get(name) ?? null,
    write: (name, value) => {
      const understood = this.understands(name, value);
      if (understood === null) return `Cannot write ${value} to ${name}: EINVAL`;
      this.settings.set(name, understood);
      return null;
    },
  };

  async dump(): Promise<readonly DumpedService[]> {
    this.dumps++;
    const table = this.#table();
    await this.afterDump();
    return table;
  }

  async dumpOf(services: readonly ServiceId[]): Promise<readonly Pick<DumpedService, 'id' | 'destinations'>[]> {
    this.looks++;
    const found = new Map(this.#table().map((service) => [serviceKey(service.id), service]));
    const table = services.map((id) => ({ id, destinations: found.get(serviceKey(id))?.destinations ?? [] }));
    await this.afterDump();
    return table;
  }

  #table(): readonly DumpedService[] {
    return [...this.#services].map(([key, { id, settings, destinations }]) => ({
      id,
      settings,
      destinations: [...destinations.values()].map((destination) => {
        const activeConnections = this.connections.get(`${key} ${destinationKey(destination.id)}`) ?? 0;
        return { ...destination, counters: { activeConnections, inactiveConnections: 0, persistentConnections: 0 } };
      }),
    }));
  }

  async apply(commands: readonly IpvsCommand[]): Promise<ApplyOutcome> {
    this.applied.push(...commands.map(describeCommand));
    const refused = commands.flatMap((command) => this.do(command) ?? []);
    return { refused: this.losesAnswers ? [] : refused, complete: !this.losesAnswers };
  }

  timeouts(): Timeouts {
    return this.connectionTimeouts;
  }

  daemons(): readonly SyncDaemon[] {
    return [...this.running];
  }

  setDaemon(daemon: SyncDaemon): Refusal | null {
    this.starts++;
    return this.do({ command: 'new-daemon', daemon });
  }

  stopDaemon(role: SyncDaemon['role']): Refusal | null {
    return this.do({ command: 'del-daemon', role });
  }

  close(): void {
    this.isClosed = true;
  }

  /** `{ 'tcp 192.0.2.1:80': { '10.0.0.1:80': 1 } }` */
  get weights(): Record<string, Record<string, number>> {
    const inService = ({ destinations }: Held) =>
      Object.fromEntries([...destinations].map(([key, { settings }]) => [key, settings.weight]));
    return Object.fromEntries([...this.#services].map(([key, held]) => [key, inService(held)]));
  }

  /** Like a stranger, or like `apply`. */
  do(command: IpvsCommand): Refusal | null {
    const code = this.refuses(command);
    if (code !== null) return { command, errno: 1, code, text: describeRefusal(command, code) };
    switch (command.command) {
      case 'new-service':
      case 'set-service': {
        const { service: id, settings } = command;
        const destinations = this.#services.get(serviceKey(id))?.destinations ?? new Map<string, Destination>();
        this.#services.set(serviceKey(id), { id, settings, destinations });
        return null;
      }
      case 'del-service':
        this.#services.delete(serviceKey(command.service));
        return null;
      case 'new-dest':
      case 'set-dest': {
        const { destination } = command;
        this.#services.get(serviceKey(command.service))?.destinations.set(destinationKey(destination.id), destination);
        return null;
      }
      case 'del-dest':
        this.#services.get(serviceKey(command.service))?.destinations.delete(destinationKey(command.destination));
        return null;
      case 'set-timeouts': {
        const { tcpS, tcpFinS, udpS } = command.timeouts;
        const had = this.connectionTimeouts;
        this.connectionTimeouts = { tcpS: tcpS ?? had.tcpS, tcpFinS: tcpFinS ?? had.tcpFinS, udpS: udpS ?? had.udpS };
        return null;
      }
      case 'new-daemon':
        this.running.push(command.daemon);
        return null;
      case 'del-daemon':
        this.running = this.running.filter(({ role }) => role !== command.role);
        return null;
      default:
        return null;
    }
  }
}
