import { describe, expect, it } from "vitest";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

describe("the id of an edge", () => {
  const observe = (rollout: RolloutBuilder, child: string, turnId: string) => {
    const turn = rollout.child(child).turn(turnId);
    turn.event({
      type: "agent_result_observed",
      edge_id: "e",
      child_thread_id: child,
      child_turn_id: turnId,
      parent_thread_id: "root",
      message: `from ${child}`,
    });
  };

  it("is not that of another, whatever the ids are that it is made of", () => {
    const rollout = new RolloutBuilder();
    observe(rollout, "a", "b:c");
    observe(rollout, "a:b", "c");
    const graph = reduce(rollout);
    expect(Object.keys(graph.interaction_edges)).toEqual([
      "edge:agent_result:a:b:c:root",
      "edge:agent_result:a:b:c:root#2",
    ]);
    expect(Object.values(graph.interaction_edges).map(({ source }) => source.id)).toEqual(["a", "a:b"]);
  });

  it("of a spawn is that which its child names", () => {
    const rollout = new RolloutBuilder();
    const [a, ab] = [rollout.child("a"), rollout.child("a:b")];
    const spawn = (parent: typeof a, id: string, childId: string) => {
      const call = parent.turn().tool(id, { kind: { type: "spawn_agent" }, host: true });
      rollout.child(childId, `/${id}`, parent);
      call.interacted("spawn_agent", childId);
    };
    spawn(ab, "s1", "c");
    spawn(a, "s2", "b:c");
    spawn(a, "s3", "d");
    spawn(a, "s4", "d#2");
    a.turn()
      .tool("s5", { kind: { type: "spawn_agent" }, host: true })
      .interacted("spawn_agent", "d");
    const { threads, interaction_edges: edges } = reduce(rollout);
    const spawnsOf = ["c", "b:c", "d", "d#2"].map((id) => {
      const origin = threads[id]?.origin;
      return edges[origin?.type === "spawned" ? (origin.spawn_edge_id ?? "") : ""]?.source.id;
    });
    expect(spawnsOf).toEqual(["s1", "s2", "s3", "s4"]);
    expect(Object.keys(edges)).toEqual([
      "edge:spawn:a:b:c",
      "edge:spawn:a:b:c#2",
      "edge:spawn:a:d",
      "edge:spawn:a:d#2",
      "edge:spawn:a:d#3",
    ]);
  });
});
