/** Tracked scripts and processes: from the file's values to the configuration. Pure. */
import type { Report } from './problems.ts';
import { checkNames } from './resolve-names.ts';
import type { RawTrackedProcess, RawTrackedScript } from './schema-tracked.ts';
import type { TrackedProcessConfig, TrackedScriptConfig } from './types-tracked.ts';

export function resolveTrackedScripts(
  raw: readonly RawTrackedScript[],
  report: Report,
): readonly TrackedScriptConfig[] {
  checkNames('tracked_scripts', raw, report);
  return raw.map((script) => ({
    name: script.name,
    command: script.command,
    intervalMs: script.interval,
    timeoutMs: script.timeout ?? script.interval,
    rise: script.rise,
    fall: script.fall,
    user: script.user ?? null,
    initial: script.initial,
  }));
}

export function resolveTrackedProcesses(
  raw: readonly RawTrackedProcess[],
  report: Report,
): readonly TrackedProcessConfig[] {
  checkNames('tracked_processes', raw, report);
  return raw.map((tracked, index) => {
    const { quorum, quorum_max: quorumMax = null } = tracked;
    const at = ['tracked_processes', index];
    if (quorumMax !== null && quorumMax < quorum) {
      report([...at, 'quorum_max'], `must be at least the quorum, ${quorum}; found ${quorumMax}`);
    }
    if (quorum === 0 && quorumMax === null) {
      report([...at, 'quorum'], 'must be at least 1 without `quorum_max`: 0 is always reached; found 0');
    }
    return {
      name: tracked.name,
      process: tracked.process,
      parameters: tracked.parameters,
      quorum,
      quorumMax,
      upDelayMs: tracked.up_delay,
      downDelayMs: tracked.down_delay,
    };
  });
}
