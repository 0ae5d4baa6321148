/**
 * Names of OpenTelemetry attributes, in the one place where they stand: the recorder and the runtime write them, the command
 * exports and imports them.
 *
 * The GenAI and MCP names follow `open-telemetry/semantic-conventions-genai` (status: development) as of its commit
 * 024a4f944a12, which builds on version 1.44.0 of the core conventions; there is no npm package of them. Names under
 * `rollout_trace.` are this project's own and join a span to the store.
 */

/** Which conventions the names follow, for people. */
export const GEN_AI_CONVENTIONS = "semantic-conventions-genai@024a4f944a12 (core 1.44.0)";

export const GEN_AI = {
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  agentId: "gen_ai.agent.id",
  agentName: "gen_ai.agent.name",
  conversationId: "gen_ai.conversation.id",
  requestModel: "gen_ai.request.model",
  responseId: "gen_ai.response.id",
  responseModel: "gen_ai.response.model",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  toolName: "gen_ai.tool.name",
  toolType: "gen_ai.tool.type",
  /** The provider's call id; never one of ours. */
  toolCallId: "gen_ai.tool.call.id",
  // Content: only when asked for.
  systemInstructions: "gen_ai.system_instructions",
  inputMessages: "gen_ai.input.messages",
  outputMessages: "gen_ai.output.messages",
  toolArguments: "gen_ai.tool.call.arguments",
  toolResult: "gen_ai.tool.call.result",
} as const;

/** Values of `gen_ai.operation.name`. */
export const GEN_AI_OPERATION = {
  workflow: "invoke_workflow",
  agent: "invoke_agent",
  chat: "chat",
  tool: "execute_tool",
} as const;

export const MCP = {
  methodName: "mcp.method.name",
  sessionId: "mcp.session.id",
  toolsCall: "tools/call",
} as const;

export const ERROR_TYPE = "error.type";

/** What `error.type` says of an error without a name of its own. */
export const OTHER_ERROR = "_OTHER";

/** This project's own. */
export const ROLLOUT_TRACE = {
  rolloutId: "rollout_trace.rollout_id",
  threadId: "rollout_trace.thread_id",
  turnId: "rollout_trace.turn_id",
  inferenceCallId: "rollout_trace.inference_call_id",
  toolCallId: "rollout_trace.tool_call_id",
  modelVisibleCallId: "rollout_trace.model_visible_call_id",
  codeCellId: "rollout_trace.code_cell_id",
  runtimeCellId: "rollout_trace.runtime_cell_id",
  waitId: "rollout_trace.wait_id",
  compactionId: "rollout_trace.compaction_id",
  compactionRequestId: "rollout_trace.compaction_request_id",
  /** The raw event that a span begins with. */
  seq: "rollout_trace.seq",
  /** How it ended: an execution status, a cell's status or a wait's outcome. */
  status: "rollout_trace.status",
  endCause: "rollout_trace.end_cause",
  // Further ones that an export of a recording carries, so that it can be read back.
  recordingId: "rollout_trace.recording_id",
  rootThreadId: "rollout_trace.root_thread_id",
  hostName: "rollout_trace.host_name",
  hostVersion: "rollout_trace.host_version",
  endSeq: "rollout_trace.end_seq",
  agentPath: "rollout_trace.agent_path",
  agentRole: "rollout_trace.agent_role",
  nickname: "rollout_trace.nickname",
  parentThreadId: "rollout_trace.parent_thread_id",
  taskName: "rollout_trace.task_name",
  dialect: "rollout_trace.dialect",
  upstreamRequestId: "rollout_trace.upstream_request_id",
  label: "rollout_trace.label",
  toolKind: "rollout_trace.tool_kind",
  mcpServer: "rollout_trace.mcp_server",
  mcpCallId: "rollout_trace.mcp_call_id",
  requester: "rollout_trace.requester",
  runtimeToolCallId: "rollout_trace.runtime_tool_call_id",
  inputType: "rollout_trace.input_type",
  resultType: "rollout_trace.result_type",
  waitMode: "rollout_trace.wait_mode",
  spanId: "rollout_trace.span_id",
  spanTraceId: "rollout_trace.span_trace_id",
  parentSpanId: "rollout_trace.parent_span_id",
  interaction: "rollout_trace.interaction",
  targetThreadId: "rollout_trace.target_thread_id",
  edgeId: "rollout_trace.edge_id",
  cancelCause: "rollout_trace.cancel_cause",
  cancelLimit: "rollout_trace.cancel_limit",
  inputPreview: "rollout_trace.input_preview",
  outputPreview: "rollout_trace.output_preview",
  producedBytes: "rollout_trace.produced_bytes",
  toRequesterBytes: "rollout_trace.to_requester_bytes",
  toolNamespace: "rollout_trace.tool_namespace",
  /** Content: what one agent said to another, or a cell to the model. */
  message: "rollout_trace.message",
  /** Content: the script of a cell. */
  source: "rollout_trace.source",
  /** Content: why a request failed or was cancelled. */
  error: "rollout_trace.error",
  /** On a link: why it is there (`code_cell`, `message`, `agent_result`, …). */
  linkKind: "rollout_trace.link",
} as const;

/** Names of events on exported spans, and what they say besides `rollout_trace.*`. */
export const SPAN_EVENT = {
  threadStarted: "rollout_trace.thread_started",
  threadEnded: "rollout_trace.thread_ended",
  rolloutEnded: "rollout_trace.rollout_ended",
  recordingCompleted: "rollout_trace.recording_completed",
  recordingStopped: "rollout_trace.recording_stopped",
  interactionStarted: "rollout_trace.agent_interaction_started",
  interactionEnded: "rollout_trace.agent_interaction_ended",
  agentResult: "rollout_trace.agent_result",
  initialResponse: "rollout_trace.initial_response",
  cancelRequested: "rollout_trace.cancel_requested",
  notification: "rollout_trace.notification",
} as const;

/** Names of spans that the conventions have none for. */
export const SPAN_NAME = { codeCell: "code_cell", wait: "code_cell_wait" } as const;

/** Key of the OpenTelemetry context under which the span of the tool call stands that code runs in. */
export const TOOL_CALL_SPAN_KEY = "rollout_trace.tool_call_span";

/** Instrumentation scopes whose spans tell what is recorded anyway. */
export const TRACER_NAMES = { recorder: "@rollout-trace/trace", runtime: "@rollout-trace/runtime" } as const;

/** The environment variable that asks for content on spans. */
const CAPTURE_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/** Whether prompts, outputs and what tools are given and give may be put on spans. Off unless asked for. */
export function capturesContent(env: { readonly [name: string]: string | undefined }): boolean {
  const value = env[CAPTURE_CONTENT]?.toLowerCase();
  return value === "true" || value === "span_only" || value === "span_and_event";
}
