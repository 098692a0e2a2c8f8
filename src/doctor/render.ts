/** The doctor's report, for people and as JSON (docs/doctor.md). Pure. */
import { commandOf, type Finding, type Severity } from './finding.ts';

export interface Report {
  /** What was examined: "director", or "real server". */
  readonly role: 'director' | 'real-server';
  /** The configuration file, or null: none was read. */
  readonly configFile: string | null;
  readonly virtualAddresses: readonly string[];
  readonly findings: readonly Finding[];
  /** What could not be read, in sentences. */
  readonly notChecked: readonly string[];
  /** Null: `--fix` was not asked for. */
  readonly changes: readonly CarriedOut[] | null;
}

/** A command that `--fix` or `--undo` ran. */
export interface CarriedOut {
  readonly command: string;
  /** Null: it went well. */
  readonly problem: string | null;
}

const COLOURS: Readonly<Record<Severity, string>> = { error: '\u001b[31m', warning: '\u001b[33m', info: '\u001b[36m' };
const PLAIN = '\u001b[0m';

/** One paragraph a finding, errors first, then what was not checked, then the sum. */
export function renderReport(report: Report, { colour }: { readonly colour: boolean }): string {
  const paragraphs = report.findings.map((finding) => renderFinding(finding, colour));
  const missing = report.notChecked.map((text) => `not checked: ${text}\n`).join('');
  return `${[...paragraphs, ...(missing === '' ? [] : [missing])].join('\n')}${
    paragraphs.length + missing.length > 0 ? '\n' : ''
  }${subjectOf(report)}: ${sumOf(report.findings)}${mendable(report)}\n`;
}

function renderFinding({ id, severity, what, why, fix }: Finding, colour: boolean): string {
  const head = colour ? `${COLOURS[severity]}${severity}${PLAIN}` : severity;
  const commands = fix.map((action) => `  fix:  ${commandOf(action)}\n`);
  return `${head}: ${what} [${id}]\n  why:  ${why}\n${commands.join('')}`;
}

function subjectOf({ role, configFile, virtualAddresses }: Report): string {
  if (role === 'real-server') return `Real server of ${virtualAddresses.join(', ')}`;
  return configFile === null ? 'Director (no configuration: general checks only)' : `Director (${configFile})`;
}

function mendable({ role, findings, changes }: Report): string {
  const count = findings.filter(({ safe, fix }) => safe && fix.length > 0).length;
  return role === 'director' || changes !== null || count === 0 ? '' : `; --fix mends ${count}`;
}

function sumOf(findings: readonly Finding[]): string {
  const counts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    if (count === 0) return [];
    return [severity === 'info' ? `${count} for information` : `${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return counts.length === 0 ? 'nothing wrong' : counts.join(', ');
}

/** The value of `--json`. Fields may be added; `format` is raised when one goes or changes its meaning. */
export function reportJson({ role, configFile, virtualAddresses, findings, notChecked, changes }: Report): object {
  return {
    format: 1,
    role,
    configFile,
    virtualAddresses,
    findings: findings.map(({ id, severity, what, why, fix, safe }) => ({
      id,
      severity,
      what,
      why,
      fix: fix.length === 0 ? null : fix.map(commandOf),
      safe,
    })),
    notChecked,
    changes,
  };
}
