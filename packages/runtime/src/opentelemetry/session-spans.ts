/**
 * A session told as OpenTelemetry spans, for hosts without a recorder: one span for each cell, wait and nested call.
 *
 * It listens like any observer, beside the host's own; an observer that opens spans itself (the recorder's) is left alone. Uses
 * the API only, so without a registered SDK there is nothing to pay.
 */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import {
  capturesContent,
  type CodeModeEvent,
  type CodeModeObserver,
  ERROR_TYPE,
  GEN_AI,
  GEN_AI_OPERATION,
  MCP,
  type NestedToolCall,
  OTHER_ERROR,
  ROLLOUT_TRACE,
  SPAN_NAME,
  TOOL_CALL_SPAN_KEY,
  type ToolKind,
  TRACER_NAMES,
} from "@rollout-trace/protocol";

type EventOf<Type extends CodeModeEvent["type"]> = Extract<CodeModeEvent, { readonly type: Type }>;

/** A cell that has not ended. */
interface LiveCell {
  readonly span: Span;
  readonly context: Context;
  /** Nested calls that have not ended, by the cell's own ids. */
  readonly calls: Map<string, Span>;
}

const TOOL_CALL_SPAN = createContextKey(TOOL_CALL_SPAN_KEY);

export class SessionSpans implements CodeModeObserver {
  readonly #tracer: Tracer = trace.getTracer(TRACER_NAMES.runtime);
  readonly #observer: CodeModeObserver | undefined;
  readonly #cells: Map<string, LiveCell> = new Map();
  readonly #waits: Map<string, Span> = new Map();
  /** Where requests that are under way were made. Events of another process arrive outside of any context. */
  readonly #callers: Map<string, Context> = new Map();

  constructor(observer: CodeModeObserver | undefined) {
    this.#observer = observer;
  }

  observe(event: CodeModeEvent): void {
    try {
      this.#trace(event);
    } catch {
      // An SDK that fails is no reason for the host's observer to miss anything.
    }
    this.#observer?.observe(event);
  }

  runNestedCall<Result>(call: NestedToolCall, run: () => Promise<Result>): Promise<Result> {
    const observer = this.#observer;
    const observed = (): Promise<Result> =>
      observer?.runNestedCall === undefined ? run() : observer.runNestedCall(call, run);
    const cell = this.#cells.get(call.cellId);
    const span = cell?.calls.get(call.runtimeToolCallId);
    if (cell === undefined || span === undefined) return observed();
    return context.with(trace.setSpan(cell.context, span).setValue(TOOL_CALL_SPAN, span), observed);
  }

  /** Runs a request; what it starts is a child of what is active now. `key` is how its first event is recognised. */
  async from<Result>(key: string, request: () => Promise<Result>): Promise<Result> {
    this.#callers.set(key, context.active());
    try {
      return await request();
    } finally {
      this.#callers.delete(key);
    }
  }

  #trace(event: CodeModeEvent): void {
    switch (event.type) {
      case "cell_started":
        return this.#cellStarted(event);
      case "wait_started":
        return this.#waitStarted(event);
      case "wait_ended":
        return this.#waitEnded(event);
      case "cancel_requested":
        this.#cells.get(event.cellId)?.span.addEvent("cancel_requested", { cause: event.cause });
        return;
      case "nested_call_started":
        return this.#callStarted(event);
      case "nested_call_ended":
        return this.#callEnded(event);
      case "cell_ended":
        return this.#cellEnded(event);
      case "cell_initial_response":
      case "notification":
    }
  }

  #cellStarted({ cellId, toolCallId }: EventOf<"cell_started">): void {
    const parent = this.#callers.get(execKey(toolCallId)) ?? context.active();
    const attributes = {
      [ROLLOUT_TRACE.runtimeCellId]: cellId,
      [ROLLOUT_TRACE.modelVisibleCallId]: toolCallId,
    };
    const span = this.#tracer.startSpan(SPAN_NAME.codeCell, { attributes }, parent);
    this.#cells.set(cellId, { span, context: trace.setSpan(parent, span), calls: new Map() });
  }

  #waitStarted({ waitId, cellId, toolCallId }: EventOf<"wait_started">): void {
    const cell = this.#cells.get(cellId);
    const links: Link[] =
      cell === undefined
        ? []
        : [{ context: cell.span.spanContext(), attributes: { [ROLLOUT_TRACE.linkKind]: "code_cell" } }];
    const attributes: Attributes = {
      [ROLLOUT_TRACE.waitId]: waitId,
      [ROLLOUT_TRACE.runtimeCellId]: cellId,
      ...(toolCallId === null ? {} : { [ROLLOUT_TRACE.modelVisibleCallId]: toolCallId }),
    };
    const parent = this.#callers.get(waitKey(cellId, toolCallId)) ?? context.active();
    this.#waits.set(waitId, this.#tracer.startSpan(SPAN_NAME.wait, { attributes, links }, parent));
  }

  #waitEnded({ waitId, outcome }: EventOf<"wait_ended">): void {
    const span = this.#waits.get(waitId);
    this.#waits.delete(waitId);
    span?.setAttribute(ROLLOUT_TRACE.status, outcome).end();
  }

  #callStarted({ call, recordAs }: EventOf<"nested_call_started">): void {
    const cell = this.#cells.get(call.cellId);
    if (cell === undefined) return;
    const name = toolName(recordAs, call);
    const attributes: Attributes = {
      [GEN_AI.operationName]: GEN_AI_OPERATION.tool,
      [GEN_AI.toolName]: name,
      [GEN_AI.toolType]: "function",
      ...(recordAs.type === "mcp" ? { [MCP.methodName]: MCP.toolsCall } : {}),
      [ROLLOUT_TRACE.runtimeCellId]: call.cellId,
    };
    const kind = recordAs.type === "mcp" ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const options = { kind, attributes };
    const span = this.#tracer.startSpan(`${GEN_AI_OPERATION.tool} ${name}`, options, cell.context);
    if (span.isRecording() && capturesContent(process.env) && call.input !== undefined) {
      span.setAttribute(GEN_AI.toolArguments, JSON.stringify(call.input));
    }
    cell.calls.set(call.runtimeToolCallId, span);
  }

  #callEnded({ cellId, runtimeToolCallId, status, endCause, result }: EventOf<"nested_call_ended">): void {
    const calls = this.#cells.get(cellId)?.calls;
    const span = calls?.get(runtimeToolCallId);
    calls?.delete(runtimeToolCallId);
    if (span === undefined) return;
    if (span.isRecording() && capturesContent(process.env) && result?.type === "value") {
      span.setAttribute(GEN_AI.toolResult, JSON.stringify(result.value));
    }
    span.setAttribute(ROLLOUT_TRACE.endCause, endCause);
    finish(span, status, result?.type === "error" ? result.error : undefined);
  }

  #cellEnded({ cellId, status }: EventOf<"cell_ended">): void {
    const cell = this.#cells.get(cellId);
    this.#cells.delete(cellId);
    if (cell !== undefined) finish(cell.span, status);
  }
}

/** How the start of a cell is recognised. */
export function execKey(toolCallId: string): string {
  return `exec ${toolCallId}`;
}

/** How the start of a wait is recognised. */
export function waitKey(cellId: string, toolCallId: string | null | undefined): string {
  return `wait ${cellId} ${toolCallId ?? ""}`;
}

function finish(span: Span, status: string, message?: string): void {
  span.setAttribute(ROLLOUT_TRACE.status, status);
  if (status === "failed") {
    span.setAttribute(ERROR_TYPE, OTHER_ERROR);
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
  }
  span.end();
}

function toolName(kind: ToolKind, { toolName: { name, namespace } }: NestedToolCall): string {
  if (kind.type === "mcp") return kind.tool;
  if (kind.type === "other") return kind.name;
  return namespace === undefined ? name : `${namespace}.${name}`;
}
