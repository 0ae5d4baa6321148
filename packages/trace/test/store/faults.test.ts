import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import {
  openTraceStore,
  readTraceStore,
  type StoreCounts,
  type TraceStoreError,
  verifyStore,
} from "@rollout-trace/trace";
import {
  eventsOf,
  exitOf,
  openStore,
  payloadIdsIn,
  payloadOf,
  runProgram,
  temporaryPath,
} from "../support.ts";

/** Values that have no JSON text, each with the reason that is recorded in their place. */
function unserialisable(): Record<string, () => unknown> {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const input: unknown[] = [];
  input.push(input);
  return {
    cycle: () => cycle,
    "cycle in an array": () => ({ input }),
    BigInt: () => ({ big: 1n }),
    function: () => () => 1,
    nothing: () => undefined,
    "throwing getter": () => ({
      get secret(): never {
        throw new Error("getter");
      },
    }),
    toJSON: () => ({
      toJSON(): never {
        throw new Error("toJSON");
      },
    }),
    "throwing thunk": () => {
      throw new Error("thunk");
    },
    "something thrown that cannot be described": () => {
      throw Object.defineProperty(new Error("x"), "message", {
        get(): never {
          throw new Error("message");
        },
      });
    },
    "revoked proxy": () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "200 MB string": () => ({ text: "x".repeat(200_000_000) }),
  };
}

describe("a value that cannot be serialised", () => {
  it.each(Object.entries(unserialisable()))("costs its payload and not its event: %s", (_name, value) => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    root.protocolEvent("odd", value);
    root.protocolEvent("odd", value);
    root.protocolEvent("fine", () => ({ fine: true }));
    const source = store.openRollout("r");
    const seen = eventsOf(source).flatMap(({ payload }) =>
      payload.type === "protocol_event_observed"
        ? [[payload.event_type, payloadOf(source, payload.event)]]
        : [],
    );
    const withheld = { withheld: true, reason: expect.any(String) };
    expect(seen).toEqual([
      ["odd", withheld],
      ["odd", withheld],
      ["fine", { fine: true }],
    ]);
    expect(errors.map(({ code }) => code)).toEqual(["unrecordable"]);
  });

  it("costs the event when it is in the event itself, which a gap then says", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    root.startTurn().historyItemAccepted({ itemId: "" });
    root.protocolEvent("x", () => 1);
    const types = eventsOf(store.openRollout("r")).map(({ payload }) => payload.type);
    expect(types.slice(3)).toEqual(["recorder_gap", "protocol_event_observed"]);
    expect(errors.map(({ code }) => code)).toEqual(["unrecordable"]);
    expect(store.counts).toMatchObject({ droppedEvents: 1, waitingEvents: 0 });
  });
});

describe("a store that cannot be written", () => {
  it("keeps what was recorded while another process held the lock, and never holds the host up twice", () => {
    const path = temporaryPath();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    let number = 0;
    const waits = (): readonly number[] => {
      const other = new Database(path);
      other.exec("BEGIN IMMEDIATE");
      const longest = Array.from({ length: 50 }, () => {
        const began = performance.now();
        root.protocolEvent("x", () => ({ number }));
        number += 1;
        return performance.now() - began;
      });
      expect(store.counts).toMatchObject({ recordedEvents: 2 + number - 50, waitingEvents: 50 });
      other.exec("COMMIT");
      other.close();
      expect(store.flush()).toBe(true);
      return longest;
    };
    // A busy machine may add to any wait.
    let [first = 0, ...others] = waits();
    while (first >= 1000 && errors.length < 5) [first = 0, ...others] = waits();

    const source = store.openRollout("r");
    const numbers = eventsOf(source).flatMap(({ payload }) =>
      payload.type === "protocol_event_observed" ? [payloadOf(source, payload.event)] : [],
    );
    expect(numbers).toEqual(Array.from({ length: number }, (_, index) => ({ number: index })));
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: number / 50 }, () => "busy"));
    expect(first).toBeLessThan(1000);
    // Had each of them waited as the first did, it would be 49 times as long.
    expect(others.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(10 * first);
  });

  it("counts what does not fit in memory and says so, in its place, once writing works again", () => {
    const path = temporaryPath();
    const store = openStore({ path, onError: () => {} });
    const root = store.startRollout({ rolloutId: "r" });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    const text = "x".repeat(1024 * 1024);
    for (let number = 0; number < 20; number += 1)
      root.protocolEvent(`${number}`, () => text + String(number));
    other.exec("COMMIT");
    other.close();
    store.flush();
    root.protocolEvent("after", () => 1);
    const events = eventsOf(store.openRollout("r"));
    const { droppedEvents, droppedPayloadBytes, recordedEvents } = store.counts;
    const gaps = events.flatMap(({ payload }) => (payload.type === "recorder_gap" ? [payload] : []));
    expect(gaps).toMatchObject([
      { dropped_events: droppedEvents, dropped_payload_bytes: droppedPayloadBytes },
    ]);
    expect(recordedEvents + droppedEvents).toBe(2 + 20 + 1);
    expect(droppedEvents).toBeGreaterThan(0);
    expect(events.slice(-2).map(({ payload }) => payload.type)).toEqual([
      "recorder_gap",
      "protocol_event_observed",
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });

  it("begins again in a new file when its own was deleted, and says what went with the old one", () => {
    const path = temporaryPath();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r", rootThread: { threadId: "t" } });
    root.startChildThread({ threadId: "k" });
    root.protocolEvent("before", () => ({
      input: Array.from({ length: 20 }, (_, item) => "long ".repeat(30) + item),
    }));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    const deadline = performance.now() + 5000;
    while (!existsSync(path) && performance.now() < deadline) {
      root.protocolEvent("after", () => ({
        input: Array.from({ length: 20 }, (_, item) => "long ".repeat(30) + item),
      }));
      store.flush();
    }
    const source = store.openRollout("r");
    const events = eventsOf(source);
    expect(errors.map(({ code }) => code)).toEqual(["file_gone"]);
    expect(events.slice(0, 5).map(({ payload }) => payload.type)).toEqual([
      "rollout_started",
      "thread_started",
      "thread_started",
      "recorder_gap",
      "protocol_event_observed",
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const requests = events.flatMap(({ payload }) =>
      payload.type === "protocol_event_observed" ? [payloadOf(source, payload.event)] : [],
    );
    expect(requests).toEqual(requests.map(() => ({ input: expect.objectContaining({ length: 20 }) })));
  });

  it("goes on in a store that its own was replaced by, which keeps what it held", () => {
    const [path, other] = [temporaryPath(), temporaryPath()];
    const kept = openStore({ path: other });
    const { rolloutId } = kept.startRollout();
    kept.close();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, onError: (error) => errors.push(error) });
    const root = store.startRollout({ rolloutId: "r" });
    root.protocolEvent("before", () => ({}));
    renameSync(other, path);
    const deadline = performance.now() + 5000;
    while (errors.length === 0 && performance.now() < deadline) root.protocolEvent("after", () => ({}));
    store.close();
    expect(errors.map(({ code }) => code)).toEqual(["file_gone"]);
    expect(verifyStore(path).findings).toEqual([]);
    using reader = readTraceStore(path);
    expect(reader.rolloutCounts().map((counts) => [counts.rolloutId, counts.recorderGaps])).toEqual([
      [rolloutId, 0],
      ["r", 1],
    ]);
  });

  it.runIf(process.platform === "linux")(
    "keeps to itself that the disk is full, and says what was lost when there is room again",
    async () => {
      const path = temporaryPath();
      const child = runProgram("record-on-full-disk", path);
      // A limit on the size of files stands for the size of the disk.
      execFileSync("prlimit", [`--pid=${child.pid}`, "--fsize=4000000:unlimited"]);
      const output: string[] = [];
      child.stdout?.on("data", (data) => {
        output.push(String(data));
        if (String(data) !== "full\n") return;
        execFileSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:unlimited"]);
        child.stdin?.end("go on");
      });
      expect(await exitOf(child)).toBe(0);

      const report = JSON.parse(output.join("").split("\n")[1] ?? "") as {
        readonly codes: readonly string[];
        readonly sameResults: boolean;
        readonly calls: number;
        readonly counts: StoreCounts;
      };
      expect(report.sameResults).toBe(true);
      // More than once where closing the file made a little room, which was soon gone again.
      expect(report.codes.filter((code) => !["disk_full", "io_error"].includes(code))).toEqual([]);
      expect(report.codes.length).toBeGreaterThan(0);
      const { recordedEvents, droppedEvents, droppedPayloadBytes } = report.counts;
      expect(droppedEvents).toBeGreaterThan(0);
      expect(recordedEvents + droppedEvents).toBe(3 + 2 * report.calls + 2);
      using reader = readTraceStore(path);
      const source = reader.openRollout("r");
      const events = eventsOf(source);
      const gaps = events.flatMap(({ payload }) => (payload.type === "recorder_gap" ? [payload] : []));
      const lost = gaps.map((gap) => [gap.dropped_events, gap.dropped_payload_bytes]);
      const total = [0, 1].map((figure) => lost.reduce((sum, gap) => sum + (gap[figure] ?? 0), 0));
      expect(total).toEqual([droppedEvents, droppedPayloadBytes]);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const payloads = payloadIdsIn(events).map((payload_id) => payloadOf(source, { payload_id }));
      expect(payloads).toEqual(payloads.map(() => ({ type: "direct", item: expect.any(String) })));
    },
    120_000,
  );

  it("drops and counts what comes after it was closed", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ onError: (error) => errors.push(error) });
    const open = store.startRollout({ rolloutId: "open" });
    const ended = store.startRollout({ rolloutId: "ended" });
    ended.endRollout();
    ended.protocolEvent("late", () => 1);
    ended.endRollout("failed");
    store.close();
    open.protocolEvent("late", () => 1);
    store.startRollout();
    store.close();
    expect(errors.map(({ code }) => code)).toEqual(["rollout_ended", "rollout_ended", "closed"]);
    using reader = readTraceStore(store.path);
    const ends = reader.rollouts().map(({ rolloutId, state, eventCount }) => [rolloutId, state, eventCount]);
    expect(ends).toEqual([
      ["open", "completed", 3],
      ["ended", "completed", 5],
    ]);
  });

  it("is reported and not thrown when there is no such directory", () => {
    const errors: TraceStoreError[] = [];
    const store = openStore({ path: "/nowhere/at/all/trace.db", onError: (error) => errors.push(error) });
    const root = store.startRollout();
    root.protocolEvent("x", () => 1);
    root.endRollout();
    expect(errors.map(({ code }) => code)).toEqual(["cannot_open"]);
    expect(store.failure?.code).toBe("cannot_open");
    expect(() => store.rollouts()).toThrow(expect.objectContaining({ code: "cannot_open" }));
  });

  it("survives an error handler that throws", () => {
    const store = openStore({
      path: "/nowhere/at/all/trace.db",
      onError: () => {
        throw new Error("handler");
      },
    });
    expect(store.startRollout().enabled).toBe(true);
  });

  it("is reported as read-only to a process that may not write it", async () => {
    const path = temporaryPath();
    openStore({ path }).close();
    chmodSync(path, 0o444);
    chmodSync(dirname(path), 0o755);
    const child = runProgram("record-read-only", path);
    const output: string[] = [];
    child.stdout?.on("data", (data) => output.push(String(data)));
    expect(await exitOf(child)).toBe(0);
    expect(JSON.parse(output.join(""))).toEqual({ result: "the host's result", codes: ["read_only"] });
  });
});

describe("opening", () => {
  it("refuses options out of range by naming them", () => {
    const open = (options: object) => () => openTraceStore({ path: "x", ...options });
    for (const options of [{ path: "" }, { batchMs: 0 }, { durability: "sometimes" }]) {
      expect(open(options)).toThrow(expect.objectContaining({ code: "invalid_option" }));
    }
  });

  it("leaves alone a database, and a file, that is not a store", () => {
    const database = temporaryPath("other.db");
    new Database(database).exec("CREATE TABLE other (x)").close();
    const text = temporaryPath("text.db");
    writeFileSync(text, "not a database at all, but long enough to be looked at ".repeat(20));
    for (const path of [database, text]) {
      const errors: TraceStoreError[] = [];
      const store = openStore({ path, onError: (error) => errors.push(error) });
      store.startRollout();
      expect(errors.map(({ code }) => code)).toEqual(["not_a_store"]);
      expect(() => readTraceStore(path)).toThrow(expect.objectContaining({ code: "not_a_store" }));
    }
  });

  it("reads a newer file and refuses to write it, with a code", () => {
    const path = temporaryPath();
    const first = openStore({ path });
    first.startRollout({ rolloutId: "r" }).endRollout();
    first.close();
    const database = new Database(path);
    database.pragma("user_version = 99");
    database.close();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, onError: (error) => errors.push(error) });
    store.startRollout({ rolloutId: "new" });
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ["newer_schema", expect.stringContaining("99")],
    ]);
    expect(store.rollouts().map(({ rolloutId }) => rolloutId)).toEqual(["r"]);
  });

  it("with readOnly records nothing and says so once", () => {
    const path = temporaryPath();
    openStore({ path }).close();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, readOnly: true, onError: (error) => errors.push(error) });
    expect([store.startRollout().enabled, store.startRollout().enabled]).toEqual([false, false]);
    expect(errors.map(({ code }) => code)).toEqual(["read_only"]);
    expect(store.rollouts()).toEqual([]);
  });
});

describe("a batch", () => {
  it("is written by its timer, and by its age when the host lets no timer run", async () => {
    const store = openStore({ durability: "batch", batchMs: 20 });
    const root = store.startRollout();
    expect(root.lastSeq).toBe(0);
    while (root.lastSeq < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(store.counts).toMatchObject({ recordedEvents: 2, waitingEvents: 0 });
    const began = performance.now();
    while (root.lastSeq === 2 && performance.now() - began < 5000) root.protocolEvent("x", () => 1);
    expect(root.lastSeq).toBeGreaterThan(2);
  });
});

describe("time", () => {
  it("never decreases, whatever the clock does", () => {
    const readings = [100, 50, Number.NaN, 200, 199, -1, Infinity, 201];
    const store = openStore({
      clock: () => {
        const reading = readings.shift();
        if (reading === undefined) throw new Error("no clock");
        return reading;
      },
    });
    const root = store.startRollout({ rolloutId: "r" });
    for (let number = 0; number < 7; number += 1) root.protocolEvent("x", () => number);
    const times = eventsOf(store.openRollout("r")).map((event) => event.time_unix_us);
    expect(times).toEqual([100, 100, 100, 200, 200, 200, 200, 201, 201]);
  });
});
