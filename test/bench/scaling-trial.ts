/**
 * `scaling-trial.ts EVENTS WARM_EVENTS`: records a rollout of about that many events and looks, each time it has become ten times
 * as long, at the latest calls and at the file; then reduces it from the store, again and again until WARM_EVENTS were reduced, and
 * as often once more: the system counts a thread's time in steps of some milliseconds. Prints, for each length N of 1 000, 10 000, … that it reaches, `N.medianUs` and `N.p99Us` of a recording call and
 * `N.storeBytes` per event, and for the whole `reduceUs` and `graphBytes` per event, reduced in this process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore, readTraceStore } from "@rollout-trace/trace";
import Database from "better-sqlite3";
import { median } from "./bench.ts";
import { graphLength, percentile } from "./figures.ts";

/** Recording calls that a figure is made of; less than what comes before the first length. */
const WINDOW = 500;
const FIRST_LENGTH = 1000;
/** Between two requests to a model, so that a rollout is mostly what tools did. */
const CALLS_PER_TURN = 20;

const [length = 0, warmEvents = 0] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "scaling-"));
const path = join(folder, "trace.db");
const figures: Record<string, number> = {};
const times: number[] = [];

{
  using store = openTraceStore({ path });
  const root = store.startRollout({ rootThread: { agentPath: "/root" } });
  const reader = new Database(path, { readonly: true });
  let events = 2;
  let next = FIRST_LENGTH;
  const timed = <Result>(call: () => Result): Result => {
    const began = performance.now();
    const result = call();
    times.push((performance.now() - began) * 1000);
    events += 1;
    return result;
  };
  while (events < length) {
    const turn = timed(() => root.startTurn());
    const input = [{ type: "message", role: "user", content: `question ${events}` }];
    const start = { model: "model-1", provider: "p", dialect: "openai_responses" } as const;
    const inference = timed(() => turn.startInference({ ...start, request: () => ({ input }) }));
    timed(() => inference.completed({ response: () => ({ id: `r${events}`, output: [] }) }));
    for (let call = 0; call < CALLS_PER_TURN; call += 1) {
      const kind = { type: "mcp", server: "files", tool: "read" } as const;
      const file = `src/module-${events}.ts`;
      const payload = { type: "function", arguments: JSON.stringify({ path: file }) } as const;
      const invocation = () => ({ tool_name: "read", payload });
      const tool = timed(() => turn.startToolCall({ kind, label: "read", invocation }));
      const output = `what ${file} has in it. `.repeat(20);
      timed(() => tool.ended({ result: () => ({ type: "direct", item: { output } }) }));
    }
    timed(() => turn.end());
    if (events < next) continue;
    const latest = times.slice(-WINDOW);
    figures[`${next}.medianUs`] = median(latest);
    figures[`${next}.p99Us`] = percentile(latest, 0.99);
    figures[`${next}.storeBytes`] = fileSize(reader) / events;
    times.length = 0;
    next *= 10;
  }
  root.endRollout();
  reader.close();
}

{
  using store = readTraceStore(path);
  const [{ rolloutId } = { rolloutId: "" }] = store.rollouts();
  const source = store.openRollout(rolloutId);
  const runs = Math.max(1, Math.ceil(warmEvents / length));
  for (let run = 0; run < runs && length < warmEvents; run += 1) reduceRollout(source);
  const began = process.threadCpuUsage();
  for (let run = 1; run < runs; run += 1) reduceRollout(source, { mode: "strict" });
  const graph = reduceRollout(source, { mode: "strict" });
  const { user, system } = process.threadCpuUsage(began);
  figures["reduceUs"] = (user + system) / runs / length;
  figures["graphBytes"] = graphLength(graph) / length;
}
process.stdout.write(JSON.stringify(figures));
rmSync(folder, { recursive: true, force: true });

function fileSize(database: Database.Database): number {
  const pragma = (name: string): number => Number(database.pragma(name, { simple: true }));
  return pragma("page_count") * pragma("page_size");
}
