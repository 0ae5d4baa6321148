/** Rollouts made by hand, for tests of whatever reads or reduces them. */
export {
  agentMessage,
  assistantMessage,
  developerMessage,
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  reasoning,
  userMessage,
} from "./items.ts";
export { MemoryPayloads, memorySource } from "./memory-source.ts";
export type { MemoryPayload } from "./memory-source.ts";
export { compareGraphs, describeDifferences } from "./compare-graphs.ts";
export type { GraphDifference } from "./compare-graphs.ts";
export { MAX_STEP, playRollout, randomSteps } from "./play-rollout.ts";
export type { PlayOptions } from "./play-rollout.ts";
export { RolloutBuilder } from "./rollout-builder.ts";
export type { RolloutBuilderOptions, ThreadBuilder } from "./rollout-builder.ts";
export type { TurnBuilder } from "./turn-builder.ts";
export type { CellBuilder, InferenceBuilder, ToolCallBuilder } from "./call-builders.ts";
export { fixtureSource, placesText, ROLLOUT_FIXTURE_VERSION } from "./rollout-fixture.ts";
export type { FixturePayload, RolloutFixture } from "./rollout-fixture.ts";
export { eventTypesOf, STABLE_GRAPH_VERSION, stableGraph } from "./stable-graph.ts";
export type { StableGraph, StableGraphOptions } from "./stable-graph.ts";
export { toReduceTo } from "./to-reduce-to.ts";
export type { MatcherResult, Reducible } from "./to-reduce-to.ts";
