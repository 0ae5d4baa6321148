/** Records what an agent host does as ordered raw events and payloads in SQLite. */
export { openRolloutImporter } from "./import/import-rollout.ts";
export type {
  ImportProgress,
  ImportResult,
  ImportRolloutOptions,
  RolloutImporter,
  RolloutImporterOptions,
} from "./import/import-rollout.ts";
export type { ImportInput } from "./import/input-fingerprint.ts";
export { openTraceStore } from "./open-store.ts";
export type { StoreCounts, TraceStore, TraceStoreOptions } from "./open-store.ts";
export type { Clock } from "./recorder/clock.ts";
export { currentTrace } from "./recorder/context.ts";
export type { TraceContext } from "./recorder/context.ts";
export {
  disabledInferenceTrace,
  disabledThreadTrace,
  disabledToolCallTrace,
  disabledTurnTrace,
} from "./recorder/disabled.ts";
export type {
  AgentInteractionEndedOptions,
  AgentInteractionOptions,
  AgentResultOptions,
  CompactionOptions,
  CompactionRequestOptions,
  CompactionRequestTrace,
  CompactionTrace,
  EndStatus,
  HistoryItemOptions,
  InferenceCancelledOptions,
  InferenceCompletedOptions,
  InferenceFailedOptions,
  InferenceInputMode,
  InferenceTrace,
  Lazy,
  OtherOptions,
  Recordable,
  StartChildThreadOptions,
  StartInferenceOptions,
  StartThreadOptions,
  StartToolCallOptions,
  StartTurnOptions,
  ThreadTrace,
  ToolCallEndedOptions,
  ToolCallTrace,
  TraceToolOptions,
  TurnTrace,
} from "./recorder/handles.ts";
export type { RootThreadOptions, StartRolloutOptions } from "./recorder/start-rollout.ts";
export { jsonRedactor } from "./redact/redact-json.ts";
export type { JsonRedactor } from "./redact/redact-json.ts";
export { BUILT_IN_RULES } from "./redact/redact-options.ts";
export type { RedactionRule, RedactOptions } from "./redact/redact-options.ts";
export { startRolloutFromEnv } from "./start-from-env.ts";
export { compactTraceStore } from "./store/compact.ts";
export type { CompactOptions, CompactResult } from "./store/compact.ts";
export { pruneTraceStore } from "./store/prune.ts";
export type { LeftRollout, PrunedRollout, PruneOptions, PruneProgress, PruneResult } from "./store/prune.ts";
export type { RolloutCounts } from "./store/count-rollouts.ts";
export type { TokenCount } from "./store/count-tokens.ts";
export type { Durability } from "./store/connection.ts";
export { recordingWriterState } from "./store/recording-writer.ts";
export type { WriterState } from "./store/writer-process.ts";
export type { StoredPayloads } from "./store/read-payloads.ts";
export type { RolloutSummary, StoredRollout } from "./store/read-rollouts.ts";
export { readTraceStore } from "./store/read-store.ts";
export type { TraceStoreReader } from "./store/read-store.ts";
export { STORE_FINDING_CODES } from "./store/findings.ts";
export type { StoreFinding, StoreFindingCode, StorePlace } from "./store/findings.ts";
export { verifyStore } from "./store/verify.ts";
export type { StoreVerification } from "./store/verify.ts";
export { TRACE_STORE_ERROR_CODES, TraceStoreError } from "./trace-store-error.ts";
export type { TraceStoreErrorCode } from "./trace-store-error.ts";
