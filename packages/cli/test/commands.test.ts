import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Chalk } from "chalk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandIo, runCli } from "@rollout-trace/cli";
import { openTraceStore } from "@rollout-trace/trace";
import { BundleBuilder, ROOT } from "./sources/bundle-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], columns: number | null = null): Ran {
  let out = "";
  let err = "";
  const io: CommandIo = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    colour: new Chalk({ level: 0 }),
    columns,
  };
  return { code: runCli(args, io), out, err };
}

/** One turn: a question, a tool call, its output, an answer. */
function smallBundle(answer = "It is sunny."): string {
  const bundle = new BundleBuilder(join(folder, "bundle"));
  const question = {
    type: "message",
    role: "user",
    id: "msg_1",
    content: [{ type: "input_text", text: "How is it?" }],
  };
  const call = {
    type: "function_call",
    id: "fc_1",
    call_id: "call_1",
    name: "look",
    arguments: '{"at":"sky"}',
  };
  const output = { type: "function_call_output", id: "fco_1", call_id: "call_1", output: "sun" };
  const message = {
    type: "message",
    role: "assistant",
    id: "msg_2",
    content: [{ type: "output_text", text: answer }],
  };
  const request = (id: string, input: readonly object[]) => ({
    type: "inference_started",
    inference_call_id: id,
    thread_id: ROOT,
    codex_turn_id: "turn-1",
    model: "m",
    provider_name: "p",
    request_payload: bundle.payload("inference_request", { input }),
  });
  const response = (id: string, items: readonly object[]) => ({
    type: "inference_completed",
    inference_call_id: id,
    response_id: `resp-${id}`,
    response_payload: bundle.payload("inference_response", {
      output_items: items,
      token_usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    }),
  });
  return bundle
    .event({ type: "rollout_started", trace_id: "trace", root_thread_id: ROOT }, { thread: null, turn: null })
    .event({ type: "thread_started", thread_id: ROOT, agent_path: "/root" }, { turn: null })
    .event({ type: "codex_turn_started", codex_turn_id: "turn-1", thread_id: ROOT })
    .event(request("i1", [question]))
    .event(response("i1", [call]))
    .event({
      type: "tool_call_started",
      tool_call_id: "call_1",
      model_visible_call_id: "call_1",
      requester: { type: "model" },
      kind: { type: "other", name: "look" },
      summary: { label: "look", input_preview: '{"at":"sky"}' },
    })
    .event({
      type: "tool_call_ended",
      tool_call_id: "call_1",
      status: "completed",
      result_payload: bundle.payload("tool_result", { type: "direct_response", response_item: output }),
    })
    .event(request("i2", [question, call, output]))
    .event(response("i2", [message]))
    .event({ type: "codex_turn_ended", codex_turn_id: "turn-1", status: "completed" })
    .event({ type: "thread_ended", thread_id: ROOT, status: "completed" }, { turn: null })
    .event({ type: "rollout_ended", status: "completed" }, { thread: null, turn: null })
    .event({ type: "recording_completed" }, { thread: null, turn: null })
    .write();
}

describe("show", () => {
  it("prints the rollout, then the agent, its turns, its requests and what they asked for", () => {
    expect(run(["show", smallBundle()])).toEqual({
      code: 0,
      err: "",
      out: `rollout thread-root  completed
1970-01-01 00:00:01Z · 11 ms · 1 agent · 1 turn · 2 model requests · 1 tool call · 0 code cells · 30 tokens

/root  completed 9 ms
└─ turn 1  completed 7 ms  30 tokens  How is it?
   ├─ model  completed 1 ms  10 → 5 tokens
   │  └─ look  completed 1 ms  call_1  {"at":"sky"}
   └─ model  completed 1 ms  10 → 5 tokens  It is sunny.
`,
    });
  });

  it("cuts recorded text to the width of the terminal, and leaves it out where there is no room", () => {
    const lines = run(["show", smallBundle("long ".repeat(100))], 60)
      .out.split("\n")
      .slice(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.some((line) => line.endsWith("…"))).toBe(true);
  });

  it("shows what would steer a terminal instead of sending it there", () => {
    const { out } = run(["show", smallBundle("\u001b]0;owned\u0007\u202e")]);
    expect(out).toContain(String.raw`\x1b]0;owned\x07\u{202e}`);
  });

  it("shows only the levels that are asked for", () => {
    const lines = run(["show", smallBundle(), "--depth", "2"]).out.trim().split("\n");
    expect(lines.slice(3)).toEqual([
      "/root  completed 9 ms",
      "└─ turn 1  completed 7 ms  30 tokens  How is it?",
    ]);
  });

  it.each([
    ["a thread", ["--thread", "/nobody"], "no thread or agent path /nobody"],
    ["a turn", ["--turn", "turn-9"], "no turn turn-9"],
  ])("says so when %s that was asked for is not there", (_what, options, message) => {
    expect(run(["show", smallBundle(), ...options])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining(message),
    });
  });
});

describe("reduce", () => {
  it("writes the same graph to a file and to stdout", () => {
    const file = join(folder, "graph.json");
    const printed = run(["reduce", smallBundle()]);
    expect(run(["reduce", join(folder, "bundle"), "-o", file])).toEqual({ code: 0, out: "", err: "" });
    expect(readFileSync(file, "utf8")).toBe(printed.out);
    expect(JSON.parse(printed.out)).toMatchObject({ rollout_id: ROOT, status: "completed", diagnostics: [] });
  });

  it("writes out the items of each request when asked to", () => {
    const graph = JSON.parse(run(["reduce", smallBundle(), "--expand"]).out) as {
      inference_calls: Record<string, { request: { expanded_item_ids: string[] } }>;
    };
    expect(graph.inference_calls["i2"]?.request.expanded_item_ids).toEqual(["item:1", "item:2", "item:3"]);
  });

  it("goes on past what is damaged and says so, but stops there under --strict with exit code 1", () => {
    const bundle = smallBundle();
    rmSync(join(bundle, "payloads/2.json"));
    const lenient = run(["reduce", bundle]);
    expect(lenient).toMatchObject({ code: 0, err: expect.stringMatching(/error missing_payload at seq 5/) });
    expect(JSON.parse(lenient.out)).toMatchObject({ status: "completed" });
    expect(run(["reduce", bundle, "--strict"])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/missing_payload at seq 5/),
    });
  });

  it("leaves the old file as it was when the new one cannot be written", () => {
    const taken = join(folder, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "inside"), "x");
    expect(run(["reduce", smallBundle(), "-o", taken])).toMatchObject({
      code: 3,
      err: expect.stringContaining("taken"),
    });
    expect(readFileSync(join(taken, "inside"), "utf8")).toBe("x");
    expect(existsSync(`${taken}.${process.pid}.partial`)).toBe(false);
  });
});

describe("a source", () => {
  it.each([
    ["is not there", "missing", 3, /ENOENT/],
    ["is a folder of something else", ".", 3, /without manifest\.json/],
    ["is a file of something else", "notes.txt", 3, /no SQLite file/],
    ["is a database of something else", "other.db", 3, /not a trace store/],
  ])("that %s is refused with exit code 3", (_what, name, code, message) => {
    writeFileSync(join(folder, "notes.txt"), "hello");
    const database = new DatabaseSync(join(folder, "other.db"));
    database.exec("CREATE TABLE notes (text)");
    database.close();
    expect(run(["show", join(folder, name)])).toMatchObject({
      code,
      out: "",
      err: expect.stringMatching(message),
    });
  });

  it("is known by its content and not by its name", () => {
    const path = join(folder, "session.jsonl");
    const store = openTraceStore({ path });
    const root = store.startRollout({ rolloutId: "r1" });
    root.endRollout();
    store.close();
    expect(run(["show", path])).toMatchObject({ code: 0, out: expect.stringContaining("rollout r1") });
  });

  it("with several rollouts asks which, lists them, and takes an id or the latest", () => {
    const path = join(folder, "many.db");
    const store = openTraceStore({ path });
    for (const rolloutId of ["r1", "r2"]) store.startRollout({ rolloutId }).endRollout();
    store.close();
    expect(run(["show", path])).toMatchObject({ code: 2, err: expect.stringMatching(/2 rollouts.*r1.*r2/s) });
    expect(run(["show", path, "--rollout", "r1"]).out).toContain("rollout r1");
    expect(run(["show", path, "--rollout", "latest"]).out).toContain("rollout r2");
    expect(run(["show", path, "--rollout", "r9"])).toMatchObject({
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
  ])("takes %s for wrong usage: exit code 2, nothing on stdout", (_what, args) => {
    expect(run(args)).toMatchObject({ code: 2, out: "" });
  });

  it.each([[["--help"]], [["show", "--help"]], [["reduce", "--help"]]])("explains itself: %j", (args) => {
    const { code, out } = run(args);
    expect(code).toBe(0);
    expect(out).toMatch(/Usage: rollout-trace/);
  });
});
