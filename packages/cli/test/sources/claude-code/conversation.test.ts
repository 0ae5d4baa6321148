import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import {
  importGraph,
  readSource,
  requests,
  SESSION,
  TranscriptBuilder,
  transcript,
} from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the conversation in a transcript", () => {
  it("is made of requests, each of which continues the response before it", () => {
    const log = new TranscriptBuilder()
      .user("Which day is it?")
      .says("m1", [{ type: "thinking", thinking: "a calendar helps", signature: "sig-1" }])
      .use("m1", "Bash", "c1", { command: "date" })
      .result("c1", "Monday", { toolUseResult: { stdout: "Monday", stderr: "", interrupted: false } })
      .text("m2", "It is Monday.", { message: { stop_reason: "end_turn" } });
    const graph = importGraph(log.write(folder));
    expect(checkGraph(graph)).toEqual([]);
    expect(transcript(graph)).toEqual([
      "user: Which day is it?",
      "assistant: a calendar helps sig-1",
      'assistant: {"command":"date"}',
      "tool: Monday",
      "assistant: It is Monday.",
    ]);
    expect(requests(graph).map(({ length }) => length)).toEqual([1, 4]);
    expect(Object.values(graph.inference_calls).map(({ request }) => request.keep)).toEqual([0, 3]);
    expect(Object.values(graph.conversation_items).every(({ provenance }) => provenance === "imported")).toBe(
      true,
    );
    expect(graph.host).toEqual({ name: "claude-code", version: "2.1.100" });
    expect(graph.status).toBe("completed");
  });

  it("counts what a response cost once, as its last entry tells it", () => {
    const log = new TranscriptBuilder()
      .user("go")
      .text("m1", "first", { usage: { output_tokens: 2 } })
      .use("m1", "Glob", "c1", {}, { usage: { output_tokens: 40, cache_read_input_tokens: 5 } })
      .result("c1", "none")
      .use("m1", "Glob", "c2", {}, { usage: { output_tokens: 41, cache_read_input_tokens: 5 } })
      .result("c2", "none")
      .text("m2", "done", { usage: { output_tokens: 7 } });
    const graph = importGraph(log.write(folder));
    expect(graph.usage.by_model["claude-test"]).toEqual({
      input_tokens: 25,
      cached_input_tokens: 5,
      cache_creation_input_tokens: 0,
      output_tokens: 48,
      reasoning_output_tokens: 0,
      total_tokens: 73,
    });
  });

  it("puts a response that was spread over results before them, as the next request has it", () => {
    const log = new TranscriptBuilder()
      .user("look twice")
      .use("m1", "Grep", "c1", { pattern: "one" })
      .result("c1", "1")
      .use("m1", "Grep", "c2", { pattern: "two" })
      .result("c2", "2")
      .text("m2", "both");
    const graph = importGraph(log.write(folder));
    expect(requests(graph)[1]).toEqual([
      "user: look twice",
      'assistant: {"pattern":"one"}',
      'assistant: {"pattern":"two"}',
      "tool: 1",
      "tool: 2",
    ]);
  });

  it("shows a request after a rewind what came before the message that was taken back, and keeps the rest as history", () => {
    const log = new TranscriptBuilder().user("name a colour").text("m1", "red");
    const beforeRewind = log.last;
    log
      .user("now a fruit")
      .text("m2", "cherry")
      .user("and a town", { parent: beforeRewind })
      .text("m3", "Oslo");
    const graph = importGraph(log.write(folder));
    expect(requests(graph)).toEqual([
      ["user: name a colour"],
      ["user: name a colour", "assistant: red", "user: now a fruit"],
      ["user: name a colour", "assistant: red", "user: and a town"],
    ]);
    expect(transcript(graph)).toContain("assistant: cherry");
    expect(graph.findings).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("keeps what was never answered before somebody went back", () => {
    const log = new TranscriptBuilder()
      .user("a")
      .text("m1", "A")
      .user("b, never answered")
      .user("c", { parent: "u2" })
      .text("m2", "C");
    const graph = importGraph(log.write(folder));
    expect(transcript(graph)).toEqual([
      "user: a",
      "assistant: A",
      "user: b, never answered",
      "user: c",
      "assistant: C",
    ]);
    expect(requests(graph)[1]).toEqual(["user: a", "assistant: A", "user: c"]);
  });

  it("goes back to a branch that was left, with all that was in it", () => {
    const log = new TranscriptBuilder().user("a").text("m1", "A").user("b").text("m2", "B");
    const left = log.last;
    log.user("c", { parent: "u2" }).text("m3", "C").user("d", { parent: left }).text("m4", "D");
    expect(requests(importGraph(log.write(folder))).at(-1)).toEqual([
      "user: a",
      "assistant: A",
      "user: b",
      "assistant: B",
      "user: d",
    ]);
  });

  it("takes a result of one of several calls for no rewind, although it follows its own call", () => {
    const log = new TranscriptBuilder().user("read both").use("m1", "Read", "c1", { file_path: "/a" });
    const first = log.last;
    log.use("m1", "Read", "c2", { file_path: "/b" });
    const second = log.last;
    log
      .result("c1", "A", { parent: first })
      .add("progress", { parent: first, data: { type: "hook_progress" } })
      .result("c2", "B", { parent: second })
      .text("m2", "read");
    expect(requests(importGraph(log.write(folder)))[1]).toEqual([
      "user: read both",
      'assistant: {"file_path":"/a"}',
      'assistant: {"file_path":"/b"}',
      "tool: A",
      "tool: B",
    ]);
  });

  it("begins anew where a message follows nothing, as after a history was cleared", () => {
    const log = new TranscriptBuilder()
      .user("long ago")
      .text("m1", "yes")
      .attach({ type: "hook_success", hookEvent: "SessionStart", content: "be kind" }, { parent: null })
      .user("afresh")
      .text("m2", "hello");
    expect(requests(importGraph(log.write(folder)))[1]).toEqual(["user: be kind", "user: afresh"]);
  });

  it("goes on from what stands before an entry whose parent the file does not have", () => {
    const log = new TranscriptBuilder()
      .user("one", { parent: "elsewhere" })
      .text("m1", "1")
      .user("two", { parent: "lost" })
      .text("m2", "2");
    expect(requests(importGraph(log.write(folder)))[1]).toEqual(["user: one", "assistant: 1", "user: two"]);
  });

  it("takes an entry that comes twice, or again under another uuid, for the one it is", () => {
    const log = new TranscriptBuilder().user("say hi").text("m1", "hi");
    const [, line = ""] = log.lines;
    log
      .line(line)
      .text("m1", "hi", { parent: null, uuid: "copy" })
      .user("again", { parent: "copy" })
      .text("m2", "hi hi");
    const graph = importGraph(log.write(folder));
    expect(transcript(graph)).toEqual(["user: say hi", "assistant: hi", "user: again", "assistant: hi hi"]);
    expect(graph.usage.total.total_tokens).toBe(22);
  });

  it("keeps responses apart whose ids were redacted, and counts each", () => {
    const log = new TranscriptBuilder();
    for (const [index, word] of ["one", "two", "three"].entries()) {
      const usage = { output_tokens: index + 1 };
      log
        .user(`count ${word}`, { uuid: "REDACTED", parent: "REDACTED" })
        .text("REDACTED", word, { uuid: "REDACTED", requestId: "REDACTED", usage })
        .text("REDACTED", `${word}!`, { uuid: "REDACTED", requestId: "REDACTED", usage });
    }
    const graph = importGraph(log.write(folder));
    expect(requests(graph).map(({ length }) => length)).toEqual([1, 4, 7]);
    expect(graph.usage.total.total_tokens).toBe(36);
  });

  it("gives messages without ids a request each", () => {
    const message = (role: string, content: string) =>
      JSON.stringify({ type: role, timestamp: "2026-03-01T09:00:00Z", message: { content } });
    const log = new TranscriptBuilder()
      .line(message("user", "ping"))
      .line(message("assistant", "pong"))
      .line(message("user", "ping again"))
      .line(message("assistant", "pong again"));
    const graph = importGraph(log.write(folder, "short.jsonl"));
    expect(graph.root_thread_id).toBe("short");
    expect(requests(graph, "short").map(({ length }) => length)).toEqual([1, 3]);
  });
});

describe("what surrounds a conversation", () => {
  it("is shown to the model where it was, and is otherwise kept as it is", () => {
    const log = new TranscriptBuilder()
      .note("permission-mode", { permissionMode: "default" })
      .note("file-history-snapshot", { messageId: "u1", snapshot: {} })
      .user("go")
      .attach({ type: "hook_success", hookEvent: "PostToolUse", content: "unseen" })
      .attach({ type: "hook_additional_context", content: ["mind the gap", "and the door"] })
      .attach({ type: "queued_command", prompt: "faster" })
      .attach({ type: "date_change", newDate: "2026-03-02" })
      .note("queue-operation", { operation: "enqueue", content: "faster" })
      .note("a-type-of-tomorrow", { answer: 42 })
      .text("m1", "went")
      .note("summary", { summary: "Going", leafUuid: "u6" });
    const path = log.write(folder);
    expect(requests(importGraph(path))[0]).toEqual([
      "user: go",
      "user: mind the gap\nand the door",
      "user: faster",
      'user: {"type":"date_change","newDate":"2026-03-02"}',
    ]);
    const crumbs = readSource(path).events.flatMap(({ payload }) =>
      payload.type === "protocol_event_observed" ? payload.event_type : [],
    );
    expect(crumbs).toEqual([
      "permission-mode",
      "file-history-snapshot",
      "attachment:hook_success",
      "queue-operation",
      "a-type-of-tomorrow",
      "summary",
    ]);
  });

  it("is part of one rollout although its entries name two sessions", () => {
    const log = new TranscriptBuilder()
      .user("go", { sessionId: "another" })
      .text("m1", "went")
      .user("on", { sessionId: "another" })
      .text("m2", "on I went");
    const graph = importGraph(log.write(folder, "log.jsonl"));
    expect(graph.rollout_id).toBe(SESSION);
    expect(requests(graph)[1]).toEqual(["user: go", "assistant: went", "user: on"]);
  });
});
