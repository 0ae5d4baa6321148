import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue, PayloadReader } from "@rollout-trace/protocol";
import { createReducer, graphJson, type Reducer } from "@rollout-trace/reducer";
import { agentMessage, functionCall, RolloutBuilder, type TurnBuilder } from "@rollout-trace/reducer/testing";
import { growth, QUADRATIC } from "./growth.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const LENGTH = 1_000_000;
const TIMES = 30;

/** A text that no other text shares anything with. */
function longText(name: number | string): string {
  return `${name} `.padEnd(LENGTH, "x");
}

/** Gives the elements of the responses, each when it is asked for, and keeps none. */
function readOnce(payloads: PayloadReader, element: (payloadId: string) => JsonObject): PayloadReader {
  return {
    json: (id) => payloads.json(id),
    stat: (id) => payloads.stat(id),
    items(id, key) {
      if (key !== "output_items") return payloads.items(id, key);
      const value = () =>
        ({ ok: true, value: JSON.parse(JSON.stringify(element(id))) as JsonValue }) as const;
      return { ok: true, value: [{ contentId: `content of ${id}`, value }] };
    },
  };
}

function reducedCalls(): Reducer {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  for (let index = 0; index < TIMES; index += 1) {
    const mode = { type: "incremental", previous_response_id: `r${index - 1}` };
    turn.request([], index === 0 ? {} : { mode }).respond([], { responseId: `r${index}` });
  }
  const { payloads } = rollout.source();
  const call = (id: string) => functionCall(`call of ${id}`, "write", { text: longText(id) });
  const reducer = createReducer({ payloads: readOnce(payloads, call) });
  for (const event of rollout.events) reducer.apply(event);
  return reducer;
}

function reducedEvents(payload: (index: number) => JsonObject): Reducer {
  const rollout = new RolloutBuilder();
  rollout.child("child").turn();
  const reducer = createReducer({ payloads: rollout.source().payloads });
  for (const event of rollout.events) reducer.apply(event);
  const [last] = rollout.events.slice(-1);
  for (let index = 0; index < TIMES; index += 1) {
    // As it comes out of a store.
    const text = JSON.stringify({
      ...last,
      seq: rollout.events.length + 1 + index,
      payload: payload(index),
    });
    reducer.apply(JSON.parse(text));
  }
  return reducer;
}

describe("what is cut of a long text", () => {
  it.each<[string, () => Reducer]>([
    ["a preview of arguments", reducedCalls],
    ["the message of a diagnostic", () => reducedEvents((index) => ({ type: longText(index) }))],
    [
      "the key of a message",
      () =>
        reducedEvents((index) => ({
          type: "agent_result_observed",
          edge_id: `e${index}`,
          child_thread_id: "child",
          child_turn_id: `turn ${index}`,
          parent_thread_id: "root",
          message: longText(index),
        })),
    ],
  ])("does not keep the whole of it in memory: %s", (_what, reduced) => {
    // What runs for the first time is being compiled.
    reduced();
    const before = heapBytes();
    const reducer = reduced();
    const kept = heapBytes() - before;
    expect(kept).toBeLessThan((TIMES * LENGTH) / 4);
    expect(graphJson(reducer.snapshot()).length).toBeGreaterThan(0);
  });
});

function inOneTurn(size: number, record: (turn: TurnBuilder, index: number) => void): RolloutBuilder {
  const rollout = new RolloutBuilder();
  rollout.child("child");
  const turn = rollout.root.turn();
  for (let index = 0; index < size; index += 1) record(turn, index);
  return rollout;
}

/** So long that a recording is mostly this, and each of its events is about it. */
const longId = (size: number): string => "i".repeat(500 * size);

describe("a long id that one event has and many are about", () => {
  it.each<[string, (size: number) => RolloutBuilder]>([
    [
      "a rollout that the events are not of",
      (size) => {
        const rollout = new RolloutBuilder({ rolloutId: longId(size) });
        const events = Array.from({ length: size }, (_, index) => ({
          ...rollout.event({ type: "recording_completed" }).events[index + 2],
          rollout_id: "other",
        }));
        rollout.events.splice(2, size, ...(events as typeof rollout.events));
        return rollout;
      },
    ],
    [
      "the first of many MCP ids of a call",
      (size) =>
        inOneTurn(size, (turn, index) => {
          if (index === 0) turn.tool("c", { host: true });
          const id = index === 0 ? longId(size) : `m${index}`;
          turn.event({ type: "mcp_call_assigned", tool_call_id: "c", mcp_call_id: id });
        }),
    ],
    [
      "the thread of a turn that others are said to have",
      (size) => {
        const rollout = new RolloutBuilder();
        rollout.child(longId(size)).turn("t");
        const span = { otel_trace_id: "a".repeat(32), name: "s", kind: "internal", start_time_unix_us: 1 };
        for (let index = 0; index < size; index += 1) {
          const id = String(index).padStart(16, "0");
          const started = { span_id: id, parent_span_id: null, attributes: {}, links: [] };
          rollout.event({ type: "span_started", ...span, ...started }, { thread: "root", turn: "t" });
        }
        return rollout;
      },
    ],
    [
      "the process that a command first named",
      (size) =>
        inOneTurn(size, (turn, index) => {
          const id = index === 0 ? longId(size) : `p${index}`;
          const begin = { type: "exec_command_begin", command: ["sh"], process_id: id };
          if (index === 0) turn.tool("c", { kind: { type: "exec_command" }, host: true });
          const runtime = turn.thread.rollout.payload("tool_runtime_event", begin);
          turn.event({ type: "tool_call_runtime_started", tool_call_id: "c", runtime });
        }),
    ],
    [
      "the thread that an interaction was with",
      (size) =>
        inOneTurn(size, (turn, index) => {
          if (index === 0) turn.tool("c", { host: true, kind: { type: "send_message" } });
          const to = index === 0 ? longId(size) : "child";
          const interaction = { tool_call_id: "c", kind: "send_message", target_thread_id: to };
          turn.event({ type: "agent_interaction_started", ...interaction });
        }),
    ],
    [
      "the path of an agent that sends messages",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.child("sender", longId(size)).turn();
        rollout.child("child");
        for (let index = 0; index < size; index += 1) {
          const call = turn.tool(`m${index}`, { host: true, kind: { type: "send_message" } });
          call.interact("send_message", "child", `say ${index}`).end();
        }
        return rollout;
      },
    ],
    [
      "the author of a message of many parts",
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const child = rollout.child("child").turn();
        turn
          .tool("m", { host: true, kind: { type: "send_message" } })
          .interact("send_message", "child", "go");
        const parts = Array.from({ length: size }, (_, index) => ({ type: "input_text", text: `p${index}` }));
        child.request([agentMessage(longId(size), "/root/child", parts)]);
        return rollout;
      },
    ],
  ])("costs its length once: %s", { timeout: 60_000 }, (_what, record) => {
    expect(growth(record, 150)).toBeLessThan(QUADRATIC);
  });
});

it("a thought of many parts costs them once, however many thoughts it is compared with", () => {
  const thoughts = (size: number): RolloutBuilder => {
    const parts = Array.from({ length: size }, (_, index) => ({ type: "summary_text", text: `t${index}` }));
    const thought = { type: "reasoning", id: "rs", summary: parts, encrypted_content: "blob" };
    return inOneTurn(size, (turn, index) => {
      if (index === 0) turn.request([thought]).respond([], { responseId: "r" });
      turn.request([], { mode: { type: "incremental", previous_response_id: "r" } });
      turn.request([{ type: "reasoning", id: `rs${index}`, summary: [], encrypted_content: `b${index}` }]);
    });
  };
  expect(growth(thoughts, 4000)).toBeLessThan(QUADRATIC);
});
