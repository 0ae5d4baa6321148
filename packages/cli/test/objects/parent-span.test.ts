import { expect, it } from "vitest";
import { reduceRollout } from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { parentSpan } from "../../src/objects/parent-span.ts";

it("is the span with that id in the same trace, and none of another trace", () => {
  const rollout = new RolloutBuilder();
  const span = (trace: string, id: string, parent: string | null) =>
    rollout.event({
      type: "span_started",
      otel_trace_id: trace.repeat(32),
      span_id: id.repeat(16),
      parent_span_id: parent?.repeat(16) ?? null,
      name: `${trace} ${id}`,
      kind: "client",
      attributes: {},
      links: [],
      start_time_unix_us: 5,
    });
  span("a", "1", null);
  span("b", "1", null);
  span("c", "1", null);
  span("b", "2", "1");
  span("a", "3", "1");
  span("d", "4", "1");
  span("a", "5", "9");
  const graph = reduceRollout(rollout.source(), { mode: "strict" });
  const parents = Object.values(graph.spans).map((each) => [
    each.name,
    parentSpan(graph, each)?.name ?? null,
  ]);
  expect(parents).toEqual([
    ["a 1", null],
    ["b 1", null],
    ["c 1", null],
    ["b 2", "b 1"],
    ["a 3", "a 1"],
    ["d 4", null],
    ["a 5", null],
  ]);
});
