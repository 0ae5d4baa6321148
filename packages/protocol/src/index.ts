/** Shared types and schemas of rollout-trace. Does no I/O and runs in a browser. */
export { canonicalJson } from "./canonical-json.ts";
export { IMAGE_DETAILS } from "./cell.ts";
export type {
  CellLimits,
  CellNotification,
  ContentItem,
  ExecuteRequest,
  ImageDetail,
  NestedToolCall,
  NestedToolKind,
  PendingOutcome,
  RuntimeResponse,
  StartedCell,
  TerminateRequest,
  ToolDefinition,
  ToolName,
  WaitOutcome,
  WaitRequest,
  WaitToPendingOutcome,
  WaitToPendingRequest,
} from "./cell.ts";
export { asId } from "./ids.ts";
export type {
  Branded,
  CompactionId,
  CompactionRequestId,
  EdgeId,
  InferenceCallId,
  ModelVisibleCallId,
  PayloadId,
  ProviderItemId,
  RolloutId,
  RuntimeCellId,
  RuntimeToolCallId,
  SpanId,
  ThreadId,
  ToolCallId,
  TraceId,
  TurnId,
  WaitId,
} from "./ids.ts";
export { isJson, isJsonObject, MAX_JSON_LEVELS } from "./json.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export type { CodeModeEvent, CodeModeObserver, NestedCallResult } from "./observer.ts";
export { PAYLOAD_KINDS, payloadKindSchema, payloadRefSchema } from "./payload.ts";
export type {
  CellDelivery,
  CellJournal,
  CompactionCheckpoint,
  PayloadKind,
  PayloadRef,
  TerminalRuntimeEvent,
  ToolInvocation,
  ToolResult,
} from "./payload.ts";
export {
  capturesContent,
  ERROR_TYPE,
  GEN_AI,
  GEN_AI_CONVENTIONS,
  GEN_AI_OPERATION,
  MCP,
  OTHER_ERROR,
  ROLLOUT_TRACE,
  SPAN_EVENT,
  SPAN_NAME,
  TOOL_CALL_SPAN_KEY,
  TRACER_NAMES,
} from "./semantic-conventions.ts";
export { CANCEL_CAUSES, CELL_LIMIT_NAMES, WAIT_MODES, WAIT_OUTCOMES } from "./raw-event/code-cell.ts";
export type {
  CancelCause,
  CellLimitName,
  CodeCellCancelRequested,
  CodeCellEnded,
  CodeCellEventPayload,
  CodeCellInitialResponse,
  CodeCellNotification,
  CodeCellStarted,
  CodeCellWaitEnded,
  CodeCellWaitStarted,
  WaitMode,
  WaitOutcomeKind,
} from "./raw-event/code-cell.ts";
export type {
  CompactionEventPayload,
  CompactionInstalled,
  CompactionRequestCompleted,
  CompactionRequestFailed,
  CompactionRequestStarted,
} from "./raw-event/compaction.ts";
export { decodeRawEvent } from "./raw-event/decode.ts";
export type { DecodeError, DecodeErrorCode, DecodeIssue, DecodeResult } from "./raw-event/decode.ts";
export type { EventSchemas } from "./raw-event/event-schemas.ts";
export { DIALECTS } from "./raw-event/inference.ts";
export type {
  Dialect,
  HistoryItemAccepted,
  InferenceCancelled,
  InferenceCompleted,
  InferenceEventPayload,
  InferenceFailed,
  InferenceStarted,
  InputMode,
} from "./raw-event/inference.ts";
export { AGENT_INTERACTION_KINDS } from "./raw-event/multi-agent.ts";
export type {
  AgentInteractionEnded,
  AgentInteractionKind,
  AgentInteractionStarted,
  AgentResultObserved,
  MultiAgentEventPayload,
} from "./raw-event/multi-agent.ts";
export { RAW_EVENT_TYPES, rawEventSchemas, SCHEMA_VERSION } from "./raw-event/raw-event.ts";
export type {
  PayloadOf,
  RawEvent,
  RawEventEnvelope,
  RawEventPayload,
  RawEventType,
} from "./raw-event/raw-event.ts";
export { RECORDING_STOP_REASONS, SPAN_KINDS, SPAN_STATUSES } from "./raw-event/recording.ts";
export type {
  OtherEvent,
  ProtocolEventObserved,
  RecorderGap,
  RecordingCompleted,
  RecordingEventPayload,
  RecordingStopped,
  RecordingStopReason,
  SpanEnded,
  SpanKindName,
  SpanLink,
  SpanStarted,
  SpanStatusName,
} from "./raw-event/recording.ts";
export type {
  HostInfo,
  RolloutEnded,
  RolloutEventPayload,
  RolloutStarted,
  ThreadEnded,
  ThreadOrigin,
  ThreadResumed,
  ThreadStarted,
  TurnEnded,
  TurnStarted,
} from "./raw-event/rollout.ts";
export {
  PLAIN_TOOL_KINDS,
  PREVIEW_CODE_POINTS,
  TOOL_END_CAUSES,
  toolKindSchema,
} from "./raw-event/tool-call.ts";
export type {
  McpCallAssigned,
  StdinTargetResolved,
  ToolCallEnded,
  ToolCallEventPayload,
  ToolCallRuntimeEnded,
  ToolCallRuntimeStarted,
  ToolCallStarted,
  ToolEndCause,
  ToolKind,
  ToolOutputSizes,
  ToolRequester,
} from "./raw-event/tool-call.ts";
export type {
  CodeModeErrorCode,
  CodeModeSession,
  CodeModeSessionDelegate,
  CodeModeSessionOptions,
  CodeModeSessionProvider,
} from "./session.ts";
export type {
  ItemsSince,
  PayloadItem,
  PayloadRead,
  PayloadReadErrorCode,
  PayloadReader,
  PayloadStat,
  RolloutSource,
  SourceProblem,
  SourceRecord,
} from "./source.ts";
export {
  CELL_STATUSES,
  cellStatusSchema,
  EXECUTION_STATUSES,
  executionStatusSchema,
  FINAL_CELL_STATUSES,
  finalCellStatusSchema,
  ROLLOUT_STATUSES,
  rolloutStatusSchema,
} from "./status.ts";
export type { CellStatus, ExecutionStatus, FinalCellStatus, RolloutStatus } from "./status.ts";
