import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { decodeRawEvent } from "@rollout-trace/protocol";
import { type ExecutionWindow, type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore, readTraceStore, TraceStoreError } from "@rollout-trace/trace";
import { spawnDemo } from "./run-demo.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killed-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The types of the events in the store, in order; none while there is no whole store yet. */
function eventsIn(storePath: string): readonly string[] {
  if (!existsSync(storePath)) return [];
  try {
    const store = readTraceStore(storePath);
    const id = store.rollouts()[0]?.rolloutId;
    const records = id === undefined ? [] : [...store.openRollout(id).events()];
    store.close();
    return records.map((record) => (record.type === "event" ? typeOf(record.value) : record.type));
  } catch (error) {
    if (error instanceof TraceStoreError && error.code === "not_a_store") return [];
    throw error;
  }
}

function typeOf(event: unknown): string {
  const decoded = decodeRawEvent(event);
  return decoded.ok ? decoded.event.payload.type : decoded.error.code;
}

function count(events: readonly string[], type: string): number {
  return events.filter((known) => known === type).length;
}

/** Looks whenever something in the folder is written, until there is what is looked for, or it is over. */
async function until(folder: string, isThere: () => boolean, over: Promise<unknown>): Promise<void> {
  using stop = new DisposableStack();
  const watcher = stop.adopt(watch(folder), (opened) => opened.close());
  let isOver = false;
  const end = over.then(() => {
    isOver = true;
  });
  while (!isThere() && !isOver) await Promise.race([once(watcher, "change"), end]);
}

function reduce(storePath: string): RolloutGraph {
  using source = openSource(storePath);
  return reduceRollout(source.rollout, { mode: "strict" });
}

function windows(graph: RolloutGraph): readonly ExecutionWindow[] {
  return [graph.threads, graph.turns, graph.inference_calls, graph.tool_calls, graph.code_cells]
    .flatMap((collection) => Object.values(collection))
    .map((object) => object.execution);
}

describe("a demo killed without warning", () => {
  it.each([
    ["once it has asked its model", "inference_started", 1],
    ["once a third cell runs", "code_cell_started", 3],
    ["once a second agent runs", "thread_started", 2],
  ])(
    "%s leaves a store that reduces, and nothing running once somebody has found that out",
    async (_when, type, times) => {
      const storePath = join(folder, "demo.db");
      const demo = spawnDemo(storePath);
      await until(folder, () => count(eventsIn(storePath), type) >= times, demo.ended);
      demo.kill();
      expect(await demo.ended).toMatchObject({ signal: "SIGKILL" });

      const kept = eventsIn(storePath);
      expect(count(kept, type)).toBeGreaterThanOrEqual(times);
      const live = reduce(storePath);
      expect(live).toMatchObject({ status: "running", recording_complete: false });
      expect(live.diagnostics).toEqual([]);
      expect(windows(live).some((window) => window.status === "running")).toBe(true);

      openTraceStore({ path: storePath }).close();
      const stopped = reduce(storePath);
      expect(eventsIn(storePath)).toEqual([...kept, "recording_stopped"]);
      expect(stopped.status).toBe("aborted");
      expect(windows(stopped).filter((window) => window.status === "running")).toEqual([]);
    },
    240_000,
  );
});
