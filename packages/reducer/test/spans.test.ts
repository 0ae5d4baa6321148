/** Which tool call a host's span ran in, where ids come again. */
import { expect, it } from "vitest";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { reduce } from "./support.ts";

it("hangs a span under the call that had its id when the span started", () => {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const span = (digit: string, startedAt: number) =>
    turn.event({
      type: "span_started",
      otel_trace_id: "0".repeat(32),
      span_id: digit.repeat(16),
      parent_span_id: null,
      name: "GET",
      kind: "client",
      attributes: { "rollout_trace.tool_call_id": "c" },
      links: [],
      start_time_unix_us: startedAt,
    });
  const started = () => Object.values(reduce(rollout).tool_calls).map((call) => call.execution.started_at_us);
  for (let use = 0; use < 3; use += 1) turn.tool("c", { host: true, input: { use } }).end();
  const [first = 0, second = 0, third = 0] = started();
  span("1", second);
  span("2", third + 1000);
  span("3", first);
  span("4", third - 1);
  // A host's clock may be behind that of the recorder.
  span("5", first - 1000);
  expect(Object.values(reduce(rollout).spans).map((each) => each.tool_call_id)).toEqual([
    "c#2",
    "c#3",
    "c",
    "c#2",
    "c",
  ]);
});
