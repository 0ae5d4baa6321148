/** What an observer is told, as the host sends it. */
import type {
  CancelCause,
  CellDelivery,
  CellJournal,
  CellLimitName,
  CellNotification,
  CellStatus,
  CodeModeEvent,
  ContentItem,
  ExecutionStatus,
  FinalCellStatus,
  ImageDetail,
  NestedCallResult,
  NestedToolCall,
  NestedToolKind,
  RuntimeResponse,
  ToolEndCause,
  ToolKind,
  ToolName,
  WaitMode,
  WaitOutcomeKind,
} from "@rollout-trace/protocol";
import {
  type Check,
  flag,
  json,
  list,
  natural,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
  union,
} from "./check.ts";

const contentItemCheck: Check<ContentItem> = union<ContentItem>({
  input_text: { text },
  input_image: {
    image_url: text,
    detail: oneOf<ImageDetail>({ auto: true, low: true, high: true, original: true }),
  },
});

export const contentItemsCheck: Check<readonly ContentItem[]> = list(contentItemCheck);

export const responseCheck: Check<RuntimeResponse> = object<RuntimeResponse>({
  type: oneOf<RuntimeResponse["type"]>({ yielded: true, terminated: true, result: true }),
  cellId: text,
  contentItems: contentItemsCheck,
  errorText: optional(text),
});

export const toolNameCheck: Check<ToolName> = object<ToolName>({ name: text, namespace: optional(text) });

export const nestedToolKindCheck: Check<NestedToolKind> = oneOf<NestedToolKind>({
  function: true,
  freeform: true,
});

export const toolKindCheck: Check<ToolKind> = union<ToolKind>({
  exec_command: {},
  write_stdin: {},
  apply_patch: {},
  web: {},
  image_generation: {},
  spawn_agent: {},
  assign_agent_task: {},
  send_message: {},
  wait_agent: {},
  close_agent: {},
  code_cell_exec: {},
  code_cell_wait: {},
  mcp: { server: text, tool: text },
  other: { name: text },
});

export const cancelCauseCheck: Check<CancelCause> = oneOf<CancelCause>({
  model: true,
  turn_interrupted: true,
  session_shutdown: true,
  host: true,
  limit: true,
});

export const nestedCallCheck: Check<NestedToolCall> = object<NestedToolCall>({
  cellId: text,
  runtimeToolCallId: text,
  toolName: toolNameCheck,
  kind: nestedToolKindCheck,
  input: optional(json),
});

export const notificationCheck: Check<CellNotification> = object<CellNotification>({
  callId: text,
  cellId: text,
  text,
});

const journalCheck: Check<CellJournal> = object<CellJournal>({
  random_seed: number,
  clock_reads: list(number),
  deliveries: list(
    union<CellDelivery>({
      tool_result: { runtime_tool_call_id: text, ok: flag },
      timer: { timer_id: natural },
    }),
  ),
  truncated: optional(flag),
});

const cellStatusCheck: Check<CellStatus> = oneOf<CellStatus>({
  starting: true,
  running: true,
  yielded: true,
  pending: true,
  completed: true,
  failed: true,
  terminated: true,
});

const cellLimitCheck: Check<CellLimitName> = oneOf<CellLimitName>({
  memory: true,
  cpu: true,
  output: true,
  pending_tool_calls: true,
  timers: true,
});

const waitOutcomeCheck: Check<WaitOutcomeKind> = oneOf<WaitOutcomeKind>({
  yielded: true,
  pending: true,
  completed: true,
  failed: true,
  terminated: true,
  missing: true,
  busy: true,
  abandoned: true,
});

const executionStatusCheck: Check<ExecutionStatus> = oneOf<ExecutionStatus>({
  running: true,
  completed: true,
  failed: true,
  cancelled: true,
  aborted: true,
});

const toolEndCauseCheck: Check<ToolEndCause> = oneOf<ToolEndCause>({
  returned: true,
  error: true,
  rejected: true,
  cell_ended: true,
  cell_cancelled: true,
  turn_interrupted: true,
  timeout: true,
});

export const eventCheck: Check<CodeModeEvent> = union<CodeModeEvent>({
  cell_started: { cellId: text, toolCallId: text, source: text },
  cell_initial_response: { cellId: text, status: cellStatusCheck, response: responseCheck },
  wait_started: {
    waitId: text,
    cellId: text,
    toolCallId: nullable(text),
    mode: oneOf<WaitMode>({ yield: true, pending: true }),
  },
  wait_ended: { waitId: text, cellId: text, outcome: waitOutcomeCheck, response: nullable(responseCheck) },
  cancel_requested: {
    cellId: text,
    toolCallId: nullable(text),
    cause: cancelCauseCheck,
    limit: nullable(cellLimitCheck),
  },
  nested_call_started: { call: nestedCallCheck, recordAs: toolKindCheck },
  nested_call_ended: {
    cellId: text,
    runtimeToolCallId: text,
    status: executionStatusCheck,
    endCause: toolEndCauseCheck,
    result: nullable(union<NestedCallResult>({ value: { value: json }, error: { error: text } })),
  },
  notification: { cellId: text, callId: text, text },
  cell_ended: {
    cellId: text,
    status: oneOf<FinalCellStatus>({ completed: true, failed: true, terminated: true }),
    response: responseCheck,
    journal: nullable(journalCheck),
  },
});
