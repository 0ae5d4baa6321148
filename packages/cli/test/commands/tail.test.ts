import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { Running } from "./cli-process.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

const WRITER = resolve(import.meta.dirname, "step-writer.ts");

let folder: string;
let path: string;
let started: Running[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tail-"));
  path = join(folder, "live.db");
  started = [];
});
afterEach(() => {
  for (const process of started) process.signal("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(running: Running): Running {
  started.push(running);
  return running;
}

describe("tail", () => {
  it("prints events as another process records them, and ends with the recording", async () => {
    const writer = start(new Running([WRITER, path]));
    await writer.printed(/start done/);
    const tail = start(Running.cli(["tail", path]));
    await tail.printed(/thread_started/);
    for (const seq of [3, 4, 5]) {
      writer.type("turn\n");
      // The next step is taken only after this one was seen: nothing waits for the end.
      await tail.printed(new RegExp(`^ +${seq} .*turn_started`, "m"));
    }
    writer.type("end\n");
    const { code, out, err } = await tail.exited;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.trim().split(/ {2,}/).at(0)),
    ).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
    expect(out).toMatch(/recording_completed\n$/);
  });

  it("notices that the process that records was killed, after all that it wrote", async () => {
    const writer = start(new Running([WRITER, path]));
    await writer.printed(/start done/);
    const tail = start(Running.cli(["tail", path]));
    await tail.printed(/thread_started/);
    writer.type("turn\n");
    await writer.printed(/turn done/);
    writer.signal("SIGKILL");
    const { code, out, err } = await tail.exited;
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/live\.db: the recording was cut off: the process that wrote it is gone/),
    });
    expect(out).toMatch(/turn_started[^\n]*\n$/);
    // Whoever records next says in the store that it stopped; that is the same answer.
    openTraceStore({ path }).close();
    openTraceStore({ path }).startRollout({ rolloutId: "next" }).endRollout();
    const again = await run(["tail", path, "--rollout", "live"]);
    expect({ code: again.code, last: again.out.split("\n").at(-2) }).toEqual({
      code: 1,
      last: expect.stringMatching(/recording_stopped {2}process_exited/),
    });
  });

  it("goes on to the next rollout with --rollout latest, until Ctrl-C", async () => {
    const store = openTraceStore({ path });
    store.startRollout({ rolloutId: "first" }).endRollout();
    const tail = start(Running.cli(["tail", path, "--rollout", "latest"]));
    await tail.printed(/recording_completed/);
    const second = store.startRollout({ rolloutId: "second" });
    await tail.printed(/recording_completed\n[^]*rollout_started/);
    store.startRollout({ rolloutId: "third" });
    await tail.printed(/(rollout_started[^]*){3}thread_started/);
    tail.signal("SIGINT");
    expect(await tail.exited).toMatchObject({
      code: 130,
      signal: null,
      err: "rollout second\nrollout third\n",
    });
    second.endRollout();
    store.close();
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("ends on %s with exit code %i", async (name, code) => {
    const writer = start(new Running([WRITER, path]));
    await writer.printed(/start done/);
    const tail = start(Running.cli(["tail", path]));
    await tail.printed(/thread_started/);
    tail.signal(name);
    expect(await tail.exited).toMatchObject({ code, signal: null, err: "" });
  });

  it("ends at once on Ctrl-C, with what it has printed and nothing else", async () => {
    const writer = start(new Running([WRITER, path]));
    await writer.printed(/start done/);
    const tail = start(Running.cli(["tail", path, "--json"]));
    await tail.printed(/thread_started/);
    tail.signal("SIGINT");
    const { code, signal, out, err } = await tail.exited;
    expect({ code, signal, err }).toEqual({ code: 130, signal: null, err: "" });
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    ).toEqual([1, 2]);
  });

  it("prints a recording that is over and ends", async () => {
    const store = openTraceStore({ path });
    store.startRollout({ rolloutId: "r1" }).endRollout();
    store.startRollout({ rolloutId: "r2" }).endRollout("failed");
    store.close();
    const latest = await run(["tail", path]);
    expect({ code: latest.code, last: latest.out.split("\n").at(-3) }).toEqual({
      code: 0,
      last: expect.stringMatching(/rollout_ended {2}failed/),
    });
    expect((await run(["tail", path, "--rollout", "r1"])).out).toMatch(/rollout_ended {2}completed/);
    expect(await run(["tail", path, "--rollout", "r9"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("no rollout r9"),
    });
  });

  it("refuses what is no store", async () => {
    expect(await run(["tail", smallBundle(folder)])).toMatchObject({ code: 3, out: "" });
  });
});
