import { once } from "node:events";
import { Worker } from "node:worker_threads";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { readTraceStore, type TraceStoreReader, verifyStore } from "@rollout-trace/trace";
import {
  eventsOf,
  exitOf,
  openStore,
  payloadIdsIn,
  payloadOf,
  runProgram,
  temporaryPath,
} from "../support.ts";

/** Kills the recorder once it has acknowledged `after` events, and gives the last `seq` that it had acknowledged. */
async function killAfter(path: string, rolloutId: string, after: number): Promise<number> {
  const child = runProgram("record-until-killed", path, rolloutId);
  let output = "";
  child.stdout?.on("data", (data) => {
    output += String(data);
    if (output.split("\n").length > after) child.kill("SIGKILL");
  });
  expect(await exitOf(child)).toBe("SIGKILL");
  return Number(output.split("\n").at(-2));
}

function requestsOf(reader: TraceStoreReader, rolloutId: string): readonly unknown[] {
  const source = reader.openRollout(rolloutId);
  const events = eventsOf(source);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  return payloadIdsIn(events).map((payload_id) => payloadOf(source, { payload_id }));
}

describe("a recorder that is killed", () => {
  it("loses nothing that it had acknowledged, and leaves a contiguous log with all its payloads", async () => {
    const path = temporaryPath();
    for (let kill = 0; kill < 10; kill += 1) {
      const rolloutId = `r${kill}`;
      const acknowledged = await killAfter(path, rolloutId, 1 + kill * 15);
      using reader = readTraceStore(path);
      const requests = requestsOf(reader, rolloutId);
      expect(requests.length + 2).toBeGreaterThanOrEqual(acknowledged);
      expect(requests).toEqual(
        requests.map((_, number) => ({ number, input: expect.objectContaining({ length: number + 1 }) })),
      );
    }
  }, 120_000);

  it("is noticed by the next one that opens the store, and only then", async () => {
    const path = temporaryPath();
    const alive = runProgram("record-until-killed", path, "alive");
    await once(alive.stdout ?? alive, "data");
    alive.stdout?.resume();
    await killAfter(path, "dead", 3);
    {
      using reader = readTraceStore(path);
      expect(reader.rollouts().map(({ state }) => state)).toEqual(["recording", "recording"]);
    }
    const store = openStore({ path });
    store.startRollout({ rolloutId: "mine" });
    openStore({ path });
    const states = Object.fromEntries(store.rollouts().map(({ rolloutId, state }) => [rolloutId, state]));
    expect(states).toEqual({ alive: "recording", dead: "stopped", mine: "recording" });
    const last = eventsOf(store.openRollout("dead")).at(-1);
    expect([last?.thread_id, last?.payload]).toEqual([
      null,
      { type: "recording_stopped", reason: "process_exited" },
    ]);
    const stops = [...eventsOf(store.openRollout("dead"))].filter(
      ({ payload }) => payload.type === "recording_stopped",
    );
    expect(stops).toHaveLength(1);
  });

  it("is gone even if another process has its pid now, and not certainly gone if it ran on another machine", () => {
    const path = temporaryPath();
    const first = openStore({ path });
    for (const rolloutId of ["reused", "elsewhere", "rebooted", "damaged"]) first.startRollout({ rolloutId });
    const database = new Database(path);
    const set = (rolloutId: string, key: string, value: string): void => {
      const sql = "UPDATE rollouts SET writer = json_set(writer, ?, ?) WHERE rollout_id = ?";
      database.prepare(sql).run(key, value, rolloutId);
    };
    set("reused", "$.start", "1");
    set("elsewhere", "$.host", "another-machine");
    set("rebooted", "$.boot", "an-earlier-boot");
    database.prepare("UPDATE rollouts SET writer = '{' WHERE rollout_id = 'damaged'").run();
    database.close();
    const second = openStore({ path });
    const states = Object.fromEntries(second.rollouts().map(({ rolloutId, state }) => [rolloutId, state]));
    expect(states).toEqual({
      reused: "stopped",
      elsewhere: "recording",
      rebooted: "stopped",
      damaged: "recording",
    });
  });

  it("goes on behind the mark when it was taken for gone and was not", () => {
    const path = temporaryPath();
    const first = openStore({ path });
    const root = first.startRollout({ rolloutId: "r" });
    const database = new Database(path);
    database.prepare("UPDATE rollouts SET writer = json_set(writer, '$.start', '1')").run();
    database.close();
    openStore({ path });
    root.protocolEvent("still here", () => 1);
    expect(eventsOf(first.openRollout("r")).map(({ payload }) => payload.type)).toEqual([
      "rollout_started",
      "thread_started",
      "recording_stopped",
      "protocol_event_observed",
    ]);
  });
});

describe("several processes on one file", () => {
  const [writers, events] = [4, 300];

  /** Gives the longest that one of them waited in a call. */
  async function longestWait(path: string): Promise<number> {
    const children = Array.from({ length: writers }, (_, number) =>
      runProgram("record-some", path, `r${number}`, String(events)),
    );
    const outputs = children.map(() => "");
    for (const [number, child] of children.entries()) {
      child.stdout?.on("data", (data) => (outputs[number] += String(data)));
    }
    await Promise.all(children.map((child) => once(child.stdout ?? child, "data")));
    const exits = children.map(exitOf);
    for (const child of children) child.stdin?.end("go");
    expect(await Promise.all(exits)).toEqual(children.map(() => 0));

    const reports = outputs.map(
      (text) => JSON.parse(text.split("\n")[1] ?? "") as { longest: number; counts: object },
    );
    expect(reports.map(({ counts }) => counts)).toEqual(
      reports.map(() => ({
        recordedEvents: events + 3,
        waitingEvents: 0,
        droppedEvents: 0,
        droppedPayloadBytes: 0,
        redactedSecrets: {},
      })),
    );
    using reader = readTraceStore(path);
    for (let number = 0; number < writers; number += 1) {
      expect(requestsOf(reader, `r${number}`)).toHaveLength(events);
    }
    return Math.max(...reports.map(({ longest }) => longest));
  }

  it("lose nothing, and none of them waits for a second", async () => {
    // A busy machine may add to any wait.
    let longest = await longestWait(temporaryPath());
    for (let round = 1; longest >= 1000 && round < 5; round += 1)
      longest = await longestWait(temporaryPath());
    expect(longest).toBeLessThan(1000);
  }, 120_000);
});

describe("several threads of a process on one file", () => {
  it("lose nothing, and none takes the recordings of another for those of a dead process", async () => {
    const path = temporaryPath();
    const program = new URL("../programs/record-in-thread.ts", import.meta.url);
    const rolloutIds = ["w0", "w1", "w2"];
    const ends = rolloutIds.map((rolloutId) =>
      once(new Worker(program, { argv: [path, rolloutId, "50"] }), "exit"),
    );
    expect(await Promise.all(ends)).toEqual(rolloutIds.map(() => [0]));
    openStore({ path }).close();
    using reader = readTraceStore(path);
    const recordings = reader.rollouts();
    const states = rolloutIds.map((id) => recordings.find(({ rolloutId }) => rolloutId === id));
    expect(states).toEqual(
      rolloutIds.map(() => expect.objectContaining({ state: "completed", eventCount: 53 })),
    );
    expect(verifyStore(path).findings).toEqual([]);
  });
});

describe("a process that only has stores open", () => {
  it("ends by itself, and what a batch was still holding is in the file", async () => {
    const path = temporaryPath();
    expect(await exitOf(runProgram("stay-idle", path))).toBe(0);
    for (const durability of ["process", "power", "batch"]) {
      using reader = readTraceStore(`${path}-${durability}`);
      expect(reader.rollouts().map(({ eventCount }) => eventCount)).toEqual([3]);
    }
  });
});
