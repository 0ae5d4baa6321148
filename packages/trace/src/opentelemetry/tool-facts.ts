/** What a span says of a tool call's input and of its end. */
import type { Attributes } from "@opentelemetry/api";
import { GEN_AI, ROLLOUT_TRACE } from "@rollout-trace/protocol";
import type { ToolCallEndedOptions } from "../recorder/handles.ts";
import { messageOf } from "../trace-store-error.ts";
import type { SpanEnd } from "./active-span.ts";
import { errorTypeOf } from "./error-type.ts";
import { member } from "../response-usage.ts";
import { tellsContent } from "./tracer.ts";

/** What went wrong at the tool itself, without an error that says what. */
const TOOL_ERROR = "tool_error";

/** The input, as the requester handed it to the tool. `redact` takes secrets out of the JSON text. */
export function toolArguments(invocation: unknown, redact: (text: string) => string): Attributes {
  const payload = member(invocation, "payload");
  const input = member(payload, "arguments") ?? member(payload, "input") ?? member(payload, "value");
  return input === undefined ? {} : { [GEN_AI.toolArguments]: redact(jsonText(input)) };
}

export interface ToolOutcome {
  /** What was thrown, where that is known. */
  readonly error: unknown;
  readonly result: unknown;
  readonly redact: (text: string) => string;
}

export function toolEnd(options: ToolCallEndedOptions, { error, result, redact }: ToolOutcome): SpanEnd {
  const { status = "completed", endCause } = options;
  const cause = endCause ?? null;
  const attributes: Attributes = {
    ...(cause === null ? {} : { [ROLLOUT_TRACE.endCause]: cause }),
    ...(tellsContent() ? resultContent(result, redact) : {}),
  };
  if (status !== "failed") return { status, attributes };
  const failure = member(result, "error");
  const message = error === undefined ? failure : messageOf(error);
  return {
    status,
    attributes,
    errorType:
      error !== undefined ? errorTypeOf(error) : cause === null || cause === "error" ? TOOL_ERROR : cause,
    message: typeof message === "string" ? redact(message) : undefined,
  };
}

function resultContent(result: unknown, redact: (text: string) => string): Attributes {
  const output =
    member(result, "value") ?? member(member(result, "item"), "output") ?? member(result, "item");
  return output === undefined ? {} : { [GEN_AI.toolResult]: redact(jsonText(output)) };
}

function jsonText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
