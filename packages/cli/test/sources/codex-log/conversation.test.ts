import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, expandRequest, type RolloutGraph } from "@rollout-trace/reducer";
import { CHILD, importGraph, LogBuilder, readSource, ROOT, transcript } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Per inference call: how many items it was asked with, how many it answered with, and its tokens. */
function calls(graph: RolloutGraph) {
  return Object.values(graph.inference_calls).map((call) => ({
    asked: expandRequest(graph, call.inference_call_id).length,
    answered: call.response_item_ids.length,
    tokens: call.usage?.total_tokens ?? null,
  }));
}

/** A log that tells the usage first, up to two calls of one response, each followed by its output. */
function parallelCalls(): LogBuilder {
  return new LogBuilder()
    .meta({ cli_version: "0.34.0" })
    .user("hello")
    .event("user_message", { message: "hello" })
    .tokens(10)
    .call("shell", {}, "c1")
    .output("c1", "a")
    .call("shell", {}, "c2")
    .output("c2", "b");
}

describe("the conversation in a session log", () => {
  it("is made of requests, each of which continues the response before it", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .item({ type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] })
      .call("update_plan", {}, "c1")
      .output("c1", "ok")
      .tokens(10)
      .says("done")
      .tokens(20)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(checkGraph(graph)).toEqual([]);
    expect(calls(graph)).toEqual([
      { asked: 1, answered: 2, tokens: 10 },
      { asked: 4, answered: 1, tokens: 20 },
    ]);
    expect(transcript(graph)).toEqual([
      "user: hello",
      "assistant: hm",
      "assistant: {}",
      "tool: ok",
      "assistant: done",
    ]);
    expect(Object.values(graph.inference_calls).map(({ request }) => request.keep)).toEqual([0, 3]);
    expect(graph.usage.total.total_tokens).toBe(30);
    expect(graph.status).toBe("completed");
  });

  it("counts a repeated token count once", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .event("token_count", { info: null })
      .user("hello")
      .says("one")
      .tokens(10)
      .sameTokens()
      .end("t1")
      .begin("t2")
      .sameTokens()
      .user("again")
      .says("two")
      .tokens(5)
      .end("t2");
    const graph = importGraph(log.write(folder));
    expect(calls(graph).map(({ tokens }) => tokens)).toEqual([10, 5]);
  });

  it("gives a response the usage that was told before it, in logs that tell it first", () => {
    const log = new LogBuilder()
      .meta({ cli_version: "0.34.0" })
      .user("hello")
      .event("user_message", { message: "hello" })
      .tokens(10)
      .call("shell", { command: ["ls"] }, "c1")
      .output("c1", "a")
      .call("shell", { command: ["pwd"] }, "c2")
      .output("c2", "b")
      .tokens(20)
      .says("done");
    expect(calls(importGraph(log.write(folder)))).toEqual([
      { asked: 1, answered: 2, tokens: 10 },
      { asked: 5, answered: 1, tokens: 20 },
    ]);
  });

  it("has every call and output once where the output of a call comes before the next call of its response", () => {
    const graph = importGraph(parallelCalls().tokens(20).says("done").write(folder));
    expect(graph.diagnostics).toEqual([]);
    expect(graph.findings).toEqual([]);
    expect(transcript(graph)).toEqual([
      "user: hello",
      "assistant: {}",
      "assistant: {}",
      "tool: a",
      "tool: b",
      "assistant: done",
    ]);
    const { conversation_item_ids = [] } = graph.threads[ROOT] ?? {};
    const last = Object.values(graph.inference_calls).at(-1)?.inference_call_id ?? "";
    expect(expandRequest(graph, last)).toEqual(conversation_item_ids.slice(0, -1));
    expect(Object.values(graph.tool_calls).map((call) => call.output_item_ids)).toEqual([
      [conversation_item_ids[3]],
      [conversation_item_ids[4]],
    ]);
  });

  it("keeps the outputs of parallel calls that no request carries any more", () => {
    const graph = importGraph(parallelCalls().write(folder));
    expect(graph.diagnostics).toEqual([]);
    expect(transcript(graph).slice(1)).toEqual(["assistant: {}", "assistant: {}", "tool: a", "tool: b"]);
  });

  it("compacts a history with parallel calls, and takes it back, as its requests have it", () => {
    const log = parallelCalls()
      .user("stop")
      .event("user_message", { message: "stop" })
      .event("thread_rolled_back", { num_turns: 1 })
      .user("again")
      .event("user_message", { message: "again" })
      .tokens(20)
      .says("done")
      .add("compacted", { message: "in short" });
    const graph = importGraph(log.write(folder));
    expect(graph.diagnostics).toEqual([]);
    const last = Object.values(graph.inference_calls).at(-1);
    const carried = expandRequest(graph, last?.inference_call_id ?? "");
    expect(carried.map((id) => graph.conversation_items[id]?.kind)).toEqual([
      "message",
      "function_call",
      "function_call",
      "function_call_output",
      "function_call_output",
      "message",
    ]);
    const [compaction] = Object.values(graph.compactions);
    expect(compaction?.input_item_ids).toEqual([...carried, ...(last?.response_item_ids ?? [])]);
  });

  it("names responses where the log does, and counts their usage once although it is told twice", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .says("one")
      .add("token_usage_record", { response_id: "resp_1", usage: { input_tokens: 7, total_tokens: 7 } })
      .tokens(7)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(Object.values(graph.inference_calls).map(({ response_id }) => response_id)).toEqual(["resp_1"]);
    expect(graph.usage.total.total_tokens).toBe(7);
  });

  it("counts tokens of a request that left no item", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .says("one")
      .tokens(10)
      .user("more")
      .tokens(4)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(calls(graph)).toEqual([
      { asked: 1, answered: 1, tokens: 10 },
      { asked: 3, answered: 0, tokens: 4 },
    ]);
    expect(graph.usage.total.total_tokens).toBe(14);
  });

  it("has a failed request where a turn ended with an error, and asks again with the same items", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .end("t1", { error: { message: "no quota" } })
      .begin("t2")
      .user("again")
      .says("hi")
      .tokens(3)
      .end("t2");
    const graph = importGraph(log.write(folder));
    const [failed, answered] = Object.values(graph.inference_calls);
    expect(failed).toMatchObject({ error: "no quota", turn_id: "t1", execution: { status: "failed" } });
    expect(answered).toMatchObject({ turn_id: "t2", execution: { status: "completed" } });
    expect(transcript(graph)).toEqual(["user: hello", "user: again", "assistant: hi"]);
    expect(graph.turns["t1"]?.execution.status).toBe("failed");
  });

  it("has an item once that only a failed request carried", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .end("t1", { error: { message: "no" } });
    expect(transcript(importGraph(log.write(folder)))).toEqual(["user: hello"]);
  });

  it("keeps what was given last and never answered", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .call("update_plan", {}, "c1")
      .tokens(10)
      .output("c1", "ok");
    const graph = importGraph(log.write(folder));
    expect(transcript(graph)).toEqual(["user: hello", "assistant: {}", "tool: ok"]);
    expect(graph.status).toBe("running");
    expect(graph.tool_calls["c1"]?.output_item_ids).toHaveLength(1);
  });

  it("replaces the history at a compaction, and asks with all of the new one", () => {
    const summary = { type: "message", role: "user", content: [{ type: "input_text", text: "summary" }] };
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .says("long")
      .tokens(10)
      .add("token_usage_record", { response_id: "resp_c", usage: { total_tokens: 5 } })
      .add("compacted", { message: "", replacement_history: [summary] })
      .event("context_compacted")
      .user("go on")
      .says("after")
      .add("token_usage_record", { response_id: "resp_2", usage: { total_tokens: 6 } })
      .end("t1");
    const graph = importGraph(log.write(folder));
    const [compaction] = Object.values(graph.compactions);
    expect(transcript(graph)).toEqual([
      "user: hello",
      "assistant: long",
      "(compacted)",
      "user: summary",
      "user: go on",
      "assistant: after",
    ]);
    expect(compaction?.input_item_ids).toHaveLength(2);
    expect(compaction?.replacement_item_ids).toHaveLength(1);
    expect(calls(graph).at(-1)).toEqual({ asked: 2, answered: 1, tokens: 6 });
    expect(Object.values(graph.compaction_requests).map(({ usage }) => usage?.total_tokens)).toEqual([5]);
    expect(graph.usage.total.total_tokens).toBe(21);
  });

  it("keeps what people wrote and the summary, where a compaction tells nothing else", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("<environment_context>x</environment_context>")
      .user("hello")
      .says("long")
      .tokens(10)
      .add("compacted", { message: "in short" })
      .says("after")
      .tokens(5)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(transcript(graph).slice(3)).toEqual([
      "(compacted)",
      "user: hello",
      "user: in short",
      "assistant: after",
    ]);
  });

  it("takes turns back, so that the next request does not carry them", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("one")
      .says("first")
      .tokens(1)
      .end("t1")
      .begin("t2")
      .user("two")
      .says("second")
      .tokens(1)
      .end("t2")
      .event("thread_rolled_back", { num_turns: 1 })
      .begin("t3")
      .user("three")
      .says("third")
      .tokens(1)
      .end("t3");
    const graph = importGraph(log.write(folder));
    const last = Object.values(graph.inference_calls).at(-1)?.inference_call_id ?? "";
    const texts = expandRequest(graph, last).map((id) => {
      const [part] = graph.conversation_items[id]?.body.parts ?? [];
      return part?.type === "text" ? part.text : null;
    });
    expect(texts).toEqual(["one", "first", "three"]);
  });

  it("says so when more turns were taken back than it has, and goes on", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("one")
      .says("first")
      .tokens(1)
      .end("t1")
      .event("thread_rolled_back", { num_turns: 3 })
      .begin("t2")
      .user("two")
      .says("second")
      .tokens(1)
      .end("t2");
    const path = log.write(folder);
    expect(readSource(path).problems.map(({ message }) => message)).toEqual([
      "3 turns were taken back; the history has 1",
    ]);
    expect(calls(importGraph(path, { mode: "lenient" })).at(-1)?.asked).toBe(1);
  });

  it("does not let a copied history be the work of the thread that was forked", () => {
    const before = "019d7d09-0000-7000-8000-00000000000a";
    const own = "019d7e01-0000-7000-8000-00000000000b";
    const log = new LogBuilder()
      .meta({
        id: CHILD,
        forked_from_id: ROOT,
        source: { subagent: { thread_spawn: { parent_thread_id: ROOT, agent_nickname: "Ada" } } },
      })
      .meta()
      .begin(before)
      .user("hello")
      .call("exec_command", { cmd: "ls" }, "c1")
      .tokens(1000)
      .output("c1", "You are the newly spawned agent. Go on.")
      .begin(own)
      .user("your part")
      .says("done")
      .tokens(5)
      .end(own);
    const graph = importGraph(log.write(folder));
    expect(Object.keys(graph.turns)).toEqual([own]);
    expect(graph.tool_calls).toEqual({});
    expect(graph.usage.total.total_tokens).toBe(5);
    expect(calls(graph)).toEqual([{ asked: 4, answered: 1, tokens: 5 }]);
    expect(graph.threads[CHILD]).toMatchObject({
      agent_path: "/root/Ada",
      origin: { type: "spawned", parent_thread_id: ROOT },
    });
    expect(graph.threads[ROOT]).toMatchObject({ agent_path: "/root", origin: { type: "root" } });
  });

  it("asks when the last item was given, not when the first event about the answer came", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("hello")
      .wait(500)
      .event("agent_message", { message: "hi" })
      .says("hi")
      .tokens(1)
      .end("t1");
    const { events } = readSource(log.write(folder));
    const [asked, answered] = ["inference_started", "inference_completed"].map(
      (type) => events.find(({ payload }) => payload.type === type)?.time_unix_us ?? 0,
    );
    expect((answered ?? 0) - (asked ?? 0)).toBe(520_000);
  });
});
