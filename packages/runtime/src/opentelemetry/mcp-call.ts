/**
 * What OpenTelemetry has to do with a call of an MCP tool: the caller's context travels in the request's `_meta`, and the span of
 * the tool call that makes the request says that it was one, rather than there being a second span.
 */
import { context, createContextKey, propagation, type Span, SpanStatusCode } from "@opentelemetry/api";
import { ERROR_TYPE, MCP, TOOL_CALL_SPAN_KEY } from "@rollout-trace/protocol";

const TOOL_CALL_SPAN = createContextKey(TOOL_CALL_SPAN_KEY);

/** `error.type` of a result with `isError`. */
const TOOL_ERROR = "tool_error";

/** Adds the W3C context (`traceparent`, `tracestate`, `baggage`), as the host's propagator writes it, to a request's `_meta`. */
export function injectContext(meta: Record<string, string>): void {
  try {
    propagation.inject(context.active(), meta);
  } catch {
    // A propagator that fails keeps no call from being made.
  }
}

/** Says of the tool call that runs, if it has a span, that it calls an MCP tool. */
export function describeMcpCall(sessionId: string | undefined): void {
  toolCallSpan()?.setAttributes({
    [MCP.methodName]: MCP.toolsCall,
    ...(sessionId === undefined ? {} : { [MCP.sessionId]: sessionId }),
  });
}

/** And that the tool reported a failure. */
export function describeToolError(): void {
  toolCallSpan()?.setAttribute(ERROR_TYPE, TOOL_ERROR).setStatus({ code: SpanStatusCode.ERROR });
}

function toolCallSpan(): Span | undefined {
  return context.active().getValue(TOOL_CALL_SPAN) as Span | undefined;
}
