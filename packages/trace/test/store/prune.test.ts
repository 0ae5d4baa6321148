import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import {
  openRolloutImporter,
  openTraceStore,
  pruneTraceStore,
  readTraceStore,
  type StoreVerification,
  verifyStore,
} from "@rollout-trace/trace";
import { eventsOf, exitOf, payloadIdsIn, payloadOf, runProgram, temporaryPath } from "../support.ts";

const DAY_US = 86_400_000_000;

/** Rollouts `day-1`, `day-2`, …: each with what all share and something of its own. */
function storeOfDays(path: string, days: readonly number[]): void {
  let now = 0;
  const store = openTraceStore({ path, clock: () => (now += 1) });
  for (const day of days) {
    now = day * DAY_US;
    const root = store.startRollout({ rolloutId: `day-${day}` });
    const messages = ["shared ".repeat(30), `of day ${day} `.repeat(30), "the end"];
    const request = { model: "m", provider: "p", dialect: "openai_responses" } as const;
    root.startTurn().startInference({ ...request, request: () => ({ input: messages }) });
    root.endRollout();
  }
  store.close();
}

/** Everything that can be read of a store, by rollout. */
function contentOf(path: string): ReadonlyMap<string, unknown> {
  using store = readTraceStore(path);
  return new Map(
    store.rollouts().map(({ rolloutId }) => {
      const source = store.openRollout(rolloutId);
      const events = eventsOf(source);
      const payloads = payloadIdsIn(events).map((id) => payloadOf(source, { payload_id: id }));
      return [rolloutId, { events, payloads }];
    }),
  );
}

function soundness({ ok, counts }: StoreVerification): unknown {
  return { ok, counts };
}
const SOUND = { ok: true, counts: {} };

function edit(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

describe("pruneTraceStore", () => {
  it("removes what is older, with the chunks that nothing else uses, and leaves the rest as it reads", () => {
    const path = temporaryPath();
    storeOfDays(path, [1, 2, 3, 4]);
    const before = contentOf(path);
    const chunksBefore = verifyStore(path).checked.chunks;
    const result = pruneTraceStore(path, { beforeUs: 3 * DAY_US });
    expect(result).toEqual({
      removed: [
        { rolloutId: "day-1", traceId: expect.any(String), lastTimeUs: expect.any(Number) },
        { rolloutId: "day-2", traceId: expect.any(String), lastTimeUs: expect.any(Number) },
      ],
      left: [],
      removedChunks: 2,
      removedChunkBytes: 2 * JSON.stringify("of day 1 ".repeat(30)).length,
    });
    const kept = ["day-3", "day-4"].map((id) => [id, before.get(id)] as const);
    expect(contentOf(path)).toEqual(new Map(kept));
    expect(verifyStore(path).checked.chunks).toBe(chunksBefore - 2);
    expect(soundness(verifyStore(path))).toEqual(SOUND);
  });

  it("says the same in a dry run, and changes nothing, neither in the file nor beside it", () => {
    const path = temporaryPath();
    storeOfDays(path, [1, 2, 3]);
    const before = contentOf(path);
    const dry = pruneTraceStore(path, { beforeUs: 3 * DAY_US, dryRun: true });
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    expect(contentOf(path)).toEqual(before);
    expect(pruneTraceStore(path, { beforeUs: 3 * DAY_US })).toEqual(dry);
    expect(dry.removed).toHaveLength(2);
  });

  it("leaves nothing of what it removed in the file", () => {
    const path = temporaryPath();
    storeOfDays(path, [1, 2]);
    pruneTraceStore(path, { beforeUs: 2 * DAY_US });
    edit(path, "PRAGMA wal_checkpoint(TRUNCATE)");
    const text = readFileSync(path, "latin1");
    expect(text.includes("of day 2 of day 2")).toBe(true);
    expect(text.includes("of day 1 of day 1")).toBe(false);
  });

  it("leaves rollouts that are being recorded, and those whose writer nobody here can see, and says so", () => {
    const path = temporaryPath();
    const store = openTraceStore({ path, clock: () => 1, onError: () => undefined });
    store.startRollout({ rolloutId: "here" });
    store.startRollout({ rolloutId: "elsewhere" });
    store.startRollout({ rolloutId: "gone" });
    store.flush();
    edit(
      path,
      `UPDATE rollouts SET writer = json_set(writer, '$.host', 'another') WHERE rollout_id = 'elsewhere';
       UPDATE rollouts SET writer = json_set(writer, '$.boot', 'another') WHERE rollout_id = 'gone';`,
    );
    const { removed, left } = pruneTraceStore(path, { beforeUs: DAY_US });
    store.close();
    expect(removed.map(({ rolloutId }) => rolloutId)).toEqual(["gone"]);
    expect(left.map(({ rolloutId, reason }) => [rolloutId, reason])).toEqual([
      ["here", "recording"],
      ["elsewhere", "unknown_writer"],
    ]);
  });

  it("leaves a rollout whose import goes on, and what it names, until the import is complete", () => {
    const path = temporaryPath();
    storeOfDays(path, [1, 2]);
    using reader = readTraceStore(path);
    const target = temporaryPath("target.db");
    const importer = openRolloutImporter({ path: target });
    importer.importRollout(reader.openRollout("day-1"), { format: "store" });
    importer.close();
    edit(target, "UPDATE imports SET is_complete = 0");
    const open = pruneTraceStore(target, { beforeUs: 9 * DAY_US });
    expect(open).toMatchObject({ removed: [], left: [{ rolloutId: "day-1", reason: "importing" }] });
    expect(open.removedChunks).toBe(0);
    edit(target, "UPDATE imports SET is_complete = 1");
    expect(pruneTraceStore(target, { beforeUs: 9 * DAY_US })).toMatchObject({
      removed: [{ rolloutId: "day-1" }],
    });
    expect(soundness(verifyStore(target))).toEqual(SOUND);
  });

  it("goes by the last event that was recorded, not by when somebody noticed that the recording had stopped", () => {
    const path = temporaryPath();
    openTraceStore({ path, clock: () => 1 }).startRollout({ rolloutId: "killed" });
    edit(path, "UPDATE rollouts SET writer = json_set(writer, '$.boot', 'another')");
    // Whoever opens it for recording appends `recording_stopped`, now.
    const next = openTraceStore({ path });
    next.startRollout({ rolloutId: "fresh" }).endRollout();
    next.close();
    const { removed } = pruneTraceStore(path, { beforeUs: DAY_US });
    expect(removed.map(({ rolloutId }) => rolloutId)).toEqual(["killed"]);
  });

  it("removes the chunks that an interrupted run, or somebody with SQL, left behind", () => {
    const path = temporaryPath();
    storeOfDays(path, [1, 2]);
    edit(path, "PRAGMA foreign_keys = ON; DELETE FROM rollouts WHERE rollout_id = 'day-1'");
    expect(verifyStore(path).counts).toEqual({ chunk_orphaned: 1 });
    expect(pruneTraceStore(path, { beforeUs: 0 })).toMatchObject({ removed: [], removedChunks: 1 });
    expect(soundness(verifyStore(path))).toEqual(SOUND);
  });

  it("waits for others no longer than it may, and has removed whole rollouts or none", () => {
    const path = temporaryPath();
    storeOfDays(path, [1]);
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    expect(() => pruneTraceStore(path, { beforeUs: 2 * DAY_US, busyMs: 20 })).toThrow(
      expect.objectContaining({ code: "busy" }),
    );
    other.exec("ROLLBACK");
    other.close();
    expect([...contentOf(path).keys()]).toEqual(["day-1"]);
  });

  it("makes no store where there is none, and refuses what is none", () => {
    const path = temporaryPath();
    const refused = (file: string, options = { beforeUs: 1 }): unknown => {
      try {
        return pruneTraceStore(file, options);
      } catch (error) {
        return (error as { code: unknown }).code;
      }
    };
    expect(refused(path)).toBe("cannot_open");
    expect(refused(path)).toBe("cannot_open");
    edit(path, "CREATE TABLE other (x)");
    expect(refused(path)).toBe("not_a_store");
    expect(refused(path, { beforeUs: Number.NaN })).toBe("invalid_option");
  });

  it("takes nothing from a process that goes on recording what the removed rollouts had in common with its own", async () => {
    const path = temporaryPath();
    const child = runProgram("record-while-pruned", path);
    const exited = exitOf(child);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    let removed = 0;
    let removedChunks = 0;
    for (let round = 0; round < 25; round += 1) {
      await lines.next();
      const result = pruneTraceStore(path, { beforeUs: DAY_US });
      expect(result.left.map(({ rolloutId }) => rolloutId)).toContain("ongoing");
      removed += result.removed.length;
      removedChunks += result.removedChunks;
    }
    child.stdin?.end();
    child.stdout?.resume();
    expect(await exited).toBe(0);
    expect({ removed: removed > 20, removedChunks: removedChunks > 20 }).toEqual({
      removed: true,
      removedChunks: true,
    });
    const { ok, counts } = verifyStore(path);
    expect({ ok, lost: { ...counts, chunk_orphaned: 0 } }).toEqual({ ok: true, lost: { chunk_orphaned: 0 } });
  });
});
