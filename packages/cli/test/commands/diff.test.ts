import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { LogBuilder } from "../sources/codex-log/log-builder.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diff-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Recorded {
  readonly answers?: readonly string[];
  readonly outputs?: readonly string[];
  /** Turns in which no tool is called. */
  readonly quiet?: readonly number[];
  readonly startUs?: number;
}

/** Three turns with a tool call each and their own ids and times, as a second run of the same agent has. */
function record(
  name: string,
  { answers = [], outputs = [], quiet = [], startUs = 1_000_000 }: Recorded = {},
): string {
  const path = join(folder, name);
  let now = startUs;
  const store = openTraceStore({ path, clock: () => (now += 1_000) });
  const root = store.startRollout({ rootThread: { agentPath: "/root" } });
  const history: object[] = [];
  for (let number = 0; number < 3; number += 1) {
    const turn = root.startTurn();
    history.push({
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: `question ${number}` }],
    });
    const ask = (items: readonly object[]): void => {
      const input = [...history];
      turn
        .startInference({
          model: "m",
          provider: "p",
          dialect: "openai_responses",
          request: () => ({ input }),
        })
        .completed({ response: () => ({ output_items: items }) });
      history.push(...items);
    };
    if (!quiet.includes(number)) {
      const callId = `call_${name}_${number}`;
      ask([{ type: "function_call", call_id: callId, name: "look", arguments: "{}" }]);
      const item = { type: "function_call_output", call_id: callId, output: outputs[number] ?? "sun" };
      turn
        .startToolCall({ kind: { type: "other", name: "look" }, modelVisibleCallId: callId })
        .ended({ result: () => ({ type: "direct", item }) });
      history.push(item);
    }
    const text = answers[number] ?? `answer ${number}`;
    ask([{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }]);
    turn.end();
  }
  root.endRollout();
  store.close();
  return path;
}

const IGNORE = ["--ignore", "times,ids"];

describe("diff", () => {
  it("of a rollout with itself is empty and fine, with and without ids and times", async () => {
    const path = record("a.db");
    expect(await run(["diff", path, path])).toEqual({ code: 0, out: "", err: "" });
    expect(await run(["diff", path, path, ...IGNORE])).toEqual({ code: 0, out: "", err: "" });
    expect(JSON.parse((await run(["diff", path, path, "--json"])).out)).toEqual({ equal: true, hunks: [] });
  });

  it("of two runs that did the same is empty once ids and times are ignored, and not before", async () => {
    const a = record("a.db");
    const b = record("b.db", { startUs: 9_000_000 });
    expect(await run(["diff", a, b, ...IGNORE])).toEqual({ code: 0, out: "", err: "" });
    expect((await run(["diff", a, b])).code).toBe(1);
    expect((await run(["diff", a, b, "--ignore", "ids"])).code).toBe(1);
    expect((await run(["diff", a, b, "--ignore", "times"])).code).toBe(1);
  });

  it("gives one hunk for one changed output, however often later requests repeat it", async () => {
    const a = record("a.db");
    const b = record("b.db", { outputs: ["sun", "rain"] });
    expect(await run(["diff", a, b, ...IGNORE])).toEqual({
      code: 1,
      err: "1 difference\n",
      out: `~ agent /root › turn 2 › model request 1 › call look
    a seq 14, b seq 14
    output
      - sun
      + rain
`,
    });
  });

  it("gives one hunk for one changed answer", async () => {
    const { out } = await run([
      "diff",
      record("a.db"),
      record("b.db", { answers: ["yes"] }),
      ...IGNORE,
      "--json",
    ]);
    expect(JSON.parse(out)).toMatchObject({
      equal: false,
      hunks: [
        {
          kind: "changed",
          path: ["agent /root", "turn 1", "model request 2"],
          fields: [{ name: "response", a: "message: answer 0", b: "message: yes" }],
        },
      ],
    });
  });

  it.each([
    ["removed", "a.db", "b.db"],
    ["added", "b.db", "a.db"],
  ])("gives one hunk for a request that was %s, and moves nothing else", async (kind, first, second) => {
    record("a.db");
    record("b.db", { quiet: [1] });
    const { out } = await run(["diff", join(folder, first), join(folder, second), ...IGNORE, "--json"]);
    const { hunks } = JSON.parse(out) as { hunks: { kind: string; path: string[] }[] };
    expect(hunks.map(({ kind: found, path }) => [found, path])).toEqual([
      [kind, ["agent /root", "turn 2", "model request 1"]],
    ]);
  });

  it("lists the first divergence first", async () => {
    const b = record("b.db", { outputs: ["sun", "sun", "rain"], answers: ["yes", "answer 1", "no"] });
    const { out } = await run(["diff", record("a.db"), b, ...IGNORE]);
    expect(out.split("\n").filter((line) => line.startsWith("~"))).toEqual([
      "~ agent /root › turn 1 › model request 2",
      "~ agent /root › turn 3 › model request 1 › call look",
      "~ agent /root › turn 3 › model request 2",
    ]);
  });

  it("shows long texts from shortly before they part, cut to the terminal", async () => {
    const a = record("a.db", { answers: [`${"same ".repeat(200)}left`] });
    const b = record("b.db", { answers: [`${"same ".repeat(200)}right`] });
    const { out } = await run(["diff", a, b, ...IGNORE], 40);
    expect(out).toMatch(/- ….*same left\n.*\+ ….*same right\n/);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it("compares sources of different kinds, and a bundle before and after one edit", async () => {
    const before = smallBundle(folder);
    const after = join(folder, "after");
    cpSync(before, after, { recursive: true });
    const payload = join(after, "payloads/5.json");
    writeFileSync(payload, readFileSync(payload, "utf8").replace("It is sunny.", "It is raining."));
    const { code, out } = await run(["diff", before, after]);
    expect({ code, heads: out.split("\n").filter((line) => line.startsWith("~")) }).toEqual({
      code: 1,
      heads: ["~ agent /root › turn 1 › model request 2"],
    });
  });

  it("says when and how long to the microsecond, as a person reads it", async () => {
    const a = record("a.db");
    const b = record("b.db", { startUs: 9_000_000 });
    const { out } = await run(["diff", a, b, "--ignore", "ids"]);
    expect(out).toContain(`~ agent /root
    a seq 2, b seq 2
    started
      - 1970-01-01 00:00:01.002000Z
      + 1970-01-01 00:00:09.002000Z
`);
    expect(out).not.toMatch(/\d{7} µs|^ {4}took/m);
  });

  it("says of a time that nobody recorded that it is unknown", async () => {
    const timeless = (name: string, clock: () => number): string => {
      const path = join(folder, name);
      const store = openTraceStore({ path, clock });
      store.startRollout({ rolloutId: "same", rootThread: { threadId: "root" } }).endRollout();
      store.close();
      return path;
    };
    const a = timeless("a.db", () => 0);
    const b = timeless("b.db", () => 1_000_000);
    expect((await run(["diff", a, b, "--ignore", "ids"])).out).toBe(`~ agent /root
    a seq 2, b seq 2
    started
      - time unknown
      + 1970-01-01 00:00:01.000000Z
    took
      - (nothing)
      + 0 µs
`);
  });

  it("cites no event for what is said of the whole rollout, which none begins", async () => {
    const [a, b] = [record("a.db"), record("b.db")];
    const { out } = await run(["diff", a, b]);
    expect(out).toMatch(/^~ rollout\n {4}rollout id\n/);
    const { hunks } = JSON.parse((await run(["diff", a, b, "--json"])).out) as { hunks: object[] };
    expect(hunks.slice(0, 2)).toMatchObject([
      { path: [], a: { seq: null, object: null }, b: { seq: null, object: null } },
      { path: ["agent /root"], a: { seq: 2 }, b: { seq: 2 } },
    ]);
  });

  it("refuses to ignore what it does not know", async () => {
    expect(await run(["diff", "a", "b", "--ignore", "tea"])).toMatchObject({ code: 2, out: "" });
  });
});

/** A session with two turns that call a tool; ids of responses, and of turns where the log names none, are the importer's. */
function log(
  name: string,
  {
    extra = false,
    second = "call_2",
    turns = ["t1", "t2"],
  }: { extra?: boolean; second?: string; turns?: string[] } = {},
): string {
  const builder = new LogBuilder().meta();
  for (const [index, turn] of turns.entries()) {
    const callId = index === 0 ? "call_1" : second;
    builder.begin(turn).user(`question ${index}`);
    if (extra && index === 0) builder.call("look", { at: "sea" }, "call_0").output("call_0", "waves");
    builder.call("look", { at: "sky" }, callId).output(callId, "sun").tokens(10);
    builder.says(`answer ${index}`).tokens(10).end(turn);
  }
  return builder.write(folder, `${name}.jsonl`);
}

async function heads(a: string, b: string): Promise<readonly string[]> {
  const { out } = await run(["diff", a, b, "--ignore", "times"]);
  return out.split("\n").filter((line) => /^[~+-]/.test(line));
}

describe("diff of imported logs", () => {
  it("gives one hunk for one call more, though every line after it has another number", async () => {
    expect(await heads(log("a"), log("b", { extra: true }))).toEqual([
      "+ agent /root › turn 1 › model request 1",
    ]);
  });

  it("shows ids that the log itself gives", async () => {
    expect(await heads(log("a"), log("b", { second: "call_9" }))).toEqual([
      "~ agent /root › turn 2 › model request 1 › call look",
    ]);
    expect(await heads(log("a"), log("b", { turns: ["t1", "t9"] }))).toEqual(["~ agent /root › turn 2"]);
  });

  it("of a log with an empty line in it is empty", async () => {
    const path = log("a");
    const other = join(folder, "other.jsonl");
    writeFileSync(other, readFileSync(path, "utf8").replace("\n", "\n\n"));
    expect(await run(["diff", path, other])).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("the time that the runtime tells the model of a cell", () => {
  const head = (seconds: string): string => `Script completed\nWall time ${seconds} seconds\nOutput:\n`;

  /** A cell whose model is told how long it took, and an answer that quotes such a head. */
  function cell(name: string, seconds: string, quoted: string): string {
    const builder = new LogBuilder().meta().begin("t1").user("go").exec("text(1)", "call_1");
    builder.output("call_1", [
      { type: "input_text", text: head(seconds) },
      { type: "input_text", text: "1" },
    ]);
    builder.tokens(10).says(head(quoted)).tokens(10).end("t1");
    return builder.write(folder, `${name}.jsonl`);
  }

  it("is a time in the output of the cell, and a text wherever else it stands", async () => {
    const a = cell("a", "0.1", "0.1");
    const later = cell("b", "0.3", "0.1");
    expect(await run(["diff", a, later, "--ignore", "times"])).toEqual({ code: 0, out: "", err: "" });
    expect((await run(["diff", a, later])).out).toContain("Wall time 0.3 seconds");
    expect(await heads(a, cell("c", "0.1", "0.3"))).toEqual(["~ agent /root › turn 1 › model request 2"]);
  });
});
