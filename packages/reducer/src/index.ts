/** Replays raw events into the session and multi-agent graph: deterministic, linear, explainable. Does no I/O. */
export { DIAGNOSTIC_CODES, severityOf } from "./diagnostics.ts";
export type { Diagnostic, DiagnosticCode, DiagnosticSeverity } from "./diagnostics.ts";
export { ReduceError } from "./errors.ts";
export type { ReduceErrorCode } from "./errors.ts";
export { FINDING_CODES } from "./findings/finding.ts";
export type { Finding, FindingCode } from "./findings/finding.ts";
export { ANCHOR_TYPES, EXECUTION_END_CAUSES } from "./graph/base.ts";
export type {
  Anchor,
  AnchorType,
  Evidence,
  ExecutionEndCause,
  ExecutionWindow,
  GraphObject,
  Provenance,
  TokenUsage,
} from "./graph/base.ts";
export { graphDigest, graphJson } from "./graph/canonical.ts";
export type { GraphJsonOptions } from "./graph/canonical.ts";
export { checkGraph } from "./graph/check/check.ts";
export type { GraphViolation } from "./graph/check/violations.ts";
export type {
  CellCancellation,
  CellInitialResponse,
  CellWait,
  CellYield,
  CodeCell,
  GraphCellNotification,
} from "./graph/code-cell.ts";
export { ITEM_CHANNELS, ITEM_KINDS, ITEM_ROLES } from "./graph/conversation.ts";
export type {
  BodyPart,
  ConversationItem,
  ItemBody,
  ItemChannel,
  ItemKind,
  ItemRole,
  Producer,
} from "./graph/conversation.ts";
export { EDGE_KINDS } from "./graph/edge.ts";
export type { EdgeKind, InteractionEdge } from "./graph/edge.ts";
export { expandRequest } from "./graph/expand.ts";
export type { Compaction, CompactionRequest, InferenceCall, RequestItems } from "./graph/inference.ts";
export { GRAPH_SCHEMA_VERSION } from "./graph/rollout-graph.ts";
export type { Collection, GraphPayload, GraphUsage, RolloutGraph } from "./graph/rollout-graph.ts";
export type { GraphSpanLink, Span } from "./graph/span.ts";
export type {
  TerminalObservation,
  TerminalOperation,
  TerminalRequest,
  TerminalResult,
  TerminalSession,
} from "./graph/terminal.ts";
export type { GraphThreadOrigin, Thread, Turn } from "./graph/thread.ts";
export type { CausedBy, GraphToolRequester, ToolCall, Visibility } from "./graph/tool-call.ts";
export { followRollout } from "./follow.ts";
export type { FollowOptions, RolloutFollower } from "./follow.ts";
export { createReducer, reduceRollout, resumeReducer } from "./reduce.ts";
export type {
  AbortSignalLike,
  ReduceMode,
  ReduceOptions,
  ReduceProgress,
  Reducer,
  ReducerOptions,
} from "./reduce.ts";
export type { ReducerCheckpoint } from "./state/checkpoint.ts";
