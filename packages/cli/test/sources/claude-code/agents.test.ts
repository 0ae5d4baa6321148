import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import {
  importGraph,
  itemText,
  requests,
  SESSION,
  TranscriptBuilder,
  transcript,
  turns,
} from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Per edge: its kind, what it leads from and the item or object that it leads to. */
function edges(graph: RolloutGraph) {
  return Object.values(graph.interaction_edges).map(({ kind, source, target, status }) => [
    kind,
    source.type === "conversation_item" ? itemText(graph, source.id) : source.type,
    target?.type === "conversation_item" ? itemText(graph, target.id) : target?.type,
    status,
  ]);
}

function agents(graph: RolloutGraph) {
  return Object.values(graph.threads).map(({ agent_path: path, execution, origin }) => [
    path,
    execution.status,
    origin.type === "spawned" ? [origin.task_name, origin.agent_role] : origin.type,
  ]);
}

const ASK = { description: "Count the doors", prompt: "How many doors?", subagent_type: "counter" };

/** A child that answers in two requests. */
function child(common: object, prefix?: string): TranscriptBuilder {
  return new TranscriptBuilder({ isSidechain: true, ...common }, prefix)
    .wait(25)
    .user("How many doors?")
    .use("k1", "Glob", "k_c1", { pattern: "door*" })
    .result("k_c1", "door1 door2")
    .text("k2", "Two doors.", { usage: { output_tokens: 9 } });
}

function parent(more: object = {}): TranscriptBuilder {
  return new TranscriptBuilder().user("doors?").use("m1", "Task", "c1", { ...ASK, ...more });
}

const DONE = {
  status: "completed",
  agentId: "a1",
  content: [{ type: "text", text: "Two doors." }],
  totalTokens: 99,
};

const WHOLE = [
  ["spawn_agent", "tool_call", "user: How many doors?", "completed"],
  ["agent_result", "assistant: Two doors.", "tool: Two doors.", "completed"],
];

describe("a sub-agent", () => {
  it.each([["beside its parent"], [`in ${SESSION}/subagents`]])(
    "whose transcript lies %s is a thread of the rollout",
    (place) => {
      const name = place.startsWith("in ") ? `${SESSION}/subagents/agent-a1.jsonl` : "agent-a1.jsonl";
      parent()
        .wait(100)
        .result("c1", "Two doors.", { toolUseResult: DONE })
        .text("m2", "There are two.")
        .write(folder);
      child({ agentId: "a1" }).write(folder, name);
      const graph = importGraph(folder);
      expect(agents(graph)).toEqual([
        ["/root", "completed", "root"],
        ["/root/count_the_doors", "completed", ["Count the doors", "counter"]],
      ]);
      expect(edges(graph)).toEqual(WHOLE);
      expect(requests(graph, "a1")).toHaveLength(2);
      expect(turns(graph, "a1")).toEqual([["completed", 2]]);
      // What the parent's result says the child has cost is not counted again.
      expect(graph.usage.total.total_tokens).toBe(22 + 11 + 19);
      expect(graph.findings).toEqual([]);
      expect(checkGraph(graph)).toEqual([]);
    },
  );

  it("of an early version is in the transcript of its parent, and is found by what it was asked", () => {
    const log = parent();
    for (const line of child({}, "k").lines) log.line(line);
    const graph = importGraph(
      log
        .wait(100)
        .result("c1", [{ type: "text", text: "Two doors." }], {
          toolUseResult: { content: [], totalTokens: 9 },
        })
        .text("m2", "There are two.")
        .write(folder),
    );
    expect(agents(graph)[1]).toEqual(["/root/count_the_doors", "completed", ["Count the doors", "counter"]]);
    expect(edges(graph)).toEqual(WHOLE);
    expect(graph.findings).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("that its parent's transcript repeats as progress is a thread of what is repeated, whose cost is not known", () => {
    const log = parent();
    for (const line of child({}).lines) {
      const { type, message, uuid, timestamp, requestId } = JSON.parse(line) as { [key: string]: unknown };
      const data = {
        type: "agent_progress",
        agentId: "a1",
        message: { type, message, uuid, timestamp, requestId },
      };
      log.add("progress", { data, parentToolUseID: "c1", toolUseID: "agent_msg_1" });
    }
    log.wait(100).result("c1", "Two doors.", { toolUseResult: DONE }).text("m2", "There are two.");
    const graph = importGraph(log.write(folder));
    expect(edges(graph)).toEqual(WHOLE);
    expect(agents(graph)[1]).toEqual(["/root/count_the_doors", "completed", ["Count the doors", "counter"]]);
    expect(transcript(graph, "a1")).toHaveLength(4);
    expect(graph.usage.by_thread["a1"]).toBeUndefined();
    expect(checkGraph(graph)).toEqual([]);

    // Where it has a file of its own, the file is the truth.
    child({ agentId: "a1" }).write(folder, "agent-a1.jsonl");
    const both = importGraph(folder);
    expect(transcript(both, "a1")).toHaveLength(4);
    expect(both.usage.by_thread["a1"]?.total_tokens).toBe(30);
    expect(edges(both)).toEqual(WHOLE);
  });

  it("that is known by its call alone is a thread that did nothing known", () => {
    const log = parent().result("c1", "Two doors.", { toolUseResult: DONE }).text("m2", "There are two.");
    const graph = importGraph(log.write(folder));
    expect(agents(graph)[1]).toEqual(["/root/count_the_doors", "completed", ["Count the doors", "counter"]]);
    expect(edges(graph).map(([kind, , to]) => [kind, to])).toEqual([
      ["spawn_agent", "thread"],
      ["agent_result", "tool: Two doors."],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("in the background answers with a message of the host", () => {
    const notice =
      "<task-notification>\n<task-id>a1</task-id>\n<status>completed</status>\n<result>Two doors.</result>\n</task-notification>";
    parent({ run_in_background: true })
      .result("c1", "Async agent launched", {
        toolUseResult: { isAsync: true, status: "async_launched", agentId: "a1" },
      })
      .text("m2", "I wait.")
      .wait(500)
      .note("queue-operation", { operation: "enqueue", content: notice })
      .user(notice)
      .text("m3", "There are two.")
      .write(folder);
    child({ agentId: "a1" }).write(folder, `${SESSION}/subagents/agent-a1.jsonl`);
    const graph = importGraph(folder);
    expect(edges(graph)).toEqual([
      ["spawn_agent", "tool_call", "user: How many doors?", "completed"],
      ["agent_result", "assistant: Two doors.", `user: ${notice}`, "completed"],
    ]);
    expect(graph.findings).toEqual([]);
  });

  it("in the background can be waited for, and its answer is what the wait returns", () => {
    const account = {
      retrieval_status: "success",
      task: { task_id: "a1", task_type: "local_agent", status: "completed" },
    };
    parent({ run_in_background: true })
      .result("c1", "Async agent launched", {
        toolUseResult: { isAsync: true, status: "async_launched", agentId: "a1" },
      })
      .wait(500)
      .use("m2", "TaskOutput", "c2", { task_id: "a1" })
      .result("c2", "<output>Two doors.</output>", { toolUseResult: account })
      .text("m3", "There are two.")
      .write(folder);
    child({ agentId: "a1" }).write(folder, `${SESSION}/subagents/agent-a1.jsonl`);
    const graph = importGraph(folder);
    expect(graph.tool_calls["c2"]?.kind).toEqual({ type: "wait_agent" });
    expect(edges(graph)[1]).toEqual([
      "agent_result",
      "assistant: Two doors.",
      "tool: <output>Two doors.</output>",
      "completed",
    ]);
  });

  it("that could not be started is an interaction that failed", () => {
    const log = parent()
      .result("c1", "Agent type 'counter' not found.", { isError: true })
      .text("m2", "Alone, then.");
    const graph = importGraph(log.write(folder));
    expect(edges(graph)).toEqual([]);
    expect(Object.keys(graph.threads)).toEqual([SESSION]);
  });

  it("is told apart from another that was asked the same by what the host says, or else by order", () => {
    const log = new TranscriptBuilder()
      .user("twice")
      .use("m1", "Task", "c1", ASK)
      .use("m1", "Task", "c2", ASK)
      .wait(100);
    log
      .result("c2", "Three.", { toolUseResult: { ...DONE, agentId: "a1" } })
      .result("c1", "Two.", { toolUseResult: { ...DONE, agentId: "a2" } });
    log.text("m2", "Five.").write(folder);
    for (const agentId of ["a1", "a2"]) child({ agentId }).write(folder, `agent-${agentId}.jsonl`);
    const graph = importGraph(folder);
    const spawned = Object.values(graph.interaction_edges)
      .filter(({ kind }) => kind === "spawn_agent")
      .map(({ edge_id: id, source }) => `${source.id} ${id}`);
    expect(spawned.toSorted()).toEqual([`c1 edge:spawn:${SESSION}:a2`, `c2 edge:spawn:${SESSION}:a1`]);
    expect(agents(graph).map(([path]) => path)).toEqual([
      "/root",
      "/root/count_the_doors",
      "/root/count_the_doors_2",
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("of a sub-agent is its child", () => {
    parent()
      .wait(200)
      .result("c1", "Two doors.", { toolUseResult: DONE })
      .text("m2", "There are two.")
      .write(folder);
    const nested = { description: "Look", prompt: "Look at the door", subagent_type: "eye" };
    new TranscriptBuilder({ isSidechain: true, agentId: "a1" })
      .wait(15)
      .user("How many doors?")
      .use("k1", "Agent", "k_c1", nested)
      .wait(80)
      .result("k_c1", "A door.", { toolUseResult: { ...DONE, agentId: "a2" } })
      .text("k2", "Two doors.")
      .write(folder, `${SESSION}/subagents/agent-a1.jsonl`);
    new TranscriptBuilder({ isSidechain: true, agentId: "a2" })
      .wait(40)
      .user("Look at the door")
      .text("l1", "A door.")
      .write(folder, `${SESSION}/subagents/agent-a2.jsonl`);
    const graph = importGraph(folder);
    expect(agents(graph).map(([path]) => path)).toEqual([
      "/root",
      "/root/count_the_doors",
      "/root/count_the_doors/look",
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("can be written to again, which is a message and a turn of its own", () => {
    parent()
      .wait(100)
      .result("c1", "Two doors.", { toolUseResult: DONE })
      .use("m2", "SendMessage", "c2", { to: "a1", message: "And windows?" })
      .result("c2", "sent", { toolUseResult: { success: true } })
      .text("m3", "Asked.")
      .write(folder);
    child({ agentId: "a1" })
      .wait(150)
      .user("And windows?")
      .text("k3", "None.")
      .write(folder, "agent-a1.jsonl");
    const graph = importGraph(folder);
    expect(edges(graph).at(-1)).toEqual(["send_message", "tool_call", "user: And windows?", "completed"]);
    expect(turns(graph, "a1")).toEqual([
      ["completed", 2],
      ["completed", 1],
    ]);
  });

  it("that was forked has its parent's history as context, and only its own requests and calls", () => {
    const log = parent().result("c1", "Two doors.", { toolUseResult: DONE }).text("m2", "There are two.");
    const path = log.write(folder);
    const fork = new TranscriptBuilder({ isSidechain: true, agentId: "fork" });
    for (const line of log.lines)
      fork.line(line.replace('"isSidechain":false', '"isSidechain":true,"agentId":"fork"'));
    fork.wait(900).user("summarise").text("f1", "doors").write(folder, "agent-fork.jsonl");
    const graph = importGraph(folder);
    expect(requests(graph, "fork")).toEqual([[...transcript(importGraph(path)), "user: summarise"]]);
    expect(graph.usage.by_thread["fork"]?.total_tokens).toBe(11);
    expect(graph.usage.by_thread[SESSION]?.total_tokens).toBe(22);
    expect(Object.keys(graph.tool_calls)).toEqual(["c1"]);
    const [root, forked] = Object.values(graph.threads);
    expect(forked?.execution.started_at_us).toBeGreaterThan(root?.execution.started_at_us ?? 0);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("whose parent has no transcript is below a root that did nothing known", () => {
    writeFileSync(
      join(folder, "agent-a1.meta.json"),
      JSON.stringify({ agentType: "counter", description: "Count" }),
    );
    const graph = importGraph(child({ agentId: "a1" }).write(folder, "agent-a1.jsonl"));
    expect(agents(graph).map(([path, , origin]) => [path, origin])).toEqual([
      ["/root", "root"],
      ["/root/count", ["Count", "counter"]],
    ]);
    expect(graph.root_thread_id).toBe(SESSION);
  });
});
