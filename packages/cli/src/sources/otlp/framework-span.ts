/** Records of the OpenAI Agents SDK (`trace.span`), whose `span_data` says what other exporters say in attributes. */
import { isJsonObject, type JsonObject } from "@rollout-trace/protocol";

const KINDS: { readonly [type: string]: string } = {
  agent: "AGENT",
  function: "TOOL",
  mcp_tools: "CHAIN",
  generation: "LLM",
  response: "LLM",
  handoff: "CHAIN",
  guardrail: "GUARDRAIL",
};

/** The record as a row of a span store, or null for an object of another kind. */
export function frameworkSpan(value: JsonObject): JsonObject | null {
  const data = value["span_data"];
  if (!isJsonObject(data) || typeof value["id"] !== "string") return null;
  const type = typeof data["type"] === "string" ? data["type"] : "custom";
  const usage = isJsonObject(data["usage"]) ? data["usage"] : {};
  const error = value["error"];
  const response = data["response_id"] ?? null;
  return {
    span_id: value["id"],
    trace_id: value["trace_id"] ?? null,
    parent_id: value["parent_id"] ?? null,
    name: typeof data["name"] === "string" ? data["name"] : type,
    started_at: value["started_at"] ?? null,
    ended_at: value["ended_at"] ?? null,
    status: isJsonObject(error) ? { code: "ERROR", message: error["message"] ?? null } : {},
    attributes: {
      "openinference.span.kind": KINDS[type] ?? "CHAIN",
      ...(type === "agent" ? { "gen_ai.agent.name": data["name"] ?? null } : {}),
      ...(type === "function" ? { "tool.name": data["name"] ?? null } : {}),
      "gen_ai.request.model": data["model"] ?? null,
      "gen_ai.response.id": response,
      "gen_ai.usage.input_tokens": usage["input_tokens"] ?? null,
      "gen_ai.usage.output_tokens": usage["output_tokens"] ?? null,
      "input.value": data["input"] ?? value["span_data_input"] ?? null,
      "output.value": data["output"] ?? null,
    },
  };
}
