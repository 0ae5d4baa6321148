import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importGraph, requests, TranscriptBuilder, transcript, turns } from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a turn", () => {
  it("begins with what a person asks and ends when the host says so or the next one begins", () => {
    const log = new TranscriptBuilder()
      .user("first")
      .text("m1", "a")
      .system("turn_duration", { durationMs: 5 })
      .user("<command-name>/exit</command-name>")
      .user("second")
      .text("m2", "b")
      .user("third")
      .use("m3", "Bash", "c1", { command: "sleep 9" });
    const graph = importGraph(log.write(folder));
    expect(turns(graph)).toEqual([
      ["completed", 1],
      ["completed", 1],
      ["running", 1],
    ]);
    expect(graph.status).toBe("running");
  });

  it("is over once it is answered, whatever the host says after that, and otherwise not", () => {
    const asked = new TranscriptBuilder().user("first").user("second").text("m1", "to the second");
    const over = asked
      .user("<command-name>/exit</command-name>")
      .user("<local-command-stdout>Bye</local-command-stdout>");
    const graph = importGraph(over.write(folder));
    expect(turns(graph)).toEqual([
      ["aborted", 0],
      ["completed", 1],
    ]);
    expect(graph.status).toBe("completed");
    const thinking = new TranscriptBuilder()
      .user("think")
      .says("m1", [{ type: "thinking", thinking: "hm", signature: "s" }]);
    expect(importGraph(thinking.write(folder)).status).toBe("running");
  });

  it("begins with news from the background where they wake the agent, and not with reminders", () => {
    const log = new TranscriptBuilder()
      .user("start it")
      .text("m1", "started")
      .user("<task-notification>\n<task-id>b1</task-id>\n</task-notification>")
      .text("m2", "it has ended")
      .user("Stop hook feedback: go on", { isMeta: true })
      .text("m3", "going on");
    expect(turns(importGraph(log.write(folder)))).toEqual([
      ["completed", 1],
      ["completed", 2],
    ]);
  });

  it("that was interrupted is cancelled, with the request that was under way", () => {
    const log = new TranscriptBuilder()
      .user("think hard")
      .user([{ type: "text", text: "[Request interrupted by user]" }])
      .user("never mind")
      .text("m1", "fine");
    const graph = importGraph(log.write(folder));
    expect(turns(graph)).toEqual([
      ["cancelled", 1],
      ["completed", 1],
    ]);
    expect(
      Object.values(graph.inference_calls).map(({ execution, error }) => [execution.status, error]),
    ).toEqual([
      ["cancelled", "[Request interrupted by user]"],
      ["completed", null],
    ]);
    expect(requests(graph)[1]).toEqual([
      "user: think hard",
      "user: [Request interrupted by user]",
      "user: never mind",
    ]);
  });

  it("that was interrupted in the middle of a response keeps what was said", () => {
    const log = new TranscriptBuilder()
      .user("tell me a story")
      .text("m1", "Once upon")
      .user([{ type: "text", text: "[Request interrupted by user]" }], { interruptedMessageId: "m1" });
    const graph = importGraph(log.write(folder));
    expect(
      Object.values(graph.inference_calls).map(({ execution, usage }) => [
        execution.status,
        usage?.total_tokens,
      ]),
    ).toEqual([["cancelled", 11]]);
    expect(transcript(graph)).toEqual([
      "user: tell me a story",
      "assistant: Once upon",
      "user: [Request interrupted by user]",
    ]);
    expect(graph.status).toBe("aborted");
  });

  it("whose call was refused is cancelled without a request of its own", () => {
    const log = new TranscriptBuilder()
      .user("delete it")
      .use("m1", "Bash", "c1", { command: "rm x" })
      .result("c1", "The user doesn't want to proceed with this tool use.", { isError: true })
      .user([{ type: "text", text: "[Request interrupted by user for tool use]" }]);
    const graph = importGraph(log.write(folder));
    expect(turns(graph)).toEqual([["cancelled", 1]]);
    expect(
      Object.values(graph.tool_calls).map(({ execution, recorded_end_cause: cause }) => [
        execution.status,
        cause,
      ]),
    ).toEqual([["failed", "rejected"]]);
    expect(graph.terminal_operations).toEqual({});
  });
});

describe("a request that failed", () => {
  it("is told with its error, whether it was made again or given up", () => {
    const log = new TranscriptBuilder()
      .user("hello?")
      .system("api_error", { error: { formatted: "connection reset" }, retryAttempt: 1 })
      .text("m1", "hello")
      .user("still there?")
      .says("x", [{ type: "text", text: "API Error: 529 overloaded" }], {
        isApiErrorMessage: true,
        message: { model: "<synthetic>", usage: { input_tokens: 0, output_tokens: 0 } },
      });
    const graph = importGraph(log.write(folder));
    expect(
      Object.values(graph.inference_calls).map(({ execution, error }) => [execution.status, error]),
    ).toEqual([
      ["failed", "connection reset"],
      ["completed", null],
      ["failed", "API Error: 529 overloaded"],
    ]);
    expect(turns(graph)).toEqual([
      ["completed", 2],
      ["failed", 1],
    ]);
    expect(transcript(graph)).toEqual(["user: hello?", "assistant: hello", "user: still there?"]);
    expect(Object.keys(graph.usage.by_model)).toEqual(["claude-test"]);
  });
});
