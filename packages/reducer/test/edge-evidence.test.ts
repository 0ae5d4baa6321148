import { describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { ordersOf, withoutOrder } from "./reordering.ts";
import { reduce, reduceLeniently } from "./support.ts";

describe("the evidence of an edge", () => {
  it("has the events that named what it carries, be that before or after the interaction is told of", () => {
    const facts = ["begins", "interaction", "ends", "returns"] as const;
    const graphs = ordersOf(facts)
      .filter((order) => order.indexOf("ends") > order.indexOf("begins"))
      .map((order) => {
        const rollout = new RolloutBuilder();
        rollout.child("child");
        const call = rollout.root.turn().tool("m1", { kind: { type: "send_message" }, host: true });
        for (const fact of order) {
          if (fact === "begins") call.runtimeStart({ type: "send_begin" });
          else if (fact === "ends") call.runtimeEnd({ type: "send_end" });
          else if (fact === "returns") call.end("completed", { result: { type: "text", value: "sent" } });
          else call.interact("send_message", "child", "go");
        }
        const graph = reduce(rollout);
        expect(checkGraph(graph)).toEqual([]);
        const edge = graph.interaction_edges["edge:tool:m1"];
        expect(edge?.evidence.seqs).toEqual([5, 6, 7, 8, 9]);
        expect(edge?.evidence.payload_ids).toEqual(["payload-1", "payload-2", "payload-3"]);
        return edge;
      });
    expect(graphs).toHaveLength(12);
  });

  it("has what a conflicting account of the interaction carries, which is the call's too", () => {
    const rollout = new RolloutBuilder();
    rollout.child("child");
    const turn = rollout.root.turn();
    turn.tool("m1", { kind: { type: "send_message" }, host: true }).interact("send_message", "child");
    turn.event({
      type: "agent_interaction_ended",
      tool_call_id: "m1",
      kind: "send_message",
      target_thread_id: "other",
      status: "completed",
      runtime: rollout.payload("tool_runtime_event", {}),
    });
    const edge = reduceLeniently(rollout).interaction_edges["edge:tool:m1"];
    expect(edge?.carried_payload_ids).toEqual(["payload-1"]);
    expect(edge?.evidence).toEqual({ seqs: [5, 6, 7], payload_ids: ["payload-1"] });
  });

  it.each(["send_message", "close_agent", "spawn_agent"] as const)(
    "has not the start of its thread, be that before or after the interaction is told of (%s)",
    (kind) => {
      const graphs = ordersOf(["thread", "interaction"] as const).map((order) => {
        const rollout = new RolloutBuilder();
        const turn = rollout.root.turn();
        const call = turn.tool("m1", { kind: { type: kind }, host: true });
        for (const fact of order) {
          const origin = { type: "spawned", parent_thread_id: "root" };
          if (fact === "thread")
            rollout.thread("child", { agentPath: "/root/child", origin, metadata: { task: "go" } });
          else {
            turn.event({
              type: "agent_interaction_started",
              tool_call_id: "m1",
              kind,
              target_thread_id: "child",
              message: "go",
              runtime: rollout.payload("tool_runtime_event", { text: "told" }, "told"),
            });
          }
        }
        call.end();
        const graph = reduce(rollout);
        expect(checkGraph(graph)).toEqual([]);
        const [edge] = Object.values(graph.interaction_edges);
        expect(edge?.evidence).toEqual({
          seqs: [4, 5 + order.indexOf("interaction")],
          payload_ids: ["told"],
        });
        return graph;
      });
      expect(new Set(graphs.map((graph) => withoutOrder(graph))).size).toBe(1);
    },
  );
});
