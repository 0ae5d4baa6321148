import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
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

/** How many events are in the store; none while there is no whole store yet. */
function eventsIn(storePath: string): number {
  if (!existsSync(storePath)) return 0;
  try {
    const store = readTraceStore(storePath);
    const count = store.rollouts()[0]?.eventCount ?? 0;
    store.close();
    return count;
  } catch (error) {
    if (error instanceof TraceStoreError && error.code === "not_a_store") return 0;
    throw error;
  }
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
    ["before its first answer", 4],
    ["while cells run", 36],
    ["while two agents run", 84],
  ])(
    "%s leaves a store that reduces, and nothing running once somebody has found that out",
    async (_when, events) => {
      const storePath = join(folder, "demo.db");
      const demo = spawnDemo(storePath);
      // The next look is taken when this one is over; the demo is killed at whatever it does then.
      while (eventsIn(storePath) < events) await pause(1);
      demo.kill();
      expect(await demo.ended).toMatchObject({ signal: "SIGKILL" });

      const kept = eventsIn(storePath);
      expect(kept).toBeGreaterThanOrEqual(events);
      const live = reduce(storePath);
      expect(live).toMatchObject({ status: "running", recording_complete: false });
      expect(live.diagnostics).toEqual([]);
      expect(windows(live).some((window) => window.status === "running")).toBe(true);

      openTraceStore({ path: storePath }).close();
      const stopped = reduce(storePath);
      expect(eventsIn(storePath)).toBe(kept + 1);
      expect(stopped.status).toBe("aborted");
      expect(windows(stopped).filter((window) => window.status === "running")).toEqual([]);
    },
    60_000,
  );
});
