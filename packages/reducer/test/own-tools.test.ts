/** Tools that the provider runs itself: one element of a response is the call and what came of it. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph, expandRequest, type RolloutGraph } from "@rollout-trace/reducer";
import { assistantMessage, functionCall, RolloutBuilder, userMessage } from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce, reduceInSteps } from "./support.ts";

const SEARCH: JsonObject = {
  type: "web_search_call",
  id: "ws_1",
  status: "completed",
  action: { type: "search", query: "q" },
};
const WEB = { callId: "ws_1", kind: { type: "web" } } as const;
const wrongOf = (graph: RolloutGraph) => [...codesOf(graph), ...findingsOf(graph), ...checkGraph(graph)];

describe("a call of a tool that the provider runs", () => {
  it.each<[string, JsonObject]>([
    ["web_search_call", SEARCH],
    ["file_search_call", { queries: ["q"], results: [{ text: "found" }], status: "completed" }],
    ["image_generation_call", { result: "blob", status: "completed" }],
    ["code_interpreter_call", { code: "1", outputs: [{ type: "logs", logs: "1" }], status: "incomplete" }],
    ["mcp_call", { name: "f", server_label: "s", arguments: "{}", output: "42" }],
  ])("is joined with its element, which has shown the model what came of it: %s", (type, fields) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = { ...fields, type, id: "ws_1" };
    const said = [call, assistantMessage("answer"), functionCall("c1", "f", {})];
    turn.request([userMessage("q")]).respond(said);
    turn.tool("t", WEB).end();
    turn.tool("c1");
    turn.request([userMessage("q"), ...said]);
    turn.end("cancelled");
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["t"]).toMatchObject({
      call_item_ids: ["item:2"],
      output_item_ids: [],
      caused_by: { inference_call_id: "inference-1" },
      visibility: { seen_by_model: true },
    });
    expect(graph.conversation_items["item:2"]).toMatchObject({ call_id: "ws_1", provider_item_id: "ws_1" });
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["t", "c1"]);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2", "item:3", "item:4"]);
    expect(wrongOf(graph)).toEqual(["tool_call_never_ended c1"]);
    expect(reduceInSteps(rollout)).toEqual(graph);
  });

  it("is what a command was observed by, and what the cell of one was", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const other = { ...SEARCH, id: "ws_2" };
    turn.request([userMessage("q")]).respond([SEARCH, other]);
    turn.tool("t", { callId: "ws_1", kind: { type: "write_stdin" } }).end();
    const cell = turn.cell("1", "ws_2");
    turn.tool("n", { cell: "1", kind: { type: "write_stdin" } }).end();
    cell.respond("completed").end();
    const graph = reduce(rollout);
    const observed = Object.values(graph.terminal_operations).map(({ observed_by }) => observed_by);
    expect(observed).toEqual([
      [{ source: "direct", call_item_ids: ["item:2"], output_item_ids: ["item:2"] }],
      [{ source: "code_cell_output", call_item_ids: ["item:3"], output_item_ids: ["item:3"] }],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is joined whichever is recorded first", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const asking = turn.request([userMessage("q")]);
    turn.tool("t", WEB).end();
    asking.respond([SEARCH, assistantMessage("answer")]);
    turn.end();
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["t"]?.call_item_ids).toEqual(["item:2"]);
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["t"]);
    expect(wrongOf(graph)).toEqual([]);
  });

  it("is the same item where a host sends it again without its id", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("q")]).respond([SEARCH]);
    turn.tool("t", WEB).end();
    const { id: _, ...anonymous } = SEARCH;
    turn.request([userMessage("q"), anonymous]);
    turn.end();
    rollout.end();
    const graph = reduce(rollout);
    expect(expandRequest(graph, "inference-2")).toEqual(["item:1", "item:2"]);
    expect(wrongOf(graph)).toEqual([]);
  });

  it("is joined with the element of a request where no response was recorded, and with none that comes again", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.tool("t", WEB).end();
    turn.request([userMessage("q"), SEARCH]);
    turn.request([userMessage("other")]);
    turn.compact("k", { input: [userMessage("q"), SEARCH], replacement: [SEARCH] });
    turn.request([userMessage("new"), { ...SEARCH }]);
    turn.end();
    rollout.end();
    const graph = reduce(rollout);
    expect(graph.tool_calls["t"]).toMatchObject({
      call_item_ids: ["item:2"],
      caused_by: { inference_call_id: null },
      visibility: { seen_by_model: true },
    });
    expect(codesOf(graph)).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("has shown nothing yet in a response that was cut off before it was over", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const running = { ...SEARCH, status: "searching" };
    turn.request([userMessage("q")]).fail("reset", [running]);
    turn.tool("t", WEB).end();
    const seen = () => {
      const graph = reduce(rollout);
      expect(checkGraph(graph)).toEqual([]);
      return graph.tool_calls["t"]?.visibility.seen_by_model;
    };
    expect(seen()).toBe(false);
    turn.request([userMessage("q"), SEARCH]);
    expect(seen()).toBe(true);
    expect(reduce(rollout).tool_calls["t"]?.call_item_ids).toEqual(["item:2"]);
    expect(reduce(rollout).tool_calls["t"]?.evidence.seqs.at(-1)).toBe(rollout.events.length);
  });
});
