import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, expandRequest, type RolloutGraph } from "@rollout-trace/reducer";
import { CHILD_TURN, childLog, spawnedBy } from "./agent-logs.ts";
import { CHILD, importGraph, LogBuilder, readSource, ROOT, transcript } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-forks-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const FORK = "019d7d09-0000-7000-8000-000000000003";

/** Writes a log as versions do that count the records of a history. */
function writeCounted(log: LogBuilder, name: string, first = 0): string {
  const lines = log.text("").split("\n");
  const counted = lines.map((line, index) =>
    JSON.stringify({ ordinal: first + index, ...(JSON.parse(line) as object) }),
  );
  const path = join(folder, name);
  writeFileSync(path, `${counted.join("\n")}\n`);
  return path;
}

const base = () =>
  new LogBuilder()
    .meta({ history_mode: "paginated" })
    .begin("t1")
    .user("one")
    .says("first")
    .tokens(10)
    .end("t1")
    .begin("t2")
    .user("two")
    .says("second")
    .tokens(10)
    .end("t2");

/** Goes on from the base before its second turn, which is its record 7. */
const fork = (id = FORK, from: object = { thread_id: ROOT, end_ordinal_exclusive: 7 }) =>
  new LogBuilder()
    .wait(60_000)
    .meta({ id, history_mode: "paginated", history_base: { end_byte_offset: 1, ...from } })
    .begin("f1")
    .user("another two")
    .says("other")
    .tokens(5)
    .end("f1");

function requestTexts(graph: RolloutGraph): readonly (readonly string[])[] {
  return Object.keys(graph.inference_calls).map((id) =>
    expandRequest(graph, id).map((item) => {
      const [part] = graph.conversation_items[item]?.body.parts ?? [];
      return part?.type === "text" ? part.text : "";
    }),
  );
}

describe("a session that goes on from the history of another", () => {
  it("has that history as context up to where it leaves it, and only its own work as its own", () => {
    writeCounted(base(), "base.jsonl");
    writeCounted(fork(), "fork.jsonl", 7);
    const graph = importGraph(folder, { rollout: FORK });
    expect(transcript(graph, FORK)).toEqual(
      ["user one", "assistant first", "user another two", "assistant other"].map((text) =>
        expect.stringContaining(text.split(" ").slice(1).join(" ")),
      ),
    );
    expect(requestTexts(graph)).toEqual([["one", "first", "another two"]]);
    expect(graph.usage.total.total_tokens).toBe(5);
    expect(Object.keys(graph.turns)).toEqual(["f1"]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("follows a chain of them, each up to where the next leaves it", () => {
    const second = "019d7d0a-0000-7000-8000-000000000004";
    writeCounted(base(), "base.jsonl");
    writeCounted(fork(), "fork.jsonl", 7);
    writeCounted(fork(second, { thread_id: FORK, end_ordinal_exclusive: 4 }), "second.jsonl", 4);
    expect(requestTexts(importGraph(folder, { rollout: second }))).toEqual([["one", "another two"]]);
  });

  it("says so when that log is not there, and ends in a circle of them as in none", () => {
    const alone = writeCounted(fork(), "fork.jsonl", 7);
    expect(readSource(alone).problems).toEqual([
      { where: alone, message: expect.stringContaining(`goes on from that of thread ${ROOT}`) },
    ]);
    writeCounted(fork(ROOT, { thread_id: FORK, end_ordinal_exclusive: 3 }), "base.jsonl");
    expect(Object.keys(importGraph(folder, { rollout: FORK }).turns)).toEqual(["f1"]);
  });
});

describe("an agent that a script spawned", () => {
  const activity = (id: string, kind: string) => ({
    event_id: id,
    agent_thread_id: CHILD,
    agent_path: "/root/scout",
    kind,
  });
  const parent = (source: string) =>
    new LogBuilder()
      .meta()
      .begin("t1")
      .user("go")
      .exec(source, "x1")
      .tokens(1)
      .event("sub_agent_activity", activity("exec-1", "started"))
      .event("sub_agent_activity", activity("exec-2", "interacted"))
      .cellOutput("x1", "Script completed", "spawned");

  it("hangs under its parent by an edge from the script's own call, which no item asks for", () => {
    childLog().write(folder, "child.jsonl");
    parent("await tools.spawn_agent({}); await tools.send_message({})")
      .wait(1000)
      .says("done")
      .end("t1")
      .write(folder);
    const graph = importGraph(folder);
    expect(
      Object.values(graph.tool_calls).map(({ tool_call_id, kind, requester }) => [
        tool_call_id,
        kind.type,
        requester.type,
      ]),
    ).toEqual([
      ["x1", "code_cell_exec", "model"],
      ["exec-1", "spawn_agent", "code_cell"],
      ["exec-2", "send_message", "code_cell"],
    ]);
    expect(Object.values(graph.code_cells)[0]?.nested_tool_call_ids).toEqual(["exec-1", "exec-2"]);
    const edges = Object.values(graph.interaction_edges);
    expect(edges.map(({ edge_id, kind, source }) => [edge_id, kind, source])).toEqual([
      [`edge:spawn:${ROOT}:${CHILD}`, "spawn_agent", { type: "tool_call", id: "exec-1" }],
      ["edge:tool:exec-2", "send_message", { type: "tool_call", id: "exec-2" }],
    ]);
    expect(graph.threads[CHILD]?.origin).toMatchObject({ spawn_edge_id: `edge:spawn:${ROOT}:${CHILD}` });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is told of once, however often the log tells of it", () => {
    const log = parent("await tools.spawn_agent({})")
      .event("sub_agent_activity", activity("exec-1", "started"))
      .says("done")
      .end("t1");
    const calls = Object.keys(importGraph(log.write(folder)).tool_calls);
    expect(calls).toEqual(["x1", "exec-1", "exec-2"]);
  });

  it("is no call of anybody's where no script runs", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("go")
      .event("sub_agent_activity", activity("exec-1", "started"))
      .says("done")
      .tokens(1)
      .end("t1");
    expect(importGraph(log.write(folder)).tool_calls).toEqual({});
  });
});

describe("a child that its parent's log was not copied for", () => {
  it("has the parent's history as context, by its base, and its own turn alone", () => {
    writeCounted(base(), "base.jsonl");
    const child = new LogBuilder()
      .wait(500)
      .meta({ ...spawnedBy(ROOT), history_base: { thread_id: ROOT, end_ordinal_exclusive: 7 } })
      .begin(CHILD_TURN)
      .user("look")
      .says("seen")
      .tokens(3)
      .end(CHILD_TURN);
    writeCounted(child, "child.jsonl", 7);
    const graph = importGraph(folder);
    expect(graph.threads[CHILD]?.turn_ids).toEqual([CHILD_TURN]);
    expect(requestTexts(graph).at(-1)).toEqual(["one", "first", "look"]);
    expect(graph.usage.by_thread[CHILD]?.total_tokens).toBe(3);
    expect(checkGraph(graph)).toEqual([]);
  });
});
