/**
 * Adds `expect(recording).toReduceTo(graph)` to vitest: `import "@rollout-trace/reducer/testing/vitest"` in a test or a setup
 * file. `recording` is a source, a `RolloutBuilder` or a graph; see `toReduceTo` for what it is compared with.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import { expect } from "vitest";
import type { RolloutGraph } from "../graph/rollout-graph.ts";
import type { StableGraphOptions } from "./stable-graph.ts";
import { toReduceTo } from "./to-reduce-to.ts";

declare module "vitest" {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    toReduceTo(this: Matchers<R, T>, expected: RolloutGraph | JsonValue, options?: StableGraphOptions): R;
  }
}

expect.extend({ toReduceTo });
