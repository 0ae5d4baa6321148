/** What a span says of a tool call, by whichever convention. */
import {
  GEN_AI,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MCP,
  PLAIN_TOOL_KINDS,
  ROLLOUT_TRACE,
  type ToolKind,
} from "@rollout-trace/protocol";
import { textOf } from "../../otlp/messages-to-items.ts";
import type { SpanAttributes } from "./attributes.ts";
import type { SourceSpan } from "./source-span.ts";

export interface ToolFacts {
  readonly name: string;
  readonly kind: ToolKind;
  readonly label: string;
  readonly modelVisibleCallId: string | null;
  /** An `invocation` document, and the beginning of its input as text; null where nothing is said. */
  readonly invocation: JsonObject | null;
  readonly input: string | null;
  /** A `result` document. */
  readonly result: JsonObject | null;
  readonly output: string | null;
}

export function toolFacts(span: SourceSpan): ToolFacts {
  const { attributes } = span;
  const name =
    attributes.text(
      GEN_AI.toolName,
      "tool.name",
      "ai.toolCall.name",
      "tool_call.function.name",
      "traceloop.entity.name",
    ) ??
    span.name.replace(/^(?:execute_tool|ai\.toolCall)\s*/, "") ??
    "tool";
  const callId = attributes.text(
    ROLLOUT_TRACE.modelVisibleCallId,
    GEN_AI.toolCallId,
    "ai.toolCall.id",
    "tool_call.id",
    "tool.call_id",
    "tool.id",
  );
  const given = attributes.first(
    GEN_AI.toolArguments,
    "ai.toolCall.args",
    "ai.toolCall.input",
    "tool_call.function.arguments",
    "tool.parameters",
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
    "input",
  );
  const got = attributes.first(
    GEN_AI.toolResult,
    "ai.toolCall.result",
    "ai.toolCall.output",
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    "output",
  );
  return {
    name: name === "" ? "tool" : name,
    kind: kindOf(attributes, name === "" ? "tool" : name),
    label: attributes.text(ROLLOUT_TRACE.label) ?? (name === "" ? "tool" : name),
    modelVisibleCallId: callId,
    invocation: given === undefined ? null : invocationOf(attributes, name, given),
    input: previewed(attributes, ROLLOUT_TRACE.inputPreview, given),
    result: resultOf(span, callId, got),
    output: previewed(attributes, ROLLOUT_TRACE.outputPreview, got),
  };
}

/** An export has the preview if there was one; elsewhere one is made of the value. */
function previewed(attributes: SpanAttributes, name: string, value: JsonValue | undefined): string | null {
  const isExported = attributes.get(ROLLOUT_TRACE.toolKind) !== undefined;
  return attributes.text(name) ?? (isExported || value === undefined ? null : textOf(value));
}

function kindOf(attributes: SpanAttributes, name: string): ToolKind {
  const own = attributes.text(ROLLOUT_TRACE.toolKind);
  const plain = PLAIN_TOOL_KINDS.find((known) => known === own);
  if (plain !== undefined) return { type: plain };
  const server = attributes.text(ROLLOUT_TRACE.mcpServer, "mcp.server.name");
  if (own === "mcp" || (server !== null && attributes.text(MCP.methodName) === MCP.toolsCall)) {
    return { type: "mcp", server: server ?? "", tool: name };
  }
  return { type: "other", name };
}

function invocationOf(attributes: SpanAttributes, name: string, given: JsonValue): JsonObject {
  const type = attributes.text(ROLLOUT_TRACE.inputType);
  const payload: JsonObject =
    type === "custom"
      ? { type, input: textOf(given) }
      : type === "json" || typeof given !== "string"
        ? { type: "json", value: valueOf(given) }
        : { type: "function", arguments: given };
  return { tool_name: name, tool_namespace: attributes.text(ROLLOUT_TRACE.toolNamespace), payload };
}

function resultOf(span: SourceSpan, callId: string | null, got: JsonValue | undefined): JsonObject | null {
  const { attributes, status } = span;
  const type = attributes.text(ROLLOUT_TRACE.resultType);
  if (type === "error") return { type, error: textOf(got) };
  if (got === undefined) {
    return status.code === "error" && status.message !== null
      ? { type: "error", error: status.message }
      : null;
  }
  if (type === "code_mode") return { type, value: valueOf(got) };
  const item = type === "direct" ? valueOf(got) : null;
  if (isJsonObject(item)) return { type, item };
  return { type: "direct", item: { type: "function_call_output", call_id: callId, output: textOf(got) } };
}

/** A value that stands as JSON in a text. */
function valueOf(given: JsonValue): JsonValue {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given) as JsonValue;
  } catch {
    return given;
  }
}
