import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  openTraceStore,
  readTraceStore,
  type ThreadTrace,
  type TraceStoreError,
  verifyStore,
} from "@rollout-trace/trace";
import { eventsOf, openStore, payloadOf, temporaryPath } from "../support.ts";

const fail = (): never => {
  throw new Error("no");
};
const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, fail]));

/** Values that a host in plain JavaScript might hand over by mistake, and some that nobody would. */
const HOSTILE: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a number", 7],
  ["a text", "text"],
  ["a symbol", Symbol("s")],
  ["a function that throws", fail],
  ["an object whose every property throws", new Proxy({}, traps)],
  ["an object that has no text", { toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail, toJSON: fail }],
  ["a bare object", Object.create(null)],
];

/** Calls every method of every handle with the same value for every argument. */
function callEverything(root: ThreadTrace, value: never): void {
  const threads = [root, root.startChildThread(value)];
  for (const thread of threads) {
    const turn = thread.startTurn(value);
    thread.protocolEvent(value, value);
    thread.other(value);
    thread.codeModeObserver();
    const inferences = [turn.startInference(value), turn.startInference(value), turn.startInference(value)];
    inferences[0]?.completed(value);
    inferences[1]?.failed(value);
    inferences[2]?.cancelled(value);
    for (const end of ["ended", "failed"] as const) {
      const call = turn.startToolCall(value);
      call.runtimeStarted(value, value);
      call.runtimeEnded(value, value);
      call.mcpCallAssigned(value);
      call.agentInteractionStarted(value);
      call.agentInteractionEnded(value);
      call.stdinTarget(value);
      call[end](value);
    }
    turn.historyItemAccepted(value);
    for (const compaction of [turn.compaction(value), thread.compaction(value)]) {
      compaction.startRequest(value).completed(value);
      compaction.startRequest(value).failed(value);
      compaction.installed(value);
    }
    turn.protocolEvent(value, value);
    turn.other(value);
    turn.end(value);
    thread.agentResult(value);
    thread.resume();
    thread.end(value);
  }
  root.endRollout(value);
}

describe("a host that hands over anything at all", () => {
  it.each(HOSTILE)("gets no exception: %s", (_name, value) => {
    const path = temporaryPath();
    const store = openStore({ path, onError: () => {} });
    callEverything(store.startRollout(value as never), value as never);
    callEverything(store.startRollout({ rootThread: value as never, host: value as never }), value as never);
    expect(store.counts).toMatchObject({ waitingEvents: 0 });
    store.close();
    const { counts } = verifyStore(path);
    // What was given for a status or a name may not fit the schema; nothing else may be wrong.
    expect({ ...counts, event_invalid: 0 }).toEqual({ event_invalid: 0 });
  });

  it("gets its own error from a tool, also one that cannot be looked at", async () => {
    const store = openStore({ onError: () => {} });
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const thrown = new Proxy(new Error("x"), traps);
    const throwIt = (): never => {
      throw thrown;
    };
    let caught: unknown;
    try {
      turn.traceTool({ kind: { type: "web" } }, throwIt);
    } catch (error) {
      caught = error;
    }
    expect(caught === thrown).toBe(true);
    await turn
      .traceTool({ kind: { type: "web" } }, async () => throwIt())
      .catch((error: unknown) => void (caught = error));
    expect(caught === thrown).toBe(true);
    const promise = Object.assign(Promise.resolve(1), { then: fail });
    expect(turn.traceTool({ kind: { type: "web" } }, () => promise) === promise).toBe(true);
    const ends = eventsOf(store.openRollout("r")).flatMap(({ payload }) =>
      payload.type === "tool_call_ended" ? [payload.status] : [],
    );
    expect(ends).toEqual(["failed", "failed"]);
  });

  it("may change its working directory", () => {
    const folder = mkdtempSync(join(tmpdir(), "rollout-trace-"));
    const before = process.cwd();
    onTestFinished(() => {
      process.chdir(before);
      rmSync(folder, { recursive: true, force: true });
    });
    const path = temporaryPath();
    const store = openStore({ path: relative(before, path) });
    const root = store.startRollout({ rolloutId: "r" });
    process.chdir(folder);
    const deadline = performance.now() + 400;
    while (performance.now() < deadline) root.protocolEvent("x", () => ({ password: "hunter2" }));
    expect(store.failure).toBe(null);
    store.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, checked: { rollouts: 1 } });
  });

  it("does not make the recorder take a large array or buffer to pieces", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    const before = process.threadCpuUsage();
    root.protocolEvent("array", () =>
      Array.from({ length: 0 }).concat(Object.assign([], { length: 2 ** 31 })),
    );
    root.protocolEvent("buffer", () => ({ type: "direct", item: Buffer.alloc(100_000_000) }));
    const { user, system } = process.threadCpuUsage(before);
    expect(user + system).toBeLessThan(5_000_000);
    const source = store.openRollout("r");
    expect(payloadOf(source, { payload_id: "p2" as never })).toMatchObject({ withheld: true });
    expect(errors.map(({ code }) => code)).toEqual(["unrecordable"]);
  });

  it("loses an event whose metadata no reader would take, and a gap says so", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    let deep: unknown = 1;
    for (let level = 0; level < 1001; level += 1) deep = [deep];
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const hostile = [deep, cycle, () => 1, { toJSON: () => undefined }];
    for (const value of hostile) root.other({ kind: "k", summary: "lost", metadata: () => value });
    root.other({ kind: "k", summary: "kept", metadata: () => (deep as unknown[])[0] });
    store.close();
    expect(errors.map(({ code }) => code)).toEqual(hostile.map(() => "unrecordable"));
    expect(verifyStore(store.path).findings).toEqual([]);
    using reader = readTraceStore(store.path);
    const payloads = eventsOf(reader.openRollout("r")).map(({ payload }) => payload);
    expect(payloads.slice(2).map(({ type }) => type)).toEqual([
      ...hostile.map(() => "recorder_gap"),
      "other",
      "recording_completed",
    ]);
  });

  it("loses an event that is itself too large, and a gap says so", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    root.other({ kind: "large", summary: "x".repeat(20_000_000) });
    root.other({ kind: "small", summary: "x" });
    const types = eventsOf(store.openRollout("r")).map(({ payload }) => payload.type);
    expect(types.slice(2)).toEqual(["recorder_gap", "other"]);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining("other has 20000")]);
  });

  it("cannot reach other rows by its ids", () => {
    const path = temporaryPath();
    const store = openStore({ path });
    const ids = [
      "'; DROP TABLE events; --",
      '"',
      "\u0000",
      "p1",
      "%",
      "__proto__",
      "constructor",
      "\ud800",
      "é".repeat(5000),
    ];
    for (const id of ids) {
      const root = store.startRollout({ rolloutId: id, rootThread: { threadId: id } });
      const turn = root.startTurn({ turnId: id });
      turn
        .startToolCall({
          toolCallId: id,
          kind: { type: "web" },
          invocation: () => ({ tool_name: id, payload: { type: "json", value: id } }),
        })
        .ended();
      turn.end();
      root.endRollout();
    }
    for (const id of ids) {
      const events = eventsOf(store.openRollout(id.toWellFormed()));
      expect(
        new Set(events.slice(1, 6).map(({ thread_id, turn_id }) => `${thread_id} ${turn_id}`)).size,
      ).toBe(2);
      expect(events).toHaveLength(9);
    }
    store.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, checked: { rollouts: ids.length } });
  });

  it("is told that a store needs a file", () => {
    expect(() => openTraceStore({ path: ":memory:" })).toThrow(
      expect.objectContaining({ code: "invalid_option" }),
    );
  });
});
