import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkGraph,
  followRollout,
  graphJson,
  type ReducerCheckpoint,
  reduceRollout,
  type RolloutFollower,
  type GraphViolation,
} from "@rollout-trace/reducer";
import type { RolloutSource } from "@rollout-trace/protocol";
import { openTraceStore, readTraceStore, type TraceStoreReader, TraceStoreError } from "@rollout-trace/trace";
import { spawnDemo } from "./run-demo.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "followed-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Counts the events that are read. */
function counted(source: RolloutSource): { source: RolloutSource; read: () => number } {
  let count = 0;
  return {
    read: () => count,
    source: {
      ...source,
      *events(fromSeq?: number) {
        for (const record of source.events(fromSeq)) {
          count += 1;
          yield record;
        }
      },
    },
  };
}

async function untilThere(storePath: string): Promise<TraceStoreReader> {
  for (;;) {
    try {
      const store = existsSync(storePath) ? readTraceStore(storePath) : null;
      if (store !== null && store.rollouts().length > 0) return store;
      store?.close();
    } catch (error) {
      if (!(error instanceof TraceStoreError) || error.code !== "not_a_store") throw error;
    }
    await pause(1);
  }
}

describe("a store that another process is writing", () => {
  it("is followed to its end, each event read once, with a sound graph at every look", async () => {
    const storePath = join(folder, "demo.db");
    const demo = spawnDemo(storePath);
    using store = await untilThere(storePath);
    const [summary] = store.rollouts();
    const { source, read } = counted(store.openRollout(summary?.traceId ?? ""));
    const follower = followRollout(source, { mode: "strict" });
    const looks: number[] = [];
    const violations: GraphViolation[] = [];
    while (!follower.isOver) {
      if (follower.poll() > 0) {
        looks.push(follower.lastSeq);
        violations.push(...checkGraph(follower.snapshot()));
      }
      await pause(1);
    }
    await demo.ended;
    expect(looks.length).toBeGreaterThan(3);
    expect(violations).toEqual([]);
    expect(read()).toBe(follower.lastSeq);
    expect(graphJson(follower.finish())).toBe(graphJson(reduceRollout(source)));
  }, 60_000);

  it("is followed from a checkpoint by a reader that has just opened it", () => {
    const storePath = join(folder, "trace.db");
    using writer = openTraceStore({ path: storePath });
    const thread = writer.startRollout();
    let checkpoint: ReducerCheckpoint | undefined;
    let last: RolloutFollower | undefined;
    for (let round = 0; round < 5; round += 1) {
      const turn = thread.startTurn();
      turn.end("completed");
      writer.flush();
      using reader = readTraceStore(storePath);
      const { source, read } = counted(reader.openRollout(writer.rollouts()[0]?.traceId ?? ""));
      last = followRollout(source, { checkpoint });
      const fresh = last.poll();
      expect(read()).toBe(fresh);
      checkpoint = last.save();
      expect(Object.keys(last.snapshot().turns)).toHaveLength(round + 1);
    }
    expect(last?.snapshot()).toEqual(reduceRollout(writer.openRollout(writer.rollouts()[0]?.traceId ?? "")));
  });
});
