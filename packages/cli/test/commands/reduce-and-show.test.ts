import {
  existsSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { ROOT } from "../sources/bundle-builder.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("show", () => {
  it("prints the rollout, then the agent, its turns, its requests and what they asked for", async () => {
    expect(await run(["show", smallBundle(folder)])).toEqual({
      code: 0,
      err: "",
      out: `rollout thread-root  completed
1970-01-01 00:00:01Z · 11 ms · 1 agent · 1 turn · 2 model requests · 1 tool call · 0 code cells · 30 tokens · cost unknown without --prices

/root  completed 9 ms  30 tokens
└─ turn 1  completed 7 ms  30 tokens  How is it?
   ├─ model request 1  completed 1 ms  10 → 5 tokens
   │  └─ look  completed 1 ms  call_1  {"at":"sky"}
   └─ model request 2  completed 1 ms  10 → 5 tokens  It is sunny.
`,
    });
  });

  it("cuts recorded text to the width of the terminal, and leaves it out where there is no room", async () => {
    const lines = (await run(["show", smallBundle(folder, "long ".repeat(100))], 60)).out
      .split("\n")
      .slice(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.some((line) => line.endsWith("…"))).toBe(true);
  });

  it("shows what would steer a terminal instead of sending it there", async () => {
    const { out } = await run(["show", smallBundle(folder, "\u001b]0;owned\u0007\u202e")]);
    expect(out).toContain(String.raw`\x1b]0;owned\x07\u{202e}`);
  });

  it("ends where a damaged recording says that a cell was started by its own call", async () => {
    const path = join(folder, "circle.db");
    const store = openTraceStore({ path });
    const turn = store.startRollout({ rolloutId: "circle" }).startTurn();
    const item = { type: "custom_tool_call", call_id: "call_1", name: "exec", input: "x" };
    turn
      .startInference({
        model: "m",
        provider: "p",
        dialect: "openai_responses",
        request: () => ({ input: [] }),
      })
      .completed({ response: () => ({ output_items: [item] }) });
    turn.codeModeObserver().observe({ type: "cell_started", cellId: "1", toolCallId: "call_1", source: "x" });
    turn.startToolCall({
      kind: { type: "code_cell_exec" },
      modelVisibleCallId: "call_1",
      requester: { type: "code_cell", runtime_cell_id: "1" as never },
    });
    store.close();
    const { code, out } = await run(["show", path]);
    expect(code).toBe(0);
    expect(out.match(/call_1/g)?.length).toBeLessThan(5);
    for (const args of [
      ["diff", path, path],
      ["why", path, "call_1"],
      ["explain", path, "cell 1"],
    ]) {
      expect((await run(args)).code).toBeLessThan(2);
    }
  });

  it("shows only the levels that are asked for", async () => {
    const lines = (await run(["show", smallBundle(folder), "--depth", "2"])).out.trim().split("\n");
    expect(lines.slice(3)).toEqual([
      "/root  completed 9 ms  30 tokens",
      "└─ turn 1  completed 7 ms  30 tokens  How is it?",
    ]);
  });

  it.each([
    ["a thread", ["--thread", "/nobody"], "no thread or agent path /nobody"],
    ["a turn", ["--turn", "turn-9"], "no turn turn-9"],
  ])("says so when %s that was asked for is not there", async (_what, options, message) => {
    expect(await run(["show", smallBundle(folder), ...options])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining(message),
    });
  });
});

describe("reduce", () => {
  it("writes the same graph to a file and to stdout", async () => {
    const file = join(folder, "graph.json");
    const printed = await run(["reduce", smallBundle(folder)]);
    expect(await run(["reduce", join(folder, "bundle"), "-o", file])).toEqual({ code: 0, out: "", err: "" });
    expect(readFileSync(file, "utf8")).toBe(printed.out);
    expect(JSON.parse(printed.out)).toMatchObject({ rollout_id: ROOT, status: "completed", diagnostics: [] });
  });

  it("writes out the items of each request when asked to", async () => {
    const graph = JSON.parse((await run(["reduce", smallBundle(folder), "--expand"])).out) as {
      inference_calls: Record<string, { request: { expanded_item_ids: string[] } }>;
    };
    expect(graph.inference_calls["i2"]?.request.expanded_item_ids).toEqual(["item:1", "item:2", "item:3"]);
  });

  it("goes on past what is damaged and says so, but stops there under --strict with exit code 1", async () => {
    const bundle = smallBundle(folder);
    rmSync(join(bundle, "payloads/2.json"));
    const lenient = await run(["reduce", bundle]);
    expect(lenient).toMatchObject({ code: 0, err: expect.stringMatching(/error missing_payload at seq 5/) });
    expect(JSON.parse(lenient.out)).toMatchObject({ status: "completed" });
    expect(await run(["reduce", bundle, "--strict"])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/missing_payload at seq 5/),
    });
  });

  it("writes through a link to the file that it leads to", async () => {
    const file = join(folder, "graph.json");
    const link = join(folder, "link.json");
    writeFileSync(file, "old");
    symlinkSync(file, link);
    expect(await run(["reduce", smallBundle(folder), "-o", link])).toEqual({ code: 0, out: "", err: "" });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ status: "completed" });
  });

  it("gives a terminal the same JSON without anything that could steer it, and anybody else the canonical bytes", async () => {
    const bundle = smallBundle(folder, "\u009b31m \u202e \u200b \u{e0041} é\n");
    const [piped, shown] = [await run(["reduce", bundle]), await run(["reduce", bundle], 80)];
    expect(piped.out).toContain("\u202e");
    expect(shown.out).not.toMatch(/[\u0080-\u009f\u202e\u200b]|\u{e0041}/u);
    expect(JSON.parse(shown.out)).toEqual(JSON.parse(piped.out));
  });

  it("leaves the old file as it was when the new one cannot be written", async () => {
    const taken = join(folder, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "inside"), "x");
    expect(await run(["reduce", smallBundle(folder), "-o", taken])).toMatchObject({
      code: 3,
      err: expect.stringContaining("taken"),
    });
    expect(readFileSync(join(taken, "inside"), "utf8")).toBe("x");
    expect(existsSync(`${taken}.${process.pid}.partial`)).toBe(false);
  });
});

describe("a message", () => {
  it.each([
    ["a path", (bundle: string) => ["show", join(bundle, "\u001b]0;owned\u0007")]],
    ["a rollout that is not there", (bundle: string) => ["show", bundle, "--rollout", "\u001b[2J\u202e"]],
    ["an unknown option", (bundle: string) => ["show", bundle, "--\u009b2J"]],
  ])("that quotes %s cannot steer a terminal", async (_what, args) => {
    const { code, err } = await run(args(smallBundle(folder)));
    expect(code).not.toBe(0);
    expect(err).toMatch(/\\x1b|\\x9b/);
    expect(err.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});

describe("a source", () => {
  it.each([
    ["is not there", "missing", 3, /ENOENT/],
    ["is a folder of something else", ".", 3, /without manifest\.json/],
    ["is a file of something else", "notes.txt", 3, /no SQLite file/],
    ["is a database of something else", "other.db", 3, /not a trace store/],
  ])("that %s is refused with exit code 3", async (_what, name, code, message) => {
    writeFileSync(join(folder, "notes.txt"), "hello");
    const database = new DatabaseSync(join(folder, "other.db"));
    database.exec("CREATE TABLE notes (text)");
    database.close();
    expect(await run(["show", join(folder, name)])).toMatchObject({
      code,
      out: "",
      err: expect.stringMatching(message),
    });
  });

  it("is known by its content and not by its name", async () => {
    const path = join(folder, "session.jsonl");
    const store = openTraceStore({ path });
    const root = store.startRollout({ rolloutId: "r1" });
    root.endRollout();
    store.close();
    expect(await run(["show", path])).toMatchObject({ code: 0, out: expect.stringContaining("rollout r1") });
  });

  it("takes as much of a rollout's id as no other has", async () => {
    const path = join(folder, "two.db");
    const store = openTraceStore({ path });
    for (const rolloutId of ["ab-1", "ac-1"]) store.startRollout({ rolloutId }).endRollout();
    store.close();
    expect((await run(["show", path, "--rollout", "ac"])).out).toContain("rollout ac-1");
    const logs = join(folder, "logs");
    mkdirSync(logs);
    copyFileSync(path, join(logs, "two.db"));
    expect((await run(["show", logs, "--rollout", "ab"])).out).toContain("rollout ab-1");
  });

  it("with several rollouts asks which, lists them, and takes an id or the latest", async () => {
    const path = join(folder, "many.db");
    const store = openTraceStore({ path });
    for (const rolloutId of ["r1", "r2"]) store.startRollout({ rolloutId }).endRollout();
    store.close();
    expect(await run(["show", path])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/2 rollouts.*r2.*r1/s),
    });
    expect((await run(["show", path, "--rollout", "r1"])).out).toContain("rollout r1");
    expect((await run(["show", path, "--rollout", "latest"])).out).toContain("rollout r2");
    expect(await run(["show", path, "--rollout", "r"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /the ids of several rollouts begin with r; give more of one:\n {2}r2 .*\n {2}r1 /,
      ),
    });
    expect(await run(["show", path, "--rollout", "r9"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("no rollout r9"),
    });
  });
});

describe("the command line", () => {
  it.each([
    ["nothing", []],
    ["an unknown command", ["explode"]],
    ["no source", ["show"]],
    ["an unknown option", ["show", "x", "--sideways"]],
    ["a depth of nothing", ["show", "x", "--depth", "0"]],
    ["an unknown format", ["show", "x", "--from", "tea"]],
  ])("takes %s for wrong usage: exit code 2, nothing on stdout", async (_what, args) => {
    expect(await run(args)).toMatchObject({ code: 2, out: "" });
  });

  it.each([
    [["--help"]],
    ...["show", "reduce", "verify", "diff", "explain", "why", "list", "tail"].map((name) => [
      [name, "--help"],
    ]),
  ])("explains itself: %j", async (args) => {
    const { code, out } = await run(args);
    expect(code).toBe(0);
    expect(out).toMatch(/Usage: rollout-trace/);
    expect(out).toMatch(args.length === 1 ? /Exit codes/ : /Example:\n {2}rollout-trace/);
  });
});
