import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceLeniently } from "./support.ts";

describe("a tool call", () => {
  it("has the arguments that the model wrote, in its order and to the last digit", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const written = (digit: string) => ({
      ...functionCall("c1", "get", {}),
      arguments: `{"z": 1, "id": 1234567890123456789${digit}}`,
    });
    turn.request([userMessage("hi"), written("0"), written("1")]);
    const parts = Object.values(reduce(rollout).conversation_items).flatMap((item) => item.body.parts);
    expect(parts.slice(1)).toMatchObject([
      { type: "json", preview: '{"z": 1, "id": 12345678901234567890}' },
      { type: "json", preview: '{"z": 1, "id": 12345678901234567891}' },
    ]);
    const [, first, second] = parts;
    expect(first).not.toMatchObject({ content_id: second?.type === "json" ? second.content_id : "" });
  });

  it("is of the kind that it turned out to be when it ran, not of that which it was dispatched as", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([functionCall("c1", "echo", {})]);
    turn.tool("c1", { label: "echo" });
    const kind = { type: "mcp", server: "echo", tool: "echo" };
    const runtime = rollout.payload("tool_runtime_event", {});
    turn.event({ type: "tool_call_runtime_started", tool_call_id: "c1", kind, runtime });
    expect(reduce(rollout).tool_calls["c1"]?.kind).toEqual(kind);
  });

  it("has each event and each payload once in its evidence, however many and however often they are named", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([functionCall("c1", "run", {})]);
    const { id } = turn.tool("c1", { label: "run" });
    const runtimes = Array.from({ length: 10 }, (_, step) => rollout.payload("tool_runtime_event", { step }));
    for (const runtime of [...runtimes, ...runtimes]) {
      turn.event({ type: "tool_call_runtime_started", tool_call_id: id, runtime });
    }
    const { evidence } = reduce(rollout).tool_calls[id] ?? {};
    expect(evidence?.payload_ids.slice(-10)).toEqual(runtimes.map(({ payload_id }) => payload_id));
    expect(new Set(evidence?.payload_ids).size).toBe(evidence?.payload_ids.length);
    expect(evidence?.seqs).toEqual(evidence?.seqs.toSorted((left, right) => left - right));
    expect(new Set(evidence?.seqs).size).toBe(22);
  });

  it("is linked to its call item, its output item and the inference call that asked for it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "lookup", { key: 1 });
    turn.request([userMessage("hi")]).respond([call]);
    turn
      .tool("c1", { label: "lookup", input: { key: 1 } })
      .end("completed", { cause: "returned", sizes: { produced_bytes: 90, to_requester_bytes: 9 } });
    turn.request([userMessage("hi"), call, functionOutput("c1", "réponse")]);
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toEqual({
      tool_call_id: "c1",
      recorded_id: "c1",
      thread_id: "root",
      turn_id: "turn-1",
      execution: {
        started_at_us: 1_700_000_000_006_000,
        started_seq: 6,
        ended_at_us: 1_700_000_000_007_000,
        ended_seq: 7,
        status: "completed",
        end_cause: "observed",
      },
      recorded_end_cause: "returned",
      requester: { type: "model" },
      kind: { type: "other", name: "lookup" },
      label: "lookup",
      model_visible_call_id: "c1",
      runtime_tool_call_id: null,
      mcp_call_id: null,
      call_item_ids: ["item:2"],
      output_item_ids: ["item:3"],
      code_cell_id: null,
      terminal_operation_id: null,
      span_ids: [],
      input_preview: null,
      output_preview: null,
      invocation_payload_id: "payload-3",
      result_payload_id: null,
      runtime_payload_ids: [],
      caused_by: { thread_id: "root", model_visible_call_id: "c1", inference_call_id: "inference-1" },
      visibility: { produced_bytes: 90, to_requester_bytes: 9, to_model_bytes: 8, seen_by_model: true },
      evidence: { seqs: [5, 6, 7, 8], payload_ids: ["payload-3", "payload-2", "payload-4"] },
      provenance: "recorded",
    });
    expect(graph.conversation_items["item:3"]?.produced_by).toEqual([{ type: "tool", tool_call_id: "c1" }]);
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["c1"]);
    expect(findingsOf(graph)).toEqual(["output_truncated c1"]);
  });

  it("may start and end before the response that asked for it is recorded", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const inference = turn.request([userMessage("hi")]);
    turn.tool("c1").end();
    inference.respond([functionCall("c1", "tool", {})]);
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2"],
      caused_by: { inference_call_id: "inference-1" },
    });
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["c1"]);
    expect(codesOf(graph)).toEqual([]);
  });

  it("whose id another thread uses too is another call, and no odd one", () => {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request([userMessage("a")]).respond([functionCall("c1", "tool", {})]);
    const first = parent.tool("c1");
    const child = rollout.child("child").turn();
    child.request([userMessage("b")]).respond([functionCall("c1", "tool", {})]);
    const second = child.tool("c1");
    second.end("failed");
    first.end("completed");
    const graph = reduce(rollout);
    expect(graph.diagnostics).toEqual([]);
    expect(graph.tool_calls["c1"]).toMatchObject({
      thread_id: "root",
      recorded_id: "c1",
      call_item_ids: ["item:2"],
      execution: { status: "completed" },
    });
    expect(graph.tool_calls["c1#2"]).toMatchObject({
      thread_id: "child",
      recorded_id: "c1",
      call_item_ids: ["item:4"],
      execution: { status: "failed" },
    });
  });

  it("whose id its thread has used before is a new call with a warning", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const history = [userMessage("go")];
    for (const round of ["one", "two"]) {
      const call = functionCall("c1", "tool", { round });
      turn.request(history).respond([call]);
      turn.tool("c1", { input: { round } }).end();
      history.push(call, functionOutput("c1", round));
    }
    turn.request(history);
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual(["call_id_reused"]);
    expect(graph.tool_calls["c1"]).toMatchObject({ call_item_ids: ["item:2"], output_item_ids: ["item:3"] });
    expect(graph.tool_calls["c1#2"]).toMatchObject({
      call_item_ids: ["item:4"],
      output_item_ids: ["item:5"],
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("with the id of one that is still open is a new call, and its output goes to the latest", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const calls = [functionCall("c1", "tool", { n: 1 }), functionCall("c1", "tool", { n: 2 })];
    for (const [index, call] of calls.entries()) {
      turn.request([userMessage("go"), ...calls.slice(0, index)]).respond([call]);
      turn.tool("c1", { input: { n: index } });
    }
    turn.request([userMessage("go"), ...calls, functionOutput("c1", "x")]);
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toMatchObject({ call_item_ids: ["item:2"], output_item_ids: [] });
    expect(graph.tool_calls["c1#2"]).toMatchObject({
      call_item_ids: ["item:3"],
      output_item_ids: ["item:4"],
    });
  });

  it("gets an id that nothing else has, whatever ids were recorded", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    for (const id of ["c#2", "c", "c", "c#2", "__proto__", "constructor"])
      turn.tool(id, { host: true, label: id }).end();
    expect(Object.keys(reduce(rollout).tool_calls)).toEqual([
      "c#2",
      "c",
      "c#3",
      "c#2#2",
      "__proto__",
      "constructor",
    ]);
  });

  it("that the host made has no cause", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().tool("h", { host: true }).end();
    expect(reduce(rollout).tool_calls["h"]).toMatchObject({ requester: { type: "host" }, caused_by: null });
  });

  it("that no recorded response asks for is a warning where the thread has a transcript", () => {
    const record = (hasTranscript: boolean) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      turn.tool("c1").end();
      if (hasTranscript) turn.request([userMessage("hi")]).respond([assistantMessage("no calls here")]);
      return rollout;
    };
    expect(codesOf(reduce(record(false).end()))).toEqual([]);
    expect(codesOf(reduce(record(true).end()))).toEqual(["missing_source_item"]);
    // Its response may still be recorded.
    expect(codesOf(reduce(record(true)))).toEqual([]);
  });

  it("carries the id that was sent to the MCP server", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("c1", { kind: { type: "mcp", server: "s", tool: "t" } });
    turn.event({ type: "mcp_call_assigned", tool_call_id: "c1", mcp_call_id: "mcp-7" });
    expect(reduce(rollout).tool_calls["c1"]?.mcp_call_id).toBe("mcp-7");
  });

  it("whose output no request carries is a finding once the rollout is over", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([functionCall("c1", "tool", {})]);
    turn.tool("c1").end();
    turn.end();
    expect(findingsOf(reduce(rollout))).toEqual([]);
    rollout.root.end();
    rollout.end();
    expect(findingsOf(reduce(rollout))).toEqual(["tool_result_never_seen c1"]);
  });

  it("of a response with several stands in the response's order, whichever started first", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const ids = ["c1", "c2", "c3", "c4"];
    const inference = turn.request([userMessage("hi")]);
    turn.tool("c3");
    inference.respond([
      assistantMessage("I shall look"),
      ...ids.map((id) => functionCall(id, "tool", { id })),
    ]);
    for (const id of ["c4", "c1", "c2"]) turn.tool(id);
    const graph = reduce(rollout);
    expect(graph.inference_calls[inference.id]?.tool_call_ids).toEqual(ids);
    expect(ids.map((id) => graph.tool_calls[id]?.call_item_ids)).toEqual([
      ["item:3"],
      ["item:4"],
      ["item:5"],
      ["item:6"],
    ]);
    expect(graph.diagnostics).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("that its provider ran is in its response once, where the response has its output as well", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const inference = turn.request([userMessage("hi")]);
    turn.tool("c1");
    inference.respond([functionCall("c1", "tool", {}), functionOutput("c1", "done")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls[inference.id]?.tool_call_ids).toEqual(["c1"]);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2"],
      output_item_ids: ["item:3"],
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is no call of a response that has its output alone", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "tool", {});
    const first = turn.request([userMessage("hi")]);
    first.respond([call]);
    turn.tool("c1");
    const second = turn.request([userMessage("hi"), call]);
    second.respond([functionOutput("c1", "done")]);
    const graph = reduce(rollout);
    expect(graph.inference_calls[first.id]?.tool_call_ids).toEqual(["c1"]);
    expect(graph.inference_calls[second.id]?.tool_call_ids).toEqual([]);
    expect(graph.tool_calls["c1"]?.output_item_ids).toEqual(["item:3"]);
  });

  it("has all items of its call, also where compactions made some of them before it started", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "tool", {});
    turn.request([userMessage("hi")]).respond([call]);
    for (const id of ["k1", "k2"]) turn.compact(id, { input: [call], replacement: [call] });
    turn.tool("c1");
    turn.compact("k3", { input: [call], replacement: [call] });
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]?.call_item_ids).toEqual(["item:2", "item:4", "item:6", "item:8"]);
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["c1"]);
    expect(graph.diagnostics).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("that its turn makes three times with one input is a finding", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const history = [userMessage("go")];
    for (const id of ["c1", "c2", "c3"]) {
      const call = functionCall(id, "tool", { same: true });
      turn.request(history).respond([call]);
      turn.tool(id).end();
      history.push(call, functionOutput(id, "x"));
    }
    turn.request(history);
    expect(findingsOf(reduce(rollout))).toEqual(["repeated_identical_call c3"]);
  });

  it("that its turn makes twice with one input is none, among however many others", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const calls = ["same", "other", "same", "another"].map((input, index) =>
      functionCall(`c${index}`, "tool", { input }),
    );
    turn.request([userMessage("hi")]).respond(calls);
    for (const index of calls.keys()) turn.tool(`c${index}`).end();
    expect(findingsOf(reduce(rollout))).toEqual([]);
  });

  it("that several turns make, each less than three times, is none", () => {
    const rollout = new RolloutBuilder();
    for (let round = 0; round < 3; round += 1) {
      const turn = rollout.root.turn();
      const calls = [
        functionCall(`a${round}`, "tool", { same: true }),
        functionCall(`b${round}`, "tool", { same: true }),
        functionCall(`c${round}`, "tool", { round }),
      ];
      turn.request([userMessage(`${round}`)]).respond(calls);
      for (const id of ["a", "b", "c"]) turn.tool(`${id}${round}`).end();
      turn.end();
    }
    expect(findingsOf(reduce(rollout))).toEqual([]);
  });
});

describe("an event that comes before the start of its call", () => {
  it("waits for it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.event({ type: "mcp_call_assigned", tool_call_id: "c1", mcp_call_id: "m" });
    turn.event({ type: "tool_call_ended", tool_call_id: "c1", status: "failed", end_cause: "timeout" });
    turn.tool("c1", { host: true });
    const graph = reduce(rollout);
    expect(graph.tool_calls["c1"]).toMatchObject({
      mcp_call_id: "m",
      recorded_end_cause: "timeout",
      execution: { status: "failed", started_seq: 6, ended_seq: 6 },
      evidence: { seqs: [4, 5, 6] },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("and waits in vain is an error of its own place", () => {
    const rollout = new RolloutBuilder();
    rollout.root.turn().event({ type: "tool_call_ended", tool_call_id: "c1", status: "failed" });
    expect(reduceLeniently(rollout).diagnostics).toEqual([
      {
        code: "unknown_reference",
        severity: "error",
        seq: 4,
        message: 'tool_call_ended: tool call "c1" never started',
        object: null,
      },
    ]);
    expect(() => reduce(rollout)).toThrow(expect.objectContaining({ code: "unknown_reference", seq: 4 }));
  });
});
