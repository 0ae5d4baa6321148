/** More recordings that are made to be slow, or to have a graph that is larger than they are. */
import type { JsonObject } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { checkGraph, expandRequest, graphJson } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { processorTimeRatio } from "../../../test/support/processor-time.ts";
import { growth, QUADRATIC } from "./growth.ts";
import { reduce, reduceLeniently } from "./support.ts";

/** Longer than what an engine looks at all of when it hashes a text. */
const LONG = "x".repeat(17_000);
const long = (index: number) => LONG + String(index).padStart(6, "0");

function inOneTurn(
  size: number,
  step: (turn: ReturnType<RolloutBuilder["root"]["turn"]>, index: number, rollout: RolloutBuilder) => void,
): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  for (let index = 0; index < size; index += 1) step(turn, index, rollout);
  return rollout;
}

const execOutput = (output: string): JsonObject => ({
  type: "custom_tool_call_output",
  call_id: "x",
  output,
});

describe("a recording", () => {
  it.each<[string, number, (size: number) => RolloutBuilder]>([
    [
      "whose instructions are long, and differ at their end in each request",
      150,
      (size) =>
        inOneTurn(size, (turn, index) => {
          turn.request([userMessage("hi")], {
            dialect: "anthropic_messages",
            fields: { system: long(index) },
          });
        }),
    ],
    [
      "whose messages are long, and differ at their ends, and come one place later in each request",
      150,
      (size) =>
        inOneTurn(size, (turn, index) => {
          turn.request([userMessage("another")]);
          turn.request([userMessage(`${index}`), userMessage(long(index)), userMessage(long(index + 1))]);
        }),
    ],
    [
      "that sends long messages, which differ at their ends, and answers with one of them each",
      150,
      (size) => {
        const rollout = inOneTurn(size, (turn, index, of) => {
          if (index === 0) of.child("child");
          turn
            .tool(`c${index}`, { host: true, kind: { type: "send_message" } })
            .interact("send_message", "child", long(index))
            .end();
        });
        return rollout;
      },
    ],
    [
      "whose cell tells of long texts, which differ at their ends",
      150,
      (size) =>
        inOneTurn(size, (turn, index) => {
          if (index === 0) turn.cell("1", "x");
          turn.event({
            type: "code_cell_notification",
            runtime_cell_id: "1",
            model_visible_call_id: "x",
            text: long(index),
          });
        }),
    ],
    [
      "whose agent gives one answer after each of many copies of what the call that started it returned",
      3000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const spawn = functionCall("s", "spawn_agent", {});
        turn.request([userMessage("hi")]).respond([spawn]);
        const child = rollout.child("child");
        turn
          .tool("s", { callId: "s", kind: { type: "spawn_agent" } })
          .interacted("spawn_agent", "child")
          .end();
        for (let index = 0; index < size; index += 1) {
          const history = [spawn, functionOutput("s", `not yet ${index}`)];
          turn.compact(`k${index}`, { input: [], replacement: history });
          const answer = child.turn();
          answer.event({
            type: "agent_result_observed",
            edge_id: `result ${index}`,
            child_thread_id: "child",
            child_turn_id: answer.id,
            parent_thread_id: "root",
            message: `answer ${index}`,
          });
        }
        return rollout;
      },
    ],
    [
      "that tells of one answer over and over, each time with another payload",
      3000,
      (size) => {
        const rollout = new RolloutBuilder();
        rollout.root.turn();
        const turn = rollout.child("child").turn();
        for (let index = 0; index < size; index += 1) {
          turn.event({
            type: "agent_result_observed",
            edge_id: "result",
            child_thread_id: "child",
            child_turn_id: turn.id,
            parent_thread_id: "root",
            message: "done",
            carried: rollout.payload("agent_result", { message: "done", index }),
          });
        }
        return rollout;
      },
    ],
    [
      "whose wait for a cell that is missing ends again and again, while cells with that id come and go",
      1000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const ended = { type: "code_cell_wait_ended", wait_id: "w", outcome: "missing" };
        turn.event({ type: "code_cell_wait_started", wait_id: "w", runtime_cell_id: "1", mode: "yield" });
        for (let index = 0; index < size; index += 1)
          turn.event({ ...ended, outcome: index === 0 ? "missing" : "completed" });
        for (let index = 0; index < size; index += 1) turn.cell("1", `x${index}`).end();
        return rollout;
      },
    ],
    [
      "with many instructions, and as many small compactions",
      4000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const system = Array.from({ length: size }, (_, index) => ({ type: "text", text: `rule ${index}` }));
        turn.request([userMessage("hi")], { dialect: "anthropic_messages", fields: { system } });
        for (let index = 0; index < size; index += 1) {
          turn.compact(`k${index}`, { input: [], replacement: [userMessage(`summary ${index}`)] });
        }
        return rollout;
      },
    ],
    [
      "whose compactions copy one call again and again, and whose host runs it as often",
      2000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const call = functionCall("c", "read", {});
        turn.request([userMessage("hi")]).respond([call]);
        turn.tool("c").end("failed");
        for (let index = 0; index < size; index += 1)
          turn.compact(`k${index}`, { input: [], replacement: [call, userMessage(`summary ${index}`)] });
        for (let index = 0; index < size; index += 1) turn.tool("c").end("failed");
        return rollout;
      },
    ],
    [
      "that sends one message again and again, which shows first without an author and then with one",
      1000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const child = rollout.child("child").turn();
        const send = { host: true, kind: { type: "send_message" } } as const;
        for (let index = 0; index < size; index += 1)
          turn.tool(`m${index}`, send).interact("send_message", "child", "go on");
        const [unnamed, named] = [userMessage("go on"), agentMessage("/root", "/root/child", "go on")];
        for (const message of [unnamed, named])
          for (let index = 0; index < size; index += 1) child.request([userMessage(`${index}`), message]);
        return rollout;
      },
    ],
    [
      "whose provider runs one tool call after another, all of them told of in one thread",
      2000,
      (size) =>
        inOneTurn(size, (turn, index) => {
          const search = { type: "web_search_call", id: `ws_${index}`, status: "completed" };
          turn.tool(`ws_${index}`, { kind: { type: "web" } }).end();
          const mode = { type: "incremental", previous_response_id: `response-${index}` };
          turn.request([userMessage(`${index}`)], index === 0 ? {} : { mode }).respond([search]);
        }),
    ],
    [
      "that shows one long reasoning again and again, each time in other words",
      6000,
      (size) => {
        const reasoning = (summary: readonly string[]) => ({
          type: "reasoning",
          id: "rs_1",
          summary: summary.map((text) => ({ type: "summary_text", text })),
        });
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const parts = Array.from({ length: size }, (_, index) => `thought ${index}`);
        turn.request([userMessage("hi")]).respond([reasoning(parts)]);
        for (let index = 0; index < size; index += 1)
          turn.request([userMessage("hi"), reasoning([`in short ${index}`])]);
        return rollout;
      },
    ],
  ])(
    "%s is reduced in linear time",
    (_what, size, record) => {
      expect(growth(record, size)).toBeLessThan(QUADRATIC);
    },
    120_000,
  );

  it("whose cell runs many commands and tells of much has a graph, and a check, that grow as it does", () => {
    const record = (size: number) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const cell = turn.cell("1", "x");
      for (let index = 0; index < size; index += 1) {
        turn
          .tool(`n${index}`, { cell: "1", kind: { type: "exec_command" } })
          .runtimeStart({ type: "exec_command_begin", command: ["ls"], cwd: "/" })
          .end();
        cell.notify("x", `told ${index}`);
      }
      cell.end();
      turn.request([
        execOutput("done"),
        ...Array.from({ length: size }, (_, index) => execOutput(`told ${index}`)),
      ]);
      return reduce(rollout);
    };
    const [small, large] = [record(200), record(800)];
    expect(small.terminal_operations["terminal_operation:1"]?.observed_by).toMatchObject([
      { source: "code_cell_output", output_item_ids: ["item:1"] },
    ]);
    expect(graphJson(large).length / graphJson(small).length).toBeLessThan(5);
    expect(checkGraph(large)).toEqual([]);
  });

  it("that quotes a long id in each of many diagnostics has a graph that grows as it does", () => {
    const record = (size: number) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const tool = turn.tool("c", { host: true });
      tool.end();
      const assigned = { type: "mcp_call_assigned", tool_call_id: "c" };
      turn.event({ ...assigned, mcp_call_id: "m".repeat(10 * size) });
      for (let index = 0; index < size; index += 1)
        turn.event({ ...assigned, mcp_call_id: `other ${index}` });
      return graphJson(reduceLeniently(rollout)).length;
    };
    expect(record(2000) / record(500)).toBeLessThan(5);
  });
});

it("expands each of many requests that leave one long request early at the cost of what it is told", () => {
  const record = (size: number) => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const messages = Array.from({ length: size }, (_, index) => userMessage(`message ${index}`));
    turn.request(messages).respond([assistantMessage("yes")]);
    for (let index = 0; index < size; index += 1)
      turn.request([messages[0] ?? {}, userMessage(`title ${index}`)]);
    const graph = reduce(rollout);
    const ids = Object.keys(graph.inference_calls).slice(1);
    return () => ids.every((id) => expandRequest(graph, id).length === 2);
  };
  const [small, large] = [record(2000), record(8000)];
  expect(large()).toBe(true);
  expect(processorTimeRatio({ small, large, bound: QUADRATIC })).toBeLessThan(QUADRATIC);
});
