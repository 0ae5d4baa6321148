import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Chalk } from "chalk";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandIo, openSource, processIo, renderRollout, runCli } from "@rollout-trace/cli";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { openTraceStore } from "@rollout-trace/trace";
import { LogBuilder } from "../sources/codex-log/log-builder.ts";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

const FIXTURES = resolve(import.meta.dirname, "../../../../fixtures/reducer");

let folder: string;
let store: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "show-"));
  store = smallStore(join(folder, "s.db"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function show(...more: string[]): Promise<string> {
  const { code, out, err } = await run(["show", store, "--rollout", "weather", ...more]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

function prices(models: object, currency?: string): string {
  const path = join(folder, "prices.json");
  writeFileSync(path, JSON.stringify({ currency, models }));
  return path;
}

/** The page of a graph that the reducer's fixtures keep. */
function pageOf(fixture: string, columns: number | null = null): string {
  const { graph } = JSON.parse(readFileSync(join(FIXTURES, `${fixture}.json`), "utf8")) as {
    graph: RolloutGraph;
  };
  const io: CommandIo = { ...processIo(), colour: new Chalk({ level: 0 }), columns };
  return renderRollout(graph, {}, io);
}

describe("show of a long rollout", () => {
  it("prints the head at once and the tree as it is made, and all of it is the page", async () => {
    const path = join(folder, "long.db");
    const trace = openTraceStore({ path, durability: "batch" });
    const root = trace.startRollout({ rolloutId: "long" });
    for (let number = 0; number < 2_000; number += 1) root.startTurn().end();
    root.endRollout();
    trace.close();
    const printed: string[] = [];
    const io: CommandIo = {
      ...processIo(),
      colour: new Chalk({ level: 0 }),
      columns: 60,
      out: (text) => void printed.push(text),
    };
    expect(await runCli(["show", path], io)).toBe(0);
    expect(printed[0]).toMatch(/^rollout long {2}completed\n[^└├]*$/);
    expect(Math.max(...printed.map((piece) => piece.length))).toBeLessThan(20_000);
    using source = openSource(path);
    expect(printed.join("")).toBe(renderRollout(reduceRollout(source.rollout), {}, io));
  });
});

describe("show with prices", () => {
  it("says what each request, turn and agent cost, and all of it", async () => {
    // 20 + 60 + 120 tokens in and 3 × 8 out by the root, 20 in and 8 out by the other agent.
    const out = await show("--prices", prices({ "model-1": { input: 1_000, output: 10_000 } }, "EUR"));
    expect(out).toMatch(/252 tokens · cost 0\.54 EUR\n/);
    expect(out).toMatch(/^\/root .* 224 tokens {2}cost 0\.44 EUR$/m);
    expect(out).toMatch(/\/root\/check .* cost 0\.10 EUR$/m);
    expect(out).toMatch(/20 → 8 tokens {2}cost 0\.10 EUR$/m);
  });

  it("counts a response that is told of twice once, and another that has the same id", async () => {
    const path = join(folder, "twice.db");
    const trace = openTraceStore({ path, durability: "batch" });
    const turn = trace.startRollout({ rolloutId: "ids" }).startTurn();
    for (const input_tokens of [10, 20, 10]) {
      const request = turn.startInference({
        model: "m",
        provider: "p",
        dialect: "openai_responses",
        request: () => ({ input: [] }),
      });
      const usage = { input_tokens, output_tokens: 0 };
      request.completed({ responseId: "412", response: () => ({ output: [], usage }) });
    }
    trace.close();
    const { out } = await run(["show", path, "--prices", prices({ m: { input: 100_000, output: 1 } })]);
    expect(out).toMatch(/30 tokens · cost 3\.00\n/);
  });

  it("says unknown for a model without a price, never zero, and zero for one that is free", async () => {
    expect(await show("--prices", prices({ "model-2": { input: 1, output: 1 } }))).toMatch(
      /252 tokens · cost unknown\n[^]*20 → 8 tokens {2}cost unknown/,
    );
    expect(await show("--prices", prices({ "model-1": { input: 0, output: 0 } }))).toMatch(/cost 0\.00\n/);
    expect(await show()).toMatch(/252 tokens · cost unknown without --prices\n/);
  });

  it("refuses a file that holds no prices, and says where", async () => {
    const path = prices({ "model-1": { input: "much" } });
    const args = ["show", store, "--rollout", "weather", "--prices"];
    expect(await run([...args, path])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/prices\.json: .*[^]*models/),
    });
    expect(await run([...args, join(folder, "none")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("none"),
    });
  });
});

describe("show --turn", () => {
  it.each([
    [
      ["--turn", "1"],
      ["/root", "turn 1"],
    ],
    [
      ["--turn", "turn 1"],
      ["/root", "turn 1"],
    ],
    [
      ["--turn", "turn-1"],
      ["/root", "turn 1"],
    ],
    [
      ["--turn", "1 of /root/check"],
      ["/root/check", "turn 1"],
    ],
    [
      ["--turn", "1", "--thread", "/root/check"],
      ["/root/check", "turn 1"],
    ],
    [
      ["--turn", "turn-2"],
      ["/root/check", "turn 1"],
    ],
  ])("takes %j, as it prints turns itself", async (args, expected) => {
    const lines = (await show(...args, "--depth", "2")).split("\n");
    const tree = lines.slice(lines.indexOf("") + 1).filter((line) => line !== "");
    expect(tree.map((line) => /(\/root\S*|turn \d+)/.exec(line)?.[0])).toEqual(expected);
  });

  it("shows with a turn what the agents did that it spawned", async () => {
    expect(await show("--turn", "1")).toMatch(
      /spawn_agent[^]*\/root\/check[^]*turn 1[^]*It is right[^]*reports to \/root/,
    );
  });

  it.each([["2"], ["0"], ["1 of /root/nobody"], ["turn-9"]])(
    "refuses %s with what can be asked",
    async (turn) => {
      const ran = await run(["show", store, "--rollout", "weather", "--turn", turn]);
      expect({ code: ran.code, out: ran.out }).toEqual({ code: 2, out: "" });
      expect(ran.err).toMatch(/^rollout-trace: no (turn|thread)/);
    },
  );
});

describe("show --thread", () => {
  it("takes as much of an id as only one agent has, and names them where several do", async () => {
    const path = join(folder, "ids.db");
    const trace = openTraceStore({ path });
    const root = trace.startRollout({
      rolloutId: "ids",
      rootThread: { threadId: "aab-1", agentPath: "/root" },
    });
    for (const threadId of ["aac-1", "aac-2"]) {
      root.startChildThread({ threadId, agentPath: `/root/${threadId}` }).end();
    }
    root.endRollout();
    trace.close();
    expect((await run(["show", path, "--thread", "aac-2", "--depth", "1"])).out).toMatch(/^\/root\/aac-2/m);
    expect(
      JSON.parse((await run(["show", path, "--thread", "aab", "--json", "--depth", "1"])).out),
    ).toMatchObject({
      threads: { "aab-1": { agent_path: "/root" } },
    });
    expect(await run(["show", path, "--thread", "aac"])).toEqual({
      code: 2,
      out: "",
      err: `rollout-trace: 2 threads have an id that begins with aac; give more of it:
  aac-1  /root/aac-1
  aac-2  /root/aac-2
`,
    });
  });
});

describe("what failed", () => {
  it("says why: what was given back, or the error of the script, under the call", async () => {
    const path = join(folder, "failed.db");
    const trace = openTraceStore({ path });
    const root = trace.startRollout({ rolloutId: "failed" });
    const turn = root.startTurn();
    turn
      .startToolCall({ kind: { type: "other", name: "look" }, modelVisibleCallId: "c1" })
      .ended({ status: "failed", outputPreview: "no such place" });
    turn
      .startToolCall({ kind: { type: "other", name: "write" }, modelVisibleCallId: "c2" })
      .ended({ status: "failed", endCause: "rejected" });
    turn.startToolCall({ kind: { type: "other", name: "fine" }, modelVisibleCallId: "c3" }).ended();
    turn.end();
    root.endRollout();
    trace.close();
    const { out } = await run(["show", path]);
    expect(out).toMatch(/look {2}failed .*\n.*└─ because {2}no such place\n/);
    expect(out).toMatch(/write {2}failed .*\n.*└─ rejected\n/);
    expect(out).toMatch(/fine {2}completed .*\n$/);
  });

  it("says of a cell which error ended it, and not what it put out before", async () => {
    const log = new LogBuilder().meta().begin("t1").user("go").exec("text(1); boom()", "call_1");
    log.output("call_1", [
      { type: "input_text", text: "Script failed\nWall time 0.1 seconds\nOutput:\n" },
      { type: "input_text", text: "1" },
      { type: "input_text", text: "Script error:\nReferenceError: boom is not defined" },
    ]);
    const { out } = await run(["show", log.says("no").tokens(10).end("t1").write(folder)]);
    expect(out).toMatch(/cell \S+ failed .*\n.*└─ because {2}ReferenceError: boom is not defined\n/);
  });
});

describe("findings and diagnostics", () => {
  it("of one kind are one line with their number, and where each of them is", async () => {
    const path = join(folder, "findings.db");
    const trace = openTraceStore({ path });
    const root = trace.startRollout({ rolloutId: "findings" });
    for (let number = 0; number < 5; number += 1) {
      const turn = root.startTurn();
      turn.startToolCall({ kind: { type: "other", name: "look" }, modelVisibleCallId: "c1" }).ended();
      turn.end();
    }
    root.endRollout();
    trace.close();
    const { out } = await run(["show", path]);
    const [head = ""] = out.split("\n\n");
    expect(head.match(/call_id_reused/g)).toHaveLength(1);
    expect(head).toMatch(/call_id_reused .* and 3 more: /);
    expect(head).toMatch(/each of them: `show --json` has them under `diagnostics` and `findings`$/);
    const graph = JSON.parse((await run(["show", path, "--json"])).out) as RolloutGraph;
    expect(
      [...graph.diagnostics, ...graph.findings].filter(({ code }) => code === "call_id_reused"),
    ).toHaveLength(4);
  });
});

describe("show --json", () => {
  /** The ids of what a part of the graph holds, by collection; empty ones are left out. */
  async function part(...args: string[]): Promise<{ readonly [collection: string]: readonly string[] }> {
    const graph = JSON.parse(await show("--json", ...args)) as { [field: string]: object | null };
    const collections = Object.entries(graph).filter(
      ([name, value]) =>
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        !["host", "usage"].includes(name),
    );
    const ids = collections.map(([name, value]) => [name, Object.keys(value ?? {})] as const);
    return Object.fromEntries(ids.filter(([, each]) => each.length > 0));
  }

  it("without a choice is the graph that reduce writes", async () => {
    expect(await show("--json")).toBe((await run(["reduce", store, "--rollout", "weather"])).out);
  });

  it("of one agent holds that agent, and what belongs to it", async () => {
    expect(await part("--thread", "/root/check")).toEqual({
      threads: ["thread-2"],
      turns: ["turn-2"],
      conversation_items: ["item:5", "item:6"],
      inference_calls: ["request-3"],
      interaction_edges: ["edge:spawn:thread-1:thread-2", "edge:agent_result:thread-2:turn-2:thread-1"],
      payloads: ["p9", "p10", "p11", "p12"],
    });
  });

  it("of one turn holds what the tree shows of it, with the agents that it spawned", async () => {
    const { threads, turns, inference_calls, tool_calls, code_cells } = await part("--turn", "1");
    expect({ threads, turns, inference_calls, tool_calls, code_cells }).toEqual({
      threads: ["thread-1", "thread-2"],
      turns: ["turn-1", "turn-2"],
      inference_calls: ["request-1", "request-2", "request-3", "request-4"],
      tool_calls: ["exec-1", "nested-1", "spawn-1"],
      code_cells: [expect.any(String)],
    });
    expect((await part("--turn", "1 of /root/check"))["inference_calls"]).toEqual(["request-3"]);
  });

  it.each([
    [1, ["threads"]],
    [2, ["threads", "turns"]],
    [3, ["threads", "turns", "conversation_items", "inference_calls"]],
    [4, ["threads", "turns", "conversation_items", "inference_calls", "tool_calls", "code_cells"]],
  ])("to a depth of %i has the levels that the tree has", async (depth, expected) => {
    const { interaction_edges: _edges, payloads: _payloads, ...found } = await part("--depth", String(depth));
    expect(Object.keys(found)).toEqual(expected);
    expect(found["tool_calls"] ?? []).not.toContain("nested-1");
  });

  it.each([
    ["--turn", "99"],
    ["--thread", "nope"],
    ["--depth", "0"],
  ])("refuses %s %s as the tree does", async (option, value) => {
    const args = ["show", store, "--rollout", "weather", option, value];
    const tree = await run(args);
    expect(tree).toMatchObject({ code: 2, out: "" });
    expect(await run([...args, "--json"])).toEqual(tree);
  });
});

describe("show --files", () => {
  it.each([
    ["--turn", "99"],
    ["--thread", "nope"],
  ])("refuses %s %s as the tree does", async (option, value) => {
    const args = ["show", store, "--rollout", "weather", option, value];
    expect(await run([...args, "--files"])).toEqual(await run(args));
  });
});

describe("the page", () => {
  it("has waits and the cancellation where they happened in the cell", () => {
    const lines = pageOf("cell-yields_waits_and_is_cancelled").split("\n");
    const steps = lines.flatMap(
      (line) => /(yields|is waited for|is ended by|cancelled by model)/.exec(line)?.[0] ?? [],
    );
    expect(steps).toEqual(["yields", "is waited for", "yields", "is ended by", "cancelled by model"]);
  });

  it("has a compaction between the requests that it stands between", () => {
    const lines = pageOf("compaction").split("\n");
    const steps = lines.flatMap((line) => /─ (model|compaction)/.exec(line)?.[1] ?? []);
    expect(steps).toEqual(["model", "compaction", "model"]);
    expect(lines.find((line) => line.includes("compaction"))).toMatch(
      /compaction {2}\d+ items? → \d+ {2}model failed 1 ms, completed 1 ms$/,
    );
  });

  it.each([16, 40, 400, 4_000])("is no wider than a terminal of %i columns", (columns) => {
    for (const fixture of ["compaction", "agents-spawn_and_result", "cell-yields_waits_and_is_cancelled"]) {
      const widths = pageOf(fixture, columns)
        .split("\n")
        .map((line) => stringWidth(line));
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    }
  });
});
