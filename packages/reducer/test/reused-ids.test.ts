/** Call ids that a model uses again: what is whose. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  execCall,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce, reduceInSteps } from "./support.ts";

const user = userMessage("hi");
const call = (command: string): JsonObject => functionCall("x", "bash", { command });
const output = (text: string): JsonObject => functionOutput("x", text);

/** What a graph says of a call. */
function saidOf(graph: RolloutGraph, id: string) {
  expect(checkGraph(graph)).toEqual([]);
  const {
    caused_by: cause,
    call_item_ids: asked,
    output_item_ids: returned,
    visibility,
  } = graph.tool_calls[id] ?? {};
  const { to_model_bytes: bytes, seen_by_model: seen } = visibility ?? {};
  const contents = (ids: readonly string[] = []) =>
    ids.map((item) => JSON.stringify(graph.conversation_items[item]?.body.parts));
  return {
    inference: cause?.inference_call_id,
    asked: contents(asked),
    returned: contents(returned),
    bytes,
    seen,
  };
}

const containing = (...texts: readonly string[]) => texts.map((text) => expect.stringContaining(text));

describe("a call id that a response uses again", () => {
  it("is the later response's where nothing was started for the one before", () => {
    const rollout = new RolloutBuilder();
    rollout.root
      .turn()
      .request([user])
      .respond([call("rm")]);
    rollout.root
      .turn()
      .request([user])
      .respond([call("ls")]);
    const turn = rollout.root.turn();
    turn.tool("x").end();
    turn.request([user, call("ls"), output("files")]);
    const graph = reduce(rollout);
    expect(saidOf(graph, "x")).toEqual({
      inference: "inference-2",
      asked: containing("ls"),
      returned: containing("files"),
      bytes: 5,
      seen: true,
    });
    expect(graph.findings).toEqual([]);
  });

  it("is the later response's where the one before failed with it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([user]).fail("cut off", [execCall("x", "old()")]);
    turn.request([user]).respond([execCall("x", "new()")]);
    turn.tool("x", { kind: { type: "code_cell_exec" }, label: "exec" });
    turn.cell("1", "x", "new()");
    const graph = reduce(rollout);
    expect(saidOf(graph, "x")).toMatchObject({ inference: "inference-2", asked: containing("new()") });
    const source = graph.code_cells["cell:root:x"]?.source_item_id ?? "";
    expect(graph.conversation_items[source]?.body.parts).toMatchObject([{ source: "new()" }]);
  });

  it("is that of the calls of one response in their order, and so are their outputs", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const calls = [call("ls"), call("pwd")];
    turn.request([user]).respond(calls);
    for (const id of ["first", "second"]) turn.tool(id, { callId: "x" }).end();
    turn.request([user, ...calls, output("files"), output("/")]);
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({ asked: containing("ls"), returned: containing("files") });
    expect(saidOf(graph, "second")).toMatchObject({ asked: containing("pwd"), returned: containing("/") });
  });

  it("leaves the one before it without an output where that was interrupted", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([user]).respond([call("sleep")]);
    turn.tool("first", { callId: "x" }).end("cancelled");
    turn.request([user]).respond([call("ls")]);
    turn.tool("second", { callId: "x" }).end();
    turn.request([user, call("ls"), output("files")]);
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({ asked: containing("sleep"), returned: [], seen: false });
    expect(saidOf(graph, "second")).toMatchObject({ asked: containing("ls"), returned: containing("files") });
  });
});

describe("a call that a host runs another time", () => {
  const record = (isUnderWay: boolean) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([user]).respond([call("rm")]);
    turn.tool("x").end("failed");
    const next = isUnderWay ? turn.request([user]) : null;
    turn.tool("x").end();
    next?.respond([call("ls")]);
    turn.request([user, call(isUnderWay ? "ls" : "rm"), output("done")]);
    return reduce(rollout);
  };

  it("was asked for by the response that asked for it at first, and has its output", () => {
    const graph = record(false);
    expect(saidOf(graph, "x")).toMatchObject({ inference: "inference-1", returned: [], seen: false });
    expect(saidOf(graph, "x#2")).toEqual({
      inference: "inference-1",
      asked: containing("rm"),
      returned: containing("done"),
      bytes: 4,
      seen: true,
    });
    expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["x", "x#2"]);
  });

  it.each([false, true])(
    "was asked for by that response also where requests under way turn out not to ask for it (resumed: %s)",
    (isResumed) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      turn.request([user]).respond([call("make")]);
      const sides = ["title?", "topic?"].map((text) => turn.request([userMessage(text)]));
      turn.tool("first", { callId: "x" }).end("failed");
      for (const id of ["second", "third"]) turn.tool(id, { callId: "x" }).end();
      for (const side of sides) side.respond([assistantMessage("Build")]);
      const history = [user, call("make"), output("built")];
      turn.request(history).respond([call("make test")]);
      turn.tool("next", { callId: "x" }).end();
      turn.request([...history, call("make test"), output("passed")]);
      const graph = isResumed ? reduceInSteps(rollout) : reduce(rollout);
      for (const [id, returned] of Object.entries({ first: [], second: [], third: ["built"] })) {
        expect(saidOf(graph, id)).toMatchObject({
          inference: "inference-1",
          asked: containing("make"),
          returned: containing(...returned),
        });
      }
      expect(saidOf(graph, "next")).toMatchObject({
        inference: "inference-4",
        asked: containing("make test"),
        returned: containing("passed"),
      });
      expect(graph.inference_calls["inference-1"]?.tool_call_ids).toEqual(["first", "second", "third"]);
    },
  );

  it("may as well be another call while a request is under way", () => {
    const graph = record(true);
    expect(saidOf(graph, "x#2")).toMatchObject({ inference: "inference-2", asked: containing("ls") });
  });
});

describe("where a call id was used before", () => {
  const record = () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([user]).respond([call("ls")]);
    turn.tool("first", { callId: "x" }).end();
    const told = [user, call("ls"), output("AAAAAAAAAA")];
    turn.request(told).respond([call("pwd")]);
    turn.tool("second", { callId: "x" }).end();
    return { rollout, turn, told };
  };

  it("a compaction that keeps the first use as it was copies that, and nobody was shown the second", () => {
    const { rollout, turn, told } = record();
    turn.compact("k1", { input: [...told, call("pwd")], replacement: told });
    turn.request(told);
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({ bytes: 10, asked: containing("ls", "ls") });
    expect(saidOf(graph, "second")).toMatchObject({
      bytes: null,
      seen: false,
      asked: containing("pwd"),
      returned: [],
    });
  });

  it("an output in other words right behind the first call is that call's", () => {
    const { rollout, turn, told } = record();
    turn.request([...told, call("pwd"), output("B")]);
    const cleared = [
      user,
      userMessage("reminder"),
      call("ls"),
      output("[cleared]"),
      call("pwd"),
      output("B"),
    ];
    turn.request(cleared);
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({
      bytes: 10,
      returned: containing("AAAAAAAAAA", "[cleared]"),
    });
    expect(saidOf(graph, "second")).toMatchObject({ bytes: 1, returned: containing("B") });
  });

  it("an output is that of the last call before it, also where it stands in the place of another's", () => {
    const { rollout, turn } = record();
    turn.request([user, call("pwd"), output("B")]);
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({ bytes: 10, returned: containing("AAAAAAAAAA") });
    expect(saidOf(graph, "second")).toMatchObject({ bytes: 1, returned: containing("B"), seen: true });
    expect(graph.findings).toEqual([]);
  });

  it.each([false, true])(
    "outputs in other words are of the calls of their own response, not right behind those and elsewhere (resumed: %s)",
    (isResumed) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const of = (id: string, command: string) => functionCall(id, "bash", { command });
      const calls = [of("x", "ls"), of("y", "pwd")];
      const next = [of("x", "id"), of("y", "date")];
      const outputs = (x: string, y: string) => [functionOutput("x", x), functionOutput("y", y)];
      turn.request([user]).respond(calls);
      for (const id of ["x", "y"]) turn.tool(`${id}1`, { callId: id }).end();
      const history = [user, ...calls, ...outputs("AAAA", "BBBB")];
      turn.request(history).respond(next);
      for (const id of ["x", "y"]) turn.tool(`${id}2`, { callId: id }).end();
      const head = [user, userMessage("reminder"), ...calls];
      turn.request([...head, ...outputs("[cleared]", "[cleared]"), ...next, ...outputs("C", "D")]);
      const graph = isResumed ? reduceInSteps(rollout) : reduce(rollout);
      expect(saidOf(graph, "x1")).toMatchObject({ bytes: 4, returned: containing("AAAA", "[cleared]") });
      expect(saidOf(graph, "y1")).toMatchObject({ bytes: 4, returned: containing("BBBB", "[cleared]") });
      expect(saidOf(graph, "x2")).toMatchObject({ bytes: 1, returned: containing("C") });
      expect(saidOf(graph, "y2")).toMatchObject({ bytes: 1, returned: containing("D") });
    },
  );

  it("the output of a call that no response asked for is that of the call right before it", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([user]).respond([call("sleep")]);
    turn.tool("first", { callId: "x" });
    turn.request([user, call("sleep"), userMessage("stop"), call("ls"), output("files")]);
    turn.tool("second", { callId: "x" });
    const graph = reduce(rollout);
    expect(saidOf(graph, "first")).toMatchObject({ asked: containing("sleep"), returned: [] });
    const files = Object.values(graph.conversation_items).find(({ kind }) => kind === "function_call_output");
    expect(files?.produced_by).not.toContainEqual({ type: "tool", tool_call_id: "first" });
  });
});
