/** What a benchmark says, and how it is said. */

/** One measured figure. */
export interface BenchRow {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** The figure that `value` is compared with, measured in the same run; null where there is none. */
  readonly baseline: number | null;
  /** `value / baseline`, or where both were measured in turns, the median over the pairs. */
  readonly ratio: number | null;
  /** What the ratio (or, without a baseline, the value) must not exceed; null where nothing is promised. */
  readonly bound: number | null;
  readonly within: boolean | null;
}

/** A benchmark: takes its own arguments, gives its rows. */
export type Bench = (args: readonly string[]) => Promise<readonly BenchRow[]>;

/** Makes a row; ratio, unless there is a better one, and verdict follow from the figures. */
export function benchRow(row: {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: number;
  readonly ratio?: number;
  readonly bound?: number;
}): BenchRow {
  const { baseline = null, bound = null } = row;
  const ratio = row.ratio ?? (baseline === null ? null : row.value / baseline);
  const judged = ratio ?? row.value;
  return { ...row, baseline, ratio, bound, within: bound === null ? null : judged <= bound };
}

/** The middle of the figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError("no figures to take the median of");
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** A figure for a table. */
export function figure(value: number, unit: string): string {
  const digits = Number.isInteger(value) || value >= 1000 ? 0 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
