/**
 * What a cell's `load` found. It is not recorded, but follows from what is: what earlier cells of the session stored, which
 * comes out again when they are run again.
 */
import type { JsonValue, RolloutSource } from "@rollout-trace/protocol";
import type { CodeCell, RolloutGraph } from "@rollout-trace/reducer";
import { firstDivergence } from "./first-divergence.ts";
import { type RecordedCell, recordedCell } from "./recorded-cell.ts";
import type { ProcessOutcome } from "./replay-process.ts";

export interface StoredValues {
  readonly values: ReadonlyMap<string, JsonValue>;
  /** Cells whose part in it is not known, and why; untrusted. */
  readonly unknown: readonly string[];
}

export type RunCell = (
  cell: RecordedCell,
  storedValues: ReadonlyMap<string, JsonValue>,
) => Promise<ProcessOutcome>;

interface Written {
  /** When the session took it over. */
  readonly seq: number;
  readonly values: ReadonlyMap<string, JsonValue>;
}

/** Runs the cells again whose stored values `cell` may load, in the order in which they started. */
export async function storedValuesFor(
  graph: RolloutGraph,
  source: RolloutSource,
  cell: CodeCell,
  run: RunCell,
): Promise<StoredValues> {
  const unknown: string[] = [];
  const written: Written[] = [];
  if (!mayLoad(cell.source)) return { values: new Map(), unknown };
  for (const earlier of earlierCells(graph, cell)) {
    const { ended_seq: seq } = earlier.execution;
    if (!mayStore(earlier.source) || seq === null || seq > cell.execution.started_seq) continue;
    const name = `cell ${earlier.runtime_cell_id}`;
    const record = recordedCell(graph, source, earlier);
    if (record.type === "missing") {
      unknown.push(`${name}: ${record.missing}`);
      continue;
    }
    // One that was stopped from outside stored nothing.
    if (record.cell.status !== "completed" && record.cell.status !== "failed") continue;
    const outcome = await run(record.cell, valuesAt(written, earlier.execution.started_seq));
    if (firstDivergence(record.cell, outcome) !== null) unknown.push(`${name} behaves differently itself`);
    else if (outcome.type !== "ended") unknown.push(`${name} does not end`);
    else if (outcome.storedValues !== undefined) written.push({ seq, values: outcome.storedValues });
  }
  return { values: valuesAt(written, cell.execution.started_seq), unknown };
}

function valuesAt(written: readonly Written[], seq: number): ReadonlyMap<string, JsonValue> {
  const before = written.filter((each) => each.seq < seq).toSorted((left, right) => left.seq - right.seq);
  return new Map(before.flatMap(({ values }) => [...values]));
}

/** Those of the same session that started before. A session belongs to an agent, and numbers its cells upwards. */
function earlierCells(graph: RolloutGraph, cell: CodeCell): readonly CodeCell[] {
  const before = Object.values(graph.code_cells)
    .filter(
      (other) =>
        other.thread_id === cell.thread_id && other.execution.started_seq < cell.execution.started_seq,
    )
    .toSorted((left, right) => left.execution.started_seq - right.execution.started_seq);
  let first = before.length;
  let next = Number(cell.runtime_cell_id);
  while (first > 0 && Number(before[first - 1]?.runtime_cell_id) < next) {
    first -= 1;
    next = Number(before[first]?.runtime_cell_id);
  }
  return before.slice(first);
}

function mayLoad(source: string): boolean {
  return /\bload\b/.test(source);
}

function mayStore(source: string): boolean {
  return /\bstore\b/.test(source);
}
