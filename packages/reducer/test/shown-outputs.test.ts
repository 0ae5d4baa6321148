/** What of a call's output a model was shown, where hosts say it again in other words, or not at all. */
import { describe, expect, it } from "vitest";
import type { ExecutionStatus, WaitOutcomeKind } from "@rollout-trace/protocol";
import { checkGraph, type RolloutGraph } from "@rollout-trace/reducer";
import {
  assistantMessage,
  type CellBuilder,
  functionCall,
  functionOutput,
  RolloutBuilder,
  type ToolCallBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { codesOf, findingsOf, reduce } from "./support.ts";

/** A call that was asked for, made and answered; the request that shows the answer is still to come. */
function answered(asked = functionCall("c1", "tool", { a: 1 })) {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([userMessage("hi")]).respond([asked]);
  turn
    .tool("c1", { callId: "c1" })
    .end("completed", { sizes: { produced_bytes: 10, to_requester_bytes: 10 } });
  return { rollout, turn, asked };
}

describe("a tool call", () => {
  it("has all outputs with its call id, in their order", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = functionCall("c1", "tool", {});
    const outputs = ["one", "two", "three"].map((text) => functionOutput("c1", text));
    turn.request([userMessage("hi")]).respond([call]);
    turn.tool("c1").end();
    turn.request([userMessage("hi"), call, ...outputs.slice(0, 2)]);
    turn.request([userMessage("hi"), call, ...outputs]);
    const graph = reduce(rollout);
    const items = ["item:3", "item:4", "item:5"];
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2"],
      output_item_ids: items,
      visibility: { to_model_bytes: "onetwothree".length, seen_by_model: true },
    });
    for (const id of items) {
      expect(graph.conversation_items[id]?.produced_by).toEqual([{ type: "tool", tool_call_id: "c1" }]);
    }
    expect(graph.diagnostics).toEqual([]);
  });
});

describe("a call that its thread has in other words later", () => {
  const rewritten = { type: "function_call", call_id: "c1", name: "tool", arguments: "{}" };

  it("is the same call, with the output that comes with them", () => {
    const { rollout, turn } = answered({ ...rewritten, arguments: '{"cut' });
    turn.request([userMessage("hi"), rewritten, functionOutput("c1", "0123456789")]);
    rollout.end();
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual([]);
    expect(findingsOf(graph)).toEqual([]);
    expect(graph.tool_calls["c1"]).toMatchObject({
      call_item_ids: ["item:2", "item:3"],
      output_item_ids: ["item:4"],
      visibility: { to_model_bytes: 10, seen_by_model: true },
    });
    expect(checkGraph(graph)).toEqual([]);
  });

  it("is the use of its call id that it was, where the id has been used again since", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const call = (n: number) => functionCall("c", "tool", { n });
    const [hi, first] = [userMessage("hi"), functionOutput("c", "first")];
    turn.request([hi]).respond([call(1)]);
    turn.tool("t1", { callId: "c", input: { n: 1 } }).end();
    turn.request([hi, call(1), first]).respond([call(2)]);
    turn.tool("t2", { callId: "c", input: { n: 2 } }).end();
    turn.request([hi, call(1), functionOutput("c", "[cleared]"), call(2), functionOutput("c", "second")]);
    const { t1, t2 } = reduce(rollout).tool_calls;
    expect([t1, t2].map((each) => each?.output_item_ids.length)).toEqual([2, 1]);
    expect([t1, t2].map((each) => each?.visibility.to_model_bytes)).toEqual([5, 6]);
  });

  it("is another call beside the one that it has had", () => {
    const { rollout, turn, asked } = answered();
    const output = functionOutput("c1", "0123456789");
    turn.request([userMessage("hi"), asked, output, rewritten, functionOutput("c1", "again")]);
    const graph = reduce(rollout);
    expect(codesOf(graph)).toEqual(["call_id_reused"]);
    expect(graph.tool_calls["c1"]?.output_item_ids).toEqual(["item:3"]);
  });
});

describe("the bytes of an output that reached the model", () => {
  const TEN = "0123456789";

  it("are those of all outputs of the call that are beside each other", () => {
    const { rollout, turn, asked } = answered();
    turn.request([userMessage("hi"), asked, functionOutput("c1", TEN), functionOutput("c1", "and more")]);
    expect(reduce(rollout).tool_calls["c1"]?.visibility.to_model_bytes).toBe(18);
  });

  it("are those of its first words, whatever it is rewritten to", () => {
    const { rollout, turn, asked } = answered();
    turn.request([userMessage("hi"), asked, functionOutput("c1", TEN)]);
    turn.request([userMessage("hi"), asked, functionOutput("c1", "[a longer text than that, elided]")]);
    const { visibility, output_item_ids: outputs } = reduce(rollout).tool_calls["c1"] ?? {};
    expect(visibility?.to_model_bytes).toBe(10);
    expect(outputs).toHaveLength(2);
  });

  it("are those of the output, and not of a compaction's copy too", () => {
    const { rollout, turn, asked } = answered();
    const output = functionOutput("c1", TEN);
    turn.request([userMessage("hi"), asked, output]);
    turn.compact("k", { input: [userMessage("hi"), asked, output], replacement: [asked, output] });
    turn.request([asked, output, userMessage("go on")]);
    expect(reduce(rollout).tool_calls["c1"]?.visibility.to_model_bytes).toBe(10);
  });

  it("are those of what a cell returned, and not of what it told of besides", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const asked = { type: "custom_tool_call", call_id: "x", name: "exec", input: "notify('hello')" };
    const output = (text: string) => ({ type: "custom_tool_call_output", call_id: "x", output: text });
    turn.request([userMessage("hi")]).respond([asked]);
    turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } });
    turn.cell("1", "x").notify("x", "hello").end();
    turn.request([userMessage("hi"), asked, output("hello"), output("ab")]);
    expect(reduce(rollout).tool_calls["x"]?.visibility).toMatchObject({
      to_model_bytes: 2,
      seen_by_model: true,
    });
  });

  it("are none as long as only a compaction has put it into the history", () => {
    const { rollout, turn, asked } = answered();
    const output = functionOutput("c1", TEN);
    turn.compact("k", { input: [userMessage("hi"), asked], replacement: [asked, output] });
    const unseen = reduce(rollout).tool_calls["c1"];
    expect(unseen?.output_item_ids).toHaveLength(1);
    expect(unseen?.visibility).toMatchObject({ to_model_bytes: null, seen_by_model: false });
    turn.request([asked, output, assistantMessage("so")]);
    const seen = reduce(rollout).tool_calls["c1"];
    expect(seen?.visibility).toMatchObject({ to_model_bytes: 10, seen_by_model: true });
  });
});

describe("a nested call", () => {
  const exec = { type: "custom_tool_call", call_id: "x", name: "exec", input: "…" };
  const output = (text: string) => ({ type: "custom_tool_call_output", call_id: "x", output: text });

  it("is not seen in what its cell tells of besides, but in what its exec returns", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([exec]);
    const call = turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } });
    const cell = turn.cell("1", "x");
    turn.tool("n", { cell: "1" }).end();
    cell.notify("x", "note");
    turn.request([userMessage("hi"), exec, output("note")]);
    cell.end();
    call.end();
    const isSeen = () => reduce(rollout).tool_calls["n"]?.visibility.seen_by_model;
    expect(isSeen()).toBe(false);
    turn.request([userMessage("hi"), exec, output("note"), output("21")]);
    expect(isSeen()).toBe(true);
  });

  it("is observed in the first of what a wait returned, however much that is", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const wait = functionCall("w", "wait", { cell_id: "1" });
    turn.request([userMessage("hi")]).respond([exec]);
    turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } }).end();
    const cell = turn.cell("1", "x").respond("yielded");
    turn.request([userMessage("hi"), exec, output("yielded")]).respond([wait]);
    const waiting = turn.tool("w", {
      callId: "w",
      kind: { type: "code_cell_wait" },
      input: { cell_id: "1" },
    });
    turn
      .tool("n", { cell: "1", kind: { type: "exec_command" } })
      .runtimeStart({ type: "exec_command_begin", command: ["ls"], cwd: "/" })
      .end();
    cell.end();
    waiting.end();
    const outputs = [functionOutput("w", "one"), functionOutput("w", "two")];
    turn.request([userMessage("hi"), exec, output("yielded"), wait, ...outputs]);
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    const [first] = graph.tool_calls["w"]?.output_item_ids ?? [];
    expect(graph.terminal_operations["terminal_operation:1"]?.observed_by).toMatchObject([
      { source: "code_cell_output", output_item_ids: [first] },
    ]);
  });

  const ABORTED = "aborted by user";

  interface Ended {
    readonly graph: RolloutGraph;
    readonly seen: boolean | undefined;
    readonly observedBy: readonly string[];
  }

  /** Whether the model saw a nested command, and through which kinds of outputs. */
  const sightOf = (rollout: RolloutBuilder): Ended => {
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    const [operation] = Object.values(graph.terminal_operations);
    return {
      graph,
      seen: graph.tool_calls["n"]?.visibility.seen_by_model,
      observedBy: (operation?.observed_by ?? []).map(({ source }) => source),
    };
  };
  const SEEN = { seen: true, observedBy: ["code_cell_output"] };
  const UNSEEN = { seen: false, observedBy: [] };

  const nestedCommand = (turn: TurnBuilder) =>
    turn
      .tool("n", { cell: "1", kind: { type: "exec_command" } })
      .runtimeStart({ type: "exec_command_begin", command: ["ls"], cwd: "/" })
      .end();

  /** An exec with a nested command, ended by `end`; the next request says what it answered. */
  const interruptedExec = (
    end: (of: { turn: TurnBuilder; call: ToolCallBuilder | null; cell: CellBuilder }) => unknown,
    { callIsRecorded = true } = {},
  ) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([exec]);
    const call = callIsRecorded ? turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } }) : null;
    const cell = turn.cell("1", "x");
    nestedCommand(turn);
    end({ turn, call, cell });
    rollout.root.turn().request([userMessage("hi"), exec, output(ABORTED)]);
    return sightOf(rollout);
  };

  it.each<[string, Parameters<typeof interruptedExec>]>([
    ["the host cancelled", [({ call }) => call?.end("cancelled")]],
    [
      "the host cancelled after its cell had yielded",
      [
        ({ call, cell }) => {
          cell.respond("yielded");
          call?.end("cancelled");
        },
      ],
    ],
    [
      "failed because its turn was interrupted",
      [({ call }) => call?.end("failed", { cause: "turn_interrupted" })],
    ],
    ["its turn was interrupted in", [({ turn }) => turn.end("cancelled")]],
    [
      "is known by its cell only, which was stopped before it gave anything",
      [({ cell }) => cell.end("terminated"), { callIsRecorded: false }],
    ],
    [
      "is known by its cell only, which its turn was interrupted in",
      [({ turn }) => turn.end("cancelled"), { callIsRecorded: false }],
    ],
  ])("is not seen in what is said of an exec that %s", (_, [end, options]) => {
    expect(interruptedExec(end, options)).toMatchObject(UNSEEN);
  });

  it.each<[string, Parameters<typeof interruptedExec>]>([
    [
      "failed, which may have given something before",
      [
        ({ call, cell }) => {
          cell.end("failed");
          call?.end("failed");
        },
      ],
    ],
    [
      "was closed after its cell had answered",
      [
        ({ turn, cell }) => {
          cell.respond("completed").end();
          turn.end("cancelled");
        },
      ],
    ],
    [
      "told of its return after it was closed",
      [
        ({ turn, call }) => {
          turn.end("cancelled");
          call?.end("completed", { cause: "returned" });
        },
      ],
    ],
    ["is known by its cell only, which completed", [({ cell }) => cell.end(), { callIsRecorded: false }]],
    [
      "is known by its cell only, which was stopped and gave what it had",
      [({ cell }) => cell.respond("terminated").end("terminated"), { callIsRecorded: false }],
    ],
  ])("is seen in what is returned by an exec that %s", (_, [end, options]) => {
    expect(interruptedExec(end, options)).toMatchObject(SEEN);
  });

  it("is seen in the output of an exec that was closed only after a request had carried that", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([exec]);
    turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } });
    turn.cell("1", "x");
    nestedCommand(turn);
    turn.request([userMessage("hi"), exec, output("21")]);
    turn.end("cancelled");
    expect(sightOf(rollout)).toMatchObject(SEEN);
  });

  /** Waits for a cell that go out beside each other, each with its outcomes, after a nested command has ended. */
  const waits = (
    outcomes: { readonly [callId: string]: readonly WaitOutcomeKind[] },
    status: ExecutionStatus,
  ) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    turn.request([userMessage("hi")]).respond([exec]);
    turn.tool("x", { callId: "x", kind: { type: "code_cell_exec" } }).end();
    const cell = turn.cell("1", "x").respond("yielded");
    const ids = Object.keys(outcomes);
    const asked = ids.map((id) => functionCall(id, "wait", { cell_id: "1" }));
    const history = [userMessage("hi"), exec, output("yielded")];
    turn.request(history).respond(asked);
    const input = { cell_id: "1" };
    const calls = ids.map((id) => turn.tool(id, { callId: id, kind: { type: "code_cell_wait" }, input }));
    nestedCommand(turn);
    for (const [id, each] of Object.entries(outcomes)) {
      for (const [index, outcome] of each.entries())
        cell.wait(`${id}-${index}`, { callId: id }).waited(`${id}-${index}`, outcome);
    }
    for (const call of calls) call.end(status);
    turn.request([...history, ...asked, ...ids.map((id) => functionOutput(id, `of ${id}`))]);
    return sightOf(rollout);
  };

  it.each<WaitOutcomeKind>(["busy", "abandoned", "missing"])(
    "is not seen in what is said of waits of which the last ended %s",
    (outcome) => {
      expect(waits({ w2: ["busy"], w1: [outcome] }, "failed")).toMatchObject(UNSEEN);
      expect(waits({ w2: ["busy"], w1: [outcome] }, "completed")).toMatchObject(UNSEEN);
    },
  );

  it("is not seen in what is said of a wait that the host cancelled", () => {
    expect(waits({ w1: ["yielded"] }, "cancelled")).toMatchObject(UNSEEN);
  });

  it("is seen in what the one wait returned that was given something", () => {
    const { graph, ...sight } = waits({ w1: ["busy"], w2: ["completed"] }, "completed");
    expect(sight).toEqual(SEEN);
    expect(graph.terminal_operations["terminal_operation:1"]?.observed_by).toMatchObject([
      { output_item_ids: graph.tool_calls["w2"]?.output_item_ids },
    ]);
    expect(waits({ w1: ["busy", "failed"] }, "failed")).toMatchObject(SEEN);
  });
});
