import { copyFileSync, truncateSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import {
  openTraceStore,
  readTraceStore,
  STORE_FINDING_CODES,
  type StoreFinding,
  type StoreFindingCode,
  verifyStore,
} from "@rollout-trace/trace";
import { openStore, temporaryPath } from "../support.ts";

/** A store of two rollouts with growing requests, payloads of several kinds, and one recording still open. */
function makeStore(): string {
  const path = temporaryPath();
  const store = openStore({ path, clock: () => 1_000_000 });
  for (const rolloutId of ["r1", "r2"]) {
    const root = store.startRollout({ rolloutId, rootThread: { threadId: "t", metadata: () => ({ a: 1 }) } });
    const turn = root.startTurn();
    const input: string[] = [];
    for (let number = 0; number < 12; number += 1) {
      input.push(`${rolloutId} item ${number} ${"of some length ".repeat(10)}`);
      const start = { model: "m", provider: "p", dialect: "openai_responses" } as const;
      turn
        .startInference({ ...start, request: () => ({ number, input }) })
        .completed({ response: () => ({}) });
    }
    turn.other({
      kind: "x",
      summary: "x",
      metadata: () => ({ metadata: { payload_id: "not one", kind: "x" } }),
    });
    if (rolloutId === "r1") root.endRollout();
  }
  store.flush();
  const copy = temporaryPath();
  store.close();
  copyFileSync(path, copy);
  return copy;
}

function findingsAfter(sql: string): readonly StoreFinding[] {
  const path = makeStore();
  const database = new Database(path).unsafeMode();
  database.pragma("foreign_keys = OFF");
  database.pragma("ignore_check_constraints = ON");
  database.exec(sql);
  database.close();
  const { ok, findings, counts } = verifyStore(path);
  expect(ok).toBe(findings.every(({ severity }) => severity === "notice"));
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(findings.length);
  return findings;
}

/** Each way of damaging a store, with the codes it is found by. */
const DAMAGES: readonly (readonly [string, string, readonly StoreFindingCode[]])[] = [
  ["an event is gone", "DELETE FROM events WHERE rollout = 1 AND seq = 3", ["seq_gap"]],
  ["the first event is gone", "DELETE FROM events WHERE rollout = 1 AND seq = 1", ["seq_gap"]],
  [
    "the last event is gone",
    "DELETE FROM events WHERE type = 'recording_completed' AND rollout = 1",
    ["state_mismatch"],
  ],
  [
    "all events are gone",
    "DELETE FROM events WHERE rollout = 2; DELETE FROM payloads WHERE rollout = 2; DELETE FROM chunks WHERE chunk > 1000; UPDATE rollouts SET state = 'recording' WHERE rollout = 2",
    ["empty_rollout", "chunk_orphaned"],
  ],
  ["time goes back", "UPDATE events SET time_unix_us = 5 WHERE rollout = 1 AND seq = 4", ["time_decreased"]],
  ["a body is no JSON", "UPDATE events SET body = '{' WHERE rollout = 1 AND seq = 3", ["event_invalid"]],
  [
    "a body lacks a field",
    "UPDATE events SET body = json_remove(body, '$.turn_id') WHERE rollout = 1 AND seq = 3",
    ["event_invalid"],
  ],
  [
    "a body is of another type",
    "UPDATE events SET type = 'turn_ended' WHERE rollout = 1 AND seq = 3",
    ["type_mismatch"],
  ],
  [
    "an event is of a newer type",
    "UPDATE events SET type = 'new', body = json_set(body, '$.type', 'new') WHERE rollout = 1 AND seq = 3",
    ["event_unknown"],
  ],
  [
    "a recording is marked as open",
    "UPDATE rollouts SET state = 'recording' WHERE rollout = 1",
    ["state_mismatch"],
  ],
  ["a payload is gone", "DELETE FROM payloads WHERE rollout = 1 AND ordinal = 1", ["payload_missing"]],
  [
    "a payload that others are based on is gone",
    "DELETE FROM payloads WHERE rollout = 1 AND ordinal = (SELECT max(base) FROM payloads)",
    ["payload_missing", "payload_unreadable"],
  ],
  [
    "an event names another payload",
    "UPDATE events SET body = json_set(body, '$.request.payload_id', 'p999') WHERE rollout = 1 AND seq = 4",
    ["payload_missing", "payload_orphaned"],
  ],
  [
    "a payload is of another kind",
    "UPDATE payloads SET kind = 'other' WHERE rollout = 1 AND ordinal = 1",
    ["payload_kind_mismatch"],
  ],
  [
    "a rope is cut off",
    "UPDATE payloads SET rope = substr(rope, 1, length(rope) - 2) WHERE rollout = 1 AND ordinal = 1",
    ["payload_unreadable"],
  ],
  [
    "a rope is not one",
    "UPDATE payloads SET rope = x'ffffff' WHERE rollout = 1 AND ordinal = 1",
    ["payload_unreadable"],
  ],
  [
    "a rope is no JSON when put together",
    "UPDATE payloads SET rope = x'02017b' WHERE rollout = 1 AND ordinal = 1",
    ["payload_unreadable"],
  ],
  [
    "a payload is based on itself",
    "UPDATE payloads SET base = ordinal WHERE rollout = 1 AND base IS NOT NULL",
    ["payload_unreadable", "chunk_orphaned"],
  ],
  [
    "a payload has another size",
    "UPDATE payloads SET size_bytes = size_bytes + 1 WHERE rollout = 1 AND ordinal = 1",
    ["payload_size_mismatch"],
  ],
  ["a chunk is gone", "DELETE FROM chunks WHERE chunk = 1", ["payload_unreadable"]],
  [
    "a chunk has other bytes",
    "UPDATE chunks SET bytes = CAST('\"' || hex(zeroblob((size_bytes - 2) / 2)) || '\"' AS BLOB) WHERE chunk = 2",
    ["chunk_hash_mismatch"],
  ],
  [
    "a chunk is no JSON",
    "UPDATE chunks SET bytes = x'7b' WHERE chunk = 2",
    ["chunk_hash_mismatch", "payload_unreadable"],
  ],
  [
    "a chunk cannot be decompressed",
    "UPDATE chunks SET codec = 'zstd' WHERE chunk = 2",
    ["chunk_hash_mismatch", "payload_unreadable"],
  ],
  [
    "a chunk belongs to nothing",
    "INSERT INTO chunks (hash, size_bytes, codec, bytes) VALUES (x'00', 1, 'none', x'30')",
    ["chunk_hash_mismatch", "chunk_orphaned"],
  ],
  ["a rollout is gone", "DELETE FROM rollouts WHERE rollout = 2", ["dangling_row", "chunk_orphaned"]],
  [
    "an index does not fit its table",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'rollouts_recording') WHERE name = 'rollouts_by_id'",
    ["database_damaged"],
  ],
];

describe("verifying a store", () => {
  it("finds nothing in one that was written in order, and counts what it looked at", () => {
    const path = makeStore();
    expect(verifyStore(path)).toEqual({
      path,
      ok: true,
      checked: { rollouts: 2, events: 60, payloads: 50, chunks: 24 },
      findings: [],
      counts: {},
    });
  });

  it.each(DAMAGES)("finds that %s", (_what, sql, codes) => {
    const found = new Set(findingsAfter(sql).map(({ code }) => code));
    expect([...found].toSorted()).toEqual(codes.toSorted());
  });

  it("has a test for every code", () => {
    expect(new Set(DAMAGES.flatMap(([, , codes]) => codes))).toEqual(new Set(STORE_FINDING_CODES));
  });

  it("says where, and lists no more than it can be asked to read", () => {
    expect(findingsAfter("DELETE FROM events WHERE rollout = 1 AND seq = 3")).toEqual([
      {
        code: "seq_gap",
        severity: "error",
        where: { traceId: expect.any(String), seq: 4 },
        message: "4 comes after 2",
      },
    ]);
    const path = makeStore();
    const database = new Database(path);
    const insert = database.prepare(
      "INSERT INTO chunks (hash, size_bytes, codec, bytes) VALUES (?, 1, 'none', x'30')",
    );
    for (let number = 0; number < 500; number += 1) insert.run(Buffer.from([1, number >> 8, number & 255]));
    database.close();
    const { findings, counts } = verifyStore(path);
    expect(counts).toEqual({ chunk_hash_mismatch: 500, chunk_orphaned: 500 });
    expect(findings).toHaveLength(200);
  });

  it("throws only where there is no store", () => {
    expect(() => verifyStore("/nowhere/trace.db")).toThrow(expect.objectContaining({ code: "cannot_open" }));
  });

  it("is refused with a code where the file was cut so that nothing in it can be read", () => {
    const path = makeStore();
    truncateSync(path, 10_000);
    expect(() => verifyStore(path)).toThrow(expect.objectContaining({ code: "damaged" }));
    expect(() => readTraceStore(path)).toThrow(expect.objectContaining({ code: "damaged" }));
  });

  it("looks at a moment of a store that is being written", () => {
    const path = temporaryPath();
    using store = openTraceStore({ path });
    const root = store.startRollout();
    for (let number = 0; number < 20; number += 1) {
      root.protocolEvent("x", () => ({ input: [`${number} ${"x".repeat(100)}`] }));
      expect(verifyStore(path).findings).toEqual([]);
    }
  });
});
