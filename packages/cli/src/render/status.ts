import type { ExecutionWindow } from "@rollout-trace/reducer";
import type { ChalkInstance } from "chalk";
import { duration, isTime } from "./format.ts";

/** How something went and how long it took; how its end is known where nobody saw it. */
export function status(colour: ChalkInstance, execution: ExecutionWindow): string {
  const paint =
    execution.status === "completed"
      ? colour.dim
      : execution.status === "running"
        ? colour.yellow
        : colour.red;
  const took =
    execution.ended_at_us === null || !isTime(execution.started_at_us)
      ? ""
      : ` ${duration(execution.ended_at_us - execution.started_at_us)}`;
  const how =
    execution.end_cause === null || execution.end_cause === "observed"
      ? ""
      : ` (${execution.end_cause.replaceAll("_", " ")})`;
  return paint(`${execution.status}${took}${how}`);
}
