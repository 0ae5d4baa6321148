import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  functionOutput,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

const GO = "look at the tests";

describe("a message that several items may carry", () => {
  const byName = agentMessage("/root", "/root/child", GO);
  const byAnother = agentMessage("/root/other", "/root/child", GO);

  /** What the recipient's items were when the message turned out to have been sent. */
  function targetAmong(items: readonly JsonObject[]): string | undefined {
    const rollout = new RolloutBuilder();
    const turn = rollout.root.turn();
    const child = rollout.child("child").turn();
    const call = turn.tool("m1", { kind: { type: "send_message" }, host: true });
    child.request(items);
    call.interact("send_message", "child", GO);
    return reduce(rollout).interaction_edges["edge:tool:m1"]?.target?.id;
  }

  it("is in the one that names its author rather than in one that names nobody, wherever they stand", () => {
    expect(targetAmong([userMessage(GO), byName])).toBe("item:2");
    expect(targetAmong([byName, userMessage(GO)])).toBe("item:1");
  });

  it("is in one that names nobody where none names its author, and in none that names another", () => {
    expect(targetAmong([byAnother, userMessage(GO)])).toBe("item:2");
    expect(targetAmong([byAnother])).toBeUndefined();
  });
});

describe("an answer that the call which started the agent returned", () => {
  const spawn = functionCall("s1", "spawn_agent", { task: GO });
  const answer = functionOutput("s1", "done");

  /** A parent whose spawn call has returned what the child will say. */
  function parentWithAnswer() {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request([userMessage("hi")]).respond([spawn]);
    parent
      .tool("s1", { kind: { type: "spawn_agent" }, label: "spawn_agent" })
      .interact("spawn_agent", "child");
    const child = rollout.child("child");
    return { rollout, child, answered: () => parent.request([userMessage("hi"), spawn, answer]) };
  }

  function results(rollout: RolloutBuilder) {
    return Object.values(reduce(rollout).interaction_edges)
      .filter(({ kind }) => kind === "agent_result")
      .map(({ target }) => target?.id);
  }

  function observe(rollout: RolloutBuilder, turnId: string): void {
    rollout.event({
      type: "agent_result_observed",
      edge_id: `result of ${turnId}`,
      child_thread_id: "child",
      child_turn_id: turnId,
      parent_thread_id: "root",
      message: "done",
    });
  }

  it("is the answer of one turn, and not of the next that says the same", () => {
    const { rollout, child, answered } = parentWithAnswer();
    const turns = [child.turn(), child.turn()];
    for (const turn of turns) turn.request([userMessage(GO)]).respond([assistantMessage("done")]);
    answered();
    for (const turn of turns) observe(rollout, turn.id);
    const items = reduce(rollout).conversation_items;
    const kinds = results(rollout).map((id) => items[id ?? ""]?.kind);
    expect(kinds).toEqual(["function_call_output", undefined]);
  });

  it("is not the answer of a turn that began after it", () => {
    const { rollout, child, answered } = parentWithAnswer();
    answered();
    const turn = child.turn();
    turn.request([userMessage(GO)]).respond([assistantMessage("done")]);
    observe(rollout, turn.id);
    expect(results(rollout)).toEqual([undefined]);
  });
});

describe("what else says the same as an agent's answer", () => {
  function answered(record: (rollout: RolloutBuilder) => void) {
    const rollout = new RolloutBuilder();
    record(rollout);
    return reduce(rollout);
  }

  const result = (rollout: RolloutBuilder, child: string, turnId: string, message: string) =>
    rollout.event({
      type: "agent_result_observed",
      edge_id: `result of ${child}`,
      child_thread_id: child,
      child_turn_id: turnId,
      parent_thread_id: "root",
      message,
    });

  it("is not the answer where another tool returned it", () => {
    const graph = answered((rollout) => {
      const turn = rollout.root.turn();
      const child = rollout.child("child").turn();
      turn.tool("ls", { callId: "ls" }).end();
      result(rollout, "child", child.id, "ok");
      turn.request([{ type: "function_call_output", call_id: "ls", output: "ok" }]);
    });
    expect(Object.values(graph.interaction_edges).map(({ target }) => target)).toEqual([null]);
  });

  it("is the answer of the agent that the call started which returned it", () => {
    const graph = answered((rollout) => {
      const turn = rollout.root.turn();
      const ids = ["one", "two"];
      for (const id of ids) {
        turn
          .tool(`spawn ${id}`, { callId: `spawn ${id}`, kind: { type: "spawn_agent" } })
          .interacted("spawn_agent", id)
          .end();
      }
      const turns = ids.map((id) => rollout.child(id).turn());
      turn.request(
        ids.map((id) => ({ type: "function_call_output", call_id: `spawn ${id}`, output: "done" })),
      );
      for (const index of [1, 0]) result(rollout, ids[index] ?? "", turns[index]?.id ?? "", "done");
    });
    const results = Object.values(graph.interaction_edges).filter(({ kind }) => kind === "agent_result");
    expect(results.map(({ source, target }) => [source.id, target?.id])).toEqual([
      ["two", "item:2"],
      ["one", "item:1"],
    ]);
  });
});
