/**
 * `read-damaged.ts PATH…`: does with each store or bundle what a reader does, and prints a line of JSON (`ReadReport`) for each.
 * Whatever is thrown has to have a code; that nothing here crashes or hangs is seen by whoever started it.
 */
import { statSync, writeSync } from "node:fs";
import { asId, type PayloadId, type RolloutSource } from "@rollout-trace/protocol";
import { CliError, exportCodexBundle, openSource } from "@rollout-trace/cli";
import { checkGraph, reduceRollout } from "@rollout-trace/reducer";
import {
  compactTraceStore,
  openTraceStore,
  readTraceStore,
  TraceStoreError,
  verifyStore,
} from "@rollout-trace/trace";

export interface ReadReport {
  readonly path: string;
  /** What each thing that was tried came to: a word of its own, or the code of an error. */
  readonly results: Readonly<Record<string, string>>;
  /** What must never happen. */
  readonly problems: readonly string[];
}

for (const path of process.argv.slice(2)) {
  writeSync(1, `${JSON.stringify({ path, results: {}, problems: ["began and did not end"] })}\n`);
  writeSync(1, `${JSON.stringify(read(path))}\n`);
}

function read(path: string): ReadReport {
  const results: Record<string, string> = {};
  const problems: string[] = [];
  const attempt = (what: string, work: () => string): void => {
    try {
      results[what] = work();
    } catch (error) {
      if (error instanceof TraceStoreError || error instanceof CliError) results[what] = error.code;
      else
        problems.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  };
  const isStore = statSync(path).isFile();
  if (isStore) {
    attempt("verify", () => (verifyStore(path).ok ? "ok" : "findings"));
    attempt("read", () => readStore(path, problems));
  }
  attempt("reduce", () => {
    using source = openSource(path, { rollout: "latest" });
    return reduce(source.rollout, problems);
  });
  attempt("export", () => {
    using source = openSource(path, { rollout: "latest" });
    return exportCodexBundle(source.rollout, `${path}-exported`).losses.length === 0 ? "ok" : "losses";
  });
  if (isStore) {
    attempt("record", () => record(path));
    attempt("compact", () => (compactTraceStore(path), "ok"));
  }
  return { path, results, problems };
}

function readStore(path: string, problems: string[]): string {
  using reader = readTraceStore(path);
  for (const { traceId } of reader.rollouts()) reduce(reader.openRollout(traceId), problems);
  return "ok";
}

/** Leniently; the graph that comes out is whole whatever went in. */
function reduce(source: RolloutSource, problems: string[]): string {
  const graph = reduceRollout(source);
  for (const { object, message } of checkGraph(graph))
    problems.push(`${object.type} ${object.id}: ${message}`);
  for (const id of Object.keys(graph.payloads)) source.payloads.json(asId<PayloadId>(id));
  return graph.diagnostics.some(({ severity }) => severity === "error") ? "diagnostics" : "ok";
}

/** Recording throws nothing, whatever file it is given. */
function record(path: string): string {
  const codes = new Set<string>();
  const store = openTraceStore({ path, onError: ({ code }) => codes.add(code) });
  const turn = store.startRollout({ rolloutId: "afterwards" }).startTurn();
  for (let number = 0; number < 50; number += 1)
    turn.protocolEvent("x", () => ({ text: "x".repeat(number * 100) }));
  turn.end();
  store.close();
  return [...codes].join(", ") || "ok";
}
