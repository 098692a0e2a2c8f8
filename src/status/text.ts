/** Text for terminals: aligned columns, short durations, colours. Pure. */

export interface RenderOptions {
  /** Unix milliseconds, on the clock of the snapshot. */
  readonly nowMs: number;
  readonly colour: boolean;
}

export type Tone = 'good' | 'bad' | 'warning';

export interface Cell {
  readonly text: string;
  readonly tone: Tone | null;
  readonly align: 'left' | 'right';
}

/** A line of the table, or one that runs across all columns. */
export type Row = readonly Cell[] | string;

const GAP = '  ';

/** SGR sequences of ECMA-48: green, bold red, yellow. */
const SGR: Readonly<Record<Tone, string>> = { good: '32', bad: '1;31', warning: '33' };

export function cell(text: string | number, tone: Tone | null = null): Cell {
  return { text: clean(String(text)), tone, align: 'left' };
}

/** A cell of figures. */
export function figure(text: string | number, tone: Tone | null = null): Cell {
  return { ...cell(text, tone), align: 'right' };
}

/** `text` in its colour; as it is when colours are off. */
export function paint(text: string, tone: Tone | null, colour: boolean): string {
  return colour && tone !== null ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text;
}

/** Columns as wide as their widest cell; no blanks at line ends. */
export function table(rows: readonly Row[], colour: boolean): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    if (typeof row === 'string') continue;
    for (const [i, { text }] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  return rows.map((row) => {
    if (typeof row === 'string') return row;
    return row
      .map(({ text, tone, align }, i) => {
        // A label such as "10.0.0.11:80" has no wide characters: its length is its width.
        const blanks = ' '.repeat((widths[i] ?? 0) - text.length);
        const painted = paint(text, tone, colour);
        if (align === 'right') return blanks + painted;
        return painted + blanks;
      })
      .join(GAP)
      .trimEnd();
  });
}

/** `0.4s`, `12s`, `3m12s`, `3h12m`, `4d3h`: two units say enough. Below 0 (clocks that were set) reads as `0s`. */
export function duration(ms: number): string {
  if (ms <= 0) return '0s';
  const s = Math.floor(ms / 1000);
  if (s < 1) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d${Math.floor((s % 86_400) / 3600)}h`;
}

/** `0.3`, `12`: tenths only where they matter. */
export function milliseconds(ms: number): string {
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

/** `checksum-errors 2, vrid-errors 1`; what never happened is left out. */
export function counts(reasons: Readonly<Record<string, number>>): string {
  return Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${clean(reason)} ${count}`)
    .join(', ');
}

/** What came over the network must not steer the terminal: control characters are shown as `?`. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
