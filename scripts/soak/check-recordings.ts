/** Whether a store holds, of everything that a run did, neither less nor more, and nothing that is still running. */
import {
  checkGraph,
  type ExecutionWindow,
  ReduceError,
  reduceRollout,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import { readTraceStore, type TraceStoreReader, verifyStore } from "@rollout-trace/trace";
import { Tally, tallyOf } from "./tally.ts";

export interface CheckedRecordings {
  readonly rollouts: number;
  readonly events: number;
  readonly payloads: number;
  /** Over all graphs. */
  readonly total: Tally;
  readonly problems: readonly string[];
}

export function checkRecordings(path: string, expected: ReadonlyMap<string, Tally>): CheckedRecordings {
  const problems: string[] = [];
  const total = new Tally();
  const { checked, findings } = verifyStore(path);
  for (const { code, where, message } of findings) {
    problems.push(`${code} ${JSON.stringify(where)}: ${message}`);
  }
  using reader = readTraceStore(path);
  const recorded = new Set(reader.rollouts().map(({ rolloutId }) => String(rolloutId)));
  for (const [rolloutId, tally] of expected) {
    if (!recorded.delete(rolloutId)) problems.push(`${rolloutId} was not recorded`);
    else
      for (const problem of checkRollout(reader, rolloutId, tally, total))
        problems.push(`${rolloutId}: ${problem}`);
  }
  for (const rolloutId of recorded) problems.push(`${rolloutId} is in the store and was never run`);
  const { rollouts, events, payloads } = checked;
  return { rollouts, events, payloads, total, problems };
}

function checkRollout(
  reader: TraceStoreReader,
  rolloutId: string,
  expected: Tally,
  total: Tally,
): readonly string[] {
  let graph: RolloutGraph;
  try {
    graph = reduceRollout(reader.openRollout(rolloutId), { mode: "strict" });
  } catch (error) {
    if (!(error instanceof ReduceError)) throw error;
    return [`does not reduce strictly: ${error.code} at seq ${error.seq}: ${error.message}`];
  }
  const found = tallyOf(graph);
  total.add(found);
  const problems = [
    ...graph.diagnostics.map(({ code, message }) => `${code}: ${message}`),
    ...checkGraph(graph).map(({ object, message }) => `${object.type} ${object.id}: ${message}`),
    ...running(graph).map((what) => `${what} is still running`),
  ];
  if (!graph.recording_complete || graph.status !== "completed") problems.push(`is ${graph.status}`);
  const [want, got] = [JSON.stringify(expected), JSON.stringify(found)];
  if (want !== got) problems.push(`did ${want}, and its graph has ${got}`);
  return problems;
}

function running(graph: RolloutGraph): readonly string[] {
  const collections: Readonly<
    Record<string, Readonly<Record<string, { readonly execution: ExecutionWindow }>>>
  > = {
    thread: graph.threads,
    turn: graph.turns,
    inference: graph.inference_calls,
    call: graph.tool_calls,
    cell: graph.code_cells,
  };
  return Object.entries(collections).flatMap(([kind, objects]) =>
    Object.entries(objects).flatMap(([id, { execution }]) =>
      execution.status === "running" ? [`${kind} ${id}`] : [],
    ),
  );
}
