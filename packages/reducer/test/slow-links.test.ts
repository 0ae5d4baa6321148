/** Recordings made to be slow by what waits under one key: an id, a thread, a text. */
import { describe, expect, it } from "vitest";
import {
  agentMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { growth, QUADRATIC } from "./growth.ts";
import { codesOf, reduceLeniently } from "./support.ts";

interface Moved {
  readonly parts: readonly string[];
  /** How often the host tells of the item. */
  readonly sightings?: number;
  /** The part that is sent as each message; the first where it is not said. */
  readonly sent?: (index: number) => number;
}

/** Messages each of which shows first in one item, of which they are a part, and then in a better one. */
function moved(size: number, { parts, sightings = 0, sent = () => 0 }: Moved): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const child = rollout.child("child").turn();
  const send = { host: true, kind: { type: "send_message" } } as const;
  const calls = Array.from({ length: size }, (_, index) => turn.tool(`m${index}`, send));
  const content = parts.map((text) => ({ type: "input_text", text }));
  child.request([{ type: "message", role: "user", id: "moved", content }]);
  for (let index = 0; index < sightings; index += 1) child.accept("moved");
  for (const [index, call] of calls.entries()) {
    const message = parts[sent(index)] ?? "";
    call.interact("send_message", "child", message);
    child.accept(`better ${index}`, agentMessage("/root", "/root/child", message));
  }
  return rollout;
}

/** The runtime waits for many cells under one call id, and only then there are as many calls with that id. */
function waits(size: number): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const wait = { type: "code_cell_wait_started", model_visible_call_id: "w", mode: "yield" };
  for (let index = 0; index < size; index += 1)
    turn.event({ ...wait, wait_id: `wait-${index}`, runtime_cell_id: `${index}` });
  for (let index = 0; index < size; index += 1)
    turn.tool(`w${index}`, { callId: "w", kind: { type: "code_cell_wait" } });
  return rollout;
}

describe("a recording", () => {
  it.each<[string, number, (size: number) => RolloutBuilder]>([
    ["whose runtime waits for many cells under the call id of as many calls", 250, waits],
    [
      "that tells of a cell in no thread, while cells with that id come and go",
      400,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const told = { type: "code_cell_notification", runtime_cell_id: "1", model_visible_call_id: "x" };
        for (let index = 0; index < size; index += 1) rollout.event({ ...told, text: `${index}` });
        for (let index = 0; index < size; index += 1) turn.cell("1", `x${index}`).end();
        return rollout;
      },
    ],
    [
      "that tells of the end of a wait in no thread, while waits with that id come and go",
      400,
      (size) => {
        const rollout = new RolloutBuilder();
        const cell = rollout.root.turn().cell("1", "x");
        const ended = { type: "code_cell_wait_ended", wait_id: "w", outcome: "yielded" };
        for (let index = 0; index < size; index += 1) rollout.event(ended);
        for (let index = 0; index < size; index += 1) cell.wait("w").waited("w", "yielded");
        return rollout;
      },
    ],
    [
      "that shows one output of a call after another, each of which was accepted before",
      3000,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        turn.request([userMessage("hi")]).respond([functionCall("c", "f", {})], { responseId: "r" });
        turn.tool("c").end();
        for (let index = 0; index < size; index += 1)
          turn.accept(`o${index}`, functionOutput("c", `out ${index}`));
        for (let index = 0; index < size; index += 1) {
          const previous = index === 0 ? "r" : `r${index - 1}`;
          turn
            .request([functionOutput("c", `out ${index}`, { id: `o${index}` })], {
              mode: { type: "incremental", previous_response_id: previous },
            })
            .respond([], { responseId: `r${index}` });
        }
        return rollout;
      },
    ],
    [
      "whose host runs one call with a long input again and again",
      200,
      (size) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const input = "x".repeat(300 * size);
        turn
          .request([userMessage("hi")])
          .respond([{ type: "custom_tool_call", call_id: "c", name: "edit", input }]);
        for (let index = 0; index < size; index += 1) turn.tool("c").end("failed");
        return rollout;
      },
    ],
    [
      "whose item, of which much is told, is taken for one message after another",
      4000,
      (size) => moved(size, { parts: ["go"], sightings: size }),
    ],
    [
      "whose long item is taken for one message after another",
      200,
      (size) => moved(size, { parts: ["go", "x".repeat(400 * size)] }),
    ],
    [
      "whose item of many parts is taken for one message after another",
      600,
      (size) =>
        moved(size, {
          parts: Array.from({ length: size }, (_, index) => `part ${index}`),
          sent: (index) => index,
        }),
    ],
  ])(
    "%s is reduced in linear time",
    (_what, size, record) => {
      expect(growth(record, size)).toBeLessThan(QUADRATIC);
    },
    120_000,
  );

  it("whose runtime waits for many cells under one call id is told once of each wait that its call is not of", () => {
    const codes = codesOf(reduceLeniently(waits(100)));
    expect(codes.filter((code) => code === "call_id_conflict")).toHaveLength(99);
  });

  it("that tells of calls which close an unknown thread, in turn, has one error for each of them", () => {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const calls = ["a", "b"].map((id) => turn.tool(id, { host: true, kind: { type: "close_agent" } }));
    for (let time = 0; time < 3; time += 1)
      for (const call of calls) call.interacted("close_agent", "nobody");
    expect(reduceLeniently(rollout).diagnostics).toMatchObject([
      { code: "unknown_reference", object: { type: "tool_call", id: "a" } },
      { code: "unknown_reference", object: { type: "tool_call", id: "b" } },
    ]);
  });
});
