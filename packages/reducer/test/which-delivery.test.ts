import { describe, expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph, createReducer, graphJson, reduceRollout } from "@rollout-trace/reducer";
import {
  agentMessage,
  assistantMessage,
  functionCall,
  functionOutput,
  memorySource,
  RolloutBuilder,
  type TurnBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { growth, QUADRATIC } from "./growth.ts";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { reduce, reduceInSteps } from "./support.ts";

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

  it("is the answer of one turn, and not of the next that says the same", () => {
    const { rollout, child, answered } = parentWithAnswer();
    const turns = [child.turn(), child.turn()];
    for (const turn of turns) turn.request([userMessage(GO)]).respond([assistantMessage("done")]);
    answered();
    for (const turn of turns) observe(rollout, turn, "done");
    const items = reduce(rollout).conversation_items;
    const kinds = results(rollout).map((id) => items[id ?? ""]?.kind);
    expect(kinds).toEqual(["function_call_output", undefined]);
  });

  it("is not the answer of a turn that began after it", () => {
    const { rollout, child, answered } = parentWithAnswer();
    answered();
    const turn = child.turn();
    turn.request([userMessage(GO)]).respond([assistantMessage("done")]);
    observe(rollout, turn, "done");
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

describe("the item of a message, whenever the message is told of", () => {
  const byRoot = agentMessage("/root", "/root/child", GO);
  const byOther = agentMessage("/root/other", "/root/child", GO);
  const byNobody = userMessage(GO);
  const inParts = userMessage("", {
    content: ["<env>", GO].map((text) => ({ type: "input_text", text })),
  });

  /** A sender's name where it turns out to have sent the message, and what the child is shown where it is shown that. */
  type Fact = "/root" | "/root/other" | readonly JsonObject[];

  /** Both have sent it before the child is shown anything. */
  function recorded(facts: readonly Fact[]): RolloutBuilder {
    const rollout = new RolloutBuilder();
    const turns = { "/root": rollout.root.turn(), "/root/other": rollout.child("other").turn() };
    const child = rollout.child("child").turn();
    const send = { kind: { type: "send_message" }, host: true } as const;
    const calls = {
      "/root": turns["/root"].tool("/root", send),
      "/root/other": turns["/root/other"].tool("/root/other", send),
    };
    for (const fact of facts) {
      if (typeof fact === "string") calls[fact].interact("send_message", "child", GO);
      else child.request(fact);
    }
    return rollout;
  }

  function targetsOf(rollout: RolloutBuilder) {
    const edges = Object.values(reduce(rollout).interaction_edges);
    return Object.fromEntries(edges.map(({ source, target }) => [source.id, target?.id]));
  }

  it.each<[string, readonly (readonly JsonObject[])[], string]>([
    ["after one that names nobody", [[byNobody, byRoot]], "item:2"],
    ["in a request after one that names nobody", [[byNobody], [byNobody, byRoot]], "item:2"],
    ["before one that names nobody", [[byRoot], [byRoot, byNobody]], "item:1"],
    ["after one of which a part says the same", [[inParts], [inParts, byNobody]], "item:2"],
  ])("is the one that fits best, %s, and the others have nothing of the message", (_what, requests, best) => {
    const graphs = [...requests, null].map((_, place) => {
      const graph = reduce(recorded([...requests.slice(0, place), "/root", ...requests.slice(place)]));
      const edge = graph.interaction_edges["edge:tool:/root"];
      expect(edge?.target?.id).toBe(best);
      expect(edge?.evidence.payload_ids).toEqual(graph.conversation_items[best]?.evidence.payload_ids);
      expect(edge?.evidence.seqs).toHaveLength(3);
      const others = Object.values(graph.conversation_items).filter(({ item_id: id }) => id !== best);
      for (const item of others) expect([item.produced_by, item.evidence.seqs.length]).toEqual([[], 1]);
      expect(checkGraph(graph)).toEqual([]);
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });

  it("leaves what it was taken for to another who has sent the same", () => {
    const graphs = ordersOf(["/root", "/root/other", 0, 1] as const)
      .filter((order) => order.indexOf(0) < order.indexOf(1))
      .map((order) => {
        const requests = [[byNobody], [byNobody, byRoot]];
        const rollout = recorded(
          order.map((fact) => (typeof fact === "number" ? (requests[fact] ?? []) : fact)),
        );
        expect(targetsOf(rollout)).toEqual({ "/root": "item:2", "/root/other": "item:1" });
        return withoutOrder(reduce(rollout));
      });
    expect(graphs).toHaveLength(12);
    expect(new Set(graphs).size).toBe(1);
  });

  it("is what the events so far make it, for whoever looks or resumes in between", () => {
    const shown = [[byNobody], [byNobody, byRoot], [byNobody, byRoot, byOther]];
    const rollout = recorded(["/root", "/root/other", ...shown]);
    const { events, payloads } = rollout;
    const reducer = createReducer({ payloads: rollout.source().payloads });
    for (const [index, event] of events.entries()) {
      reducer.apply(event);
      const cut = memorySource("rollout-1", { events: events.slice(0, index + 1), payloads });
      expect(graphJson(reducer.snapshot())).toBe(graphJson(reduceRollout(cut)));
    }
    const text = graphJson(reducer.finish());
    expect(text).toBe(graphJson(reduceInSteps(rollout)));
    expect(targetsOf(rollout)).toEqual({ "/root": "item:2", "/root/other": "item:3" });
  });

  it.each<[string, boolean]>([
    ["before", true],
    ["after", false],
  ])("is found in linear time, told of %s many that say the same", (_when, isBefore) => {
    const record = (size: number) => {
      const rollout = new RolloutBuilder();
      const turn = rollout.root.turn();
      const child = rollout.child("child").turn();
      const calls = Array.from({ length: size }, (_, index) =>
        turn.tool(`m${index}`, { kind: { type: "send_message" }, host: true }),
      );
      const tell = () => {
        for (const call of calls) call.interact("send_message", "child", GO);
      };
      if (isBefore) tell();
      const unnamed = calls.map(() => byNobody);
      child.request(unnamed);
      child.request([...unnamed, ...calls.map(() => byRoot)]);
      if (!isBefore) tell();
      return rollout;
    };
    expect(growth(record, 2000)).toBeLessThan(QUADRATIC);
  });
});

describe("an output that has the answers of several agents", () => {
  const wait = functionCall("w1", "wait_agent", { ids: ["a", "b"] });
  const texts = ["<results>", "a is done", "b is done"].map((text) => ({ type: "input_text", text }));
  const history = [userMessage("hi"), wait, functionOutput("w1", texts)];
  const byA = agentMessage("/root/a", "/root", "a is done");

  /** What the parent is shown, by the number of the request, and whose answer is told of. */
  function targetsIn(order: readonly ("a" | "b" | 0 | 1)[]) {
    const rollout = new RolloutBuilder();
    const parent = rollout.root.turn();
    parent.request(history.slice(0, 1)).respond([wait]);
    parent.tool("w1", { kind: { type: "wait_agent" } }).end();
    const turns = { a: rollout.child("a").turn(), b: rollout.child("b").turn() };
    for (const [id, turn] of Object.entries(turns))
      turn.request([]).respond([assistantMessage(`${id} is done`)]);
    for (const fact of order) {
      if (typeof fact === "number") parent.request(fact === 0 ? history : [...history, byA]);
      else observe(rollout, turns[fact], `${fact} is done`);
    }
    const graph = reduce(rollout);
    expect(checkGraph(graph)).toEqual([]);
    expect(graphJson(reduceInSteps(rollout))).toBe(graphJson(graph));
    const items = Object.values(graph.conversation_items);
    const producers = items.find(({ kind }) => kind === "function_call_output")?.produced_by ?? [];
    const edges = Object.values(graph.interaction_edges);
    return {
      targets: Object.fromEntries(
        edges.map(({ source, target }) => [
          graph.conversation_items[source.id]?.thread_id,
          graph.conversation_items[target?.id ?? ""]?.kind,
        ]),
      ),
      edgesOfOutput: producers.filter(({ type }) => type === "interaction_edge").length,
      text: withoutOrder(graph),
    };
  }

  it("is where each of them arrives, be they told of before or after", () => {
    const all = ordersOf(["a", "b", 0] as const).map(targetsIn);
    for (const { targets, edgesOfOutput } of all) {
      expect(targets).toEqual({ a: "function_call_output", b: "function_call_output" });
      expect(edgesOfOutput).toBe(2);
    }
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
  });

  it("keeps the others where one of them is in an item that fits better", () => {
    const all = ordersOf(["a", "b", 0, 1] as const)
      .filter((order) => order.indexOf(0) < order.indexOf(1))
      .map(targetsIn);
    for (const { targets, edgesOfOutput } of all) {
      expect(targets).toEqual({ a: "message", b: "function_call_output" });
      expect(edgesOfOutput).toBe(1);
    }
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
  });
});

describe("an answer that a person says too", () => {
  it("is where the agent says it, be it told of before or after", () => {
    const said = [userMessage("yes"), agentMessage("/root/child", "/root", "yes")];
    const graphs = [0, 1, 2].map((place) => {
      const rollout = new RolloutBuilder();
      const parent = rollout.root.turn();
      const turn = rollout.child("child").turn();
      turn.request([userMessage("is it?")]).respond([assistantMessage("yes")]);
      for (const index of [0, 1, 2]) {
        if (index === place) observe(rollout, turn, "yes");
        if (index < 2) parent.request(said.slice(0, index + 1));
      }
      const graph = reduce(rollout);
      const [edge] = Object.values(graph.interaction_edges);
      expect(graph.conversation_items[edge?.target?.id ?? ""]?.agent_message?.author).toBe("/root/child");
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });

  it.each<[string, JsonObject, string]>([
    ["and not in what a person says after that", userMessage("done"), "function_call_output"],
    ["unless the agent says it too", agentMessage("/root/child", "/root", "done"), "message"],
  ])("is what the call returned, %s, be it told of before or after", (_how, said, kind) => {
    const graphs = [0, 1, 2].map((place) => {
      const rollout = new RolloutBuilder();
      const parent = rollout.root.turn();
      const call = functionCall("s1", "spawn_agent", { task: GO });
      const history = [userMessage("hi"), call, functionOutput("s1", "done")];
      parent.request(history.slice(0, 1)).respond([call]);
      parent
        .tool("s1", { kind: { type: "spawn_agent" }, label: "spawn_agent" })
        .interact("spawn_agent", "child");
      const turn = rollout.child("child").turn();
      turn.request([userMessage(GO)]).respond([assistantMessage("done")]);
      const steps: (() => unknown)[] = [
        () => parent.request(history),
        () => parent.request([...history, said]),
      ];
      for (const step of steps.toSpliced(place, 0, () => observe(rollout, turn, "done"))) step();
      const graph = reduce(rollout);
      const edge = Object.values(graph.interaction_edges).find((each) => each.kind === "agent_result");
      expect(graph.conversation_items[edge?.target?.id ?? ""]?.kind).toBe(kind);
      expect(checkGraph(graph)).toEqual([]);
      return withoutOrder(graph);
    });
    expect(new Set(graphs).size).toBe(1);
  });
});

function observe(rollout: RolloutBuilder, { id: turnId, thread }: TurnBuilder, message: string): void {
  rollout.event({
    type: "agent_result_observed",
    edge_id: `result of ${turnId}`,
    child_thread_id: thread.id,
    child_turn_id: turnId,
    parent_thread_id: "root",
    message,
  });
}
