/** What a recording costs that grows. */
import { reduceRollout } from "@rollout-trace/reducer";
import type { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { processorTimeRatio } from "../../../test/support/processor-time.ts";

/** How many times as much processor time a recording of four times the size takes: 4 when linear, 16 when quadratic. */
export function growth(record: (size: number) => RolloutBuilder, size: number): number {
  const [small, large] = [record(size).source(), record(4 * size).source()];
  return processorTimeRatio({
    small: () => reduceRollout(small),
    large: () => reduceRollout(large),
    bound: QUADRATIC,
  });
}

export const QUADRATIC = 10;
