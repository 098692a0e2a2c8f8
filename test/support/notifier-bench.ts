/** A notifier with programs and a FIFO in a folder of its own, and everything that it said. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotifyConfig } from '../../src/config/types-notify.ts';
import { World } from '../../src/director/world.ts';
import type { News } from '../../src/status/events.ts';
import { Notifier, type NotifyTargets } from '../../src/sys/notifier.ts';
import { configOf } from '../unit/director/builders.ts';
import { until } from './wait.ts';

/** Without virtual servers. */
export const NO_WORLD = new World(configOf(), () => false, 0);
export const NO_FIFO = { fifo: null, fifoUser: null, fifoScript: null, lvs: null };

export class NotifierBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'lvsd-notify-'));
  readonly warnings: string[] = [];
  readonly news: News[] = [];
  readonly notifier = new Notifier({ warn: (text) => this.warnings.push(text) }, (item) => this.news.push(item));

  async close(): Promise<void> {
    await this.notifier.stop(100);
    rmSync(this.folder, { recursive: true, force: true });
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  linesOf(name: string): string[] {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8').split('\n').slice(0, -1) : [];
  }

  /** For what a program writes. */
  until(condition: () => boolean, limitMs = 3000): Promise<void> {
    return until(condition, limitMs);
  }

  /** A reload that must go well, with these virtual routers. */
  async configure(
    notifies: Readonly<Record<string, NotifyConfig | null>>,
    given: Partial<NotifyTargets> = {},
  ): Promise<void> {
    const routers = Object.entries(notifies).map(([name, notify]) => ({ name, priority: 100, notify }));
    const problems = await this.notifier.configure({
      routers,
      groups: [],
      notifications: NO_FIFO,
      world: NO_WORLD,
      ...given,
    });
    assert.deepEqual(problems, []);
  }
}
