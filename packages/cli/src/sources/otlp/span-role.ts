/** What a span is about, by whichever convention says so. */
import { GEN_AI, GEN_AI_OPERATION, SPAN_NAME } from "@rollout-trace/protocol";
import type { SpanAttributes } from "./attributes.ts";
import type { SourceSpan } from "./source-span.ts";

/** `step`: the AI SDK's outer span of a run, which repeats what the requests inside it say. */
export type SpanRole = "agent" | "model" | "tool" | "workflow" | "step" | "cell" | "wait" | "other";

const BY_OPERATION: { readonly [operation: string]: SpanRole } = {
  chat: "model",
  generate_content: "model",
  text_completion: "model",
  [GEN_AI_OPERATION.tool]: "tool",
  [GEN_AI_OPERATION.agent]: "agent",
  [GEN_AI_OPERATION.workflow]: "workflow",
  embeddings: "other",
  create_agent: "other",
};

/** OpenInference, Traceloop and Langfuse name kinds in capitals or not. */
const BY_KIND: { readonly [kind: string]: SpanRole } = {
  llm: "model",
  generation: "model",
  tool: "tool",
  function: "tool",
  agent: "agent",
  chain: "other",
  workflow: "workflow",
  task: "other",
  embedding: "other",
  retriever: "other",
  reranker: "other",
  guardrail: "other",
  evaluator: "other",
};

const AI_SDK_MODEL = /\.do(?:Generate|Stream)$/;
const AI_SDK_STEP = /^ai\.(?:generateText|streamText|generateObject|streamObject|agent)$/;

export function roleOf({ name, attributes }: SourceSpan): SpanRole {
  if (name === SPAN_NAME.codeCell && attributes.get("rollout_trace.code_cell_id") !== undefined)
    return "cell";
  if (name === SPAN_NAME.wait && attributes.get("rollout_trace.wait_id") !== undefined) return "wait";
  return byAiSdk(attributes) ?? byOperation(attributes) ?? byKind(attributes) ?? byContent(attributes);
}

function byOperation(attributes: SpanAttributes): SpanRole | null {
  const operation = attributes.text(GEN_AI.operationName)?.toLowerCase();
  return operation === undefined ? null : (own(BY_OPERATION, operation) ?? null);
}

function byKind(attributes: SpanAttributes): SpanRole | null {
  const kind = attributes.text(
    "openinference.span.kind",
    "traceloop.span.kind",
    "langfuse.observation.type",
    "braintrust.span_attributes.type",
  );
  return kind === null ? null : (own(BY_KIND, kind.toLowerCase()) ?? null);
}

function byAiSdk(attributes: SpanAttributes): SpanRole | null {
  const operation = attributes.text("ai.operationId");
  if (operation === null) return null;
  if (operation === "ai.toolCall") return "tool";
  if (AI_SDK_MODEL.test(operation)) return "model";
  return AI_SDK_STEP.test(operation) ? "step" : "other";
}

/** Older instrumentation says no kind, only what goes with one. */
function byContent(attributes: SpanAttributes): SpanRole {
  if (attributes.text(GEN_AI.toolName, "tool.name") !== null) return "tool";
  const model = attributes.text(
    GEN_AI.requestModel,
    GEN_AI.responseModel,
    "llm.model_name",
    "llm.request.model",
  );
  if (
    model !== null &&
    attributes.count(GEN_AI.inputTokens, "gen_ai.usage.prompt_tokens", "llm.token_count.prompt") !== null
  ) {
    return "model";
  }
  return "other";
}

function own<Value>(table: { readonly [key: string]: Value }, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
