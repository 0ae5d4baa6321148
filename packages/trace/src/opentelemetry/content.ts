/**
 * Requests and responses as the messages that the GenAI conventions define, for hosts that have asked for content on spans.
 * A part that is none of the known ones keeps its own shape, as the conventions allow.
 */
import type { Attributes } from "@opentelemetry/api";
import { GEN_AI } from "@rollout-trace/protocol";
import { member } from "../response-usage.ts";

interface Part {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

/** What the model is asked, of any dialect. `redact` takes secrets out of the JSON text. */
export function requestContent(request: unknown, redact: (text: string) => string): Attributes {
  const instructions = member(request, "instructions") ?? member(request, "system");
  const asked = messagesOf(member(request, "input") ?? member(request, "messages"));
  return {
    ...(instructions === undefined || instructions === null
      ? {}
      : { [GEN_AI.systemInstructions]: redact(JSON.stringify(partsOf(instructions))) }),
    [GEN_AI.inputMessages]: redact(JSON.stringify(asked)),
  };
}

/** What it answered. */
export function responseContent(response: unknown, redact: (text: string) => string): Attributes {
  const choices = member(response, "choices");
  const answered = Array.isArray(choices)
    ? choices.map((choice: unknown) => member(choice, "message"))
    : (member(response, "output") ?? member(response, "output_items") ?? [response]);
  return { [GEN_AI.outputMessages]: redact(JSON.stringify(messagesOf(answered, "assistant"))) };
}

function messagesOf(given: unknown, role = "user"): readonly Message[] {
  if (typeof given === "string") return [{ role, parts: [text(given)] }];
  return Array.isArray(given) ? given.map((item: unknown) => messageOf(item, role)) : [];
}

function messageOf(item: unknown, fallback: string): Message {
  const type = member(item, "type");
  const id = member(item, "call_id");
  switch (type) {
    case "function_call":
      return assistant({
        type: "tool_call",
        id,
        name: member(item, "name"),
        arguments: parsed(member(item, "arguments")),
      });
    case "custom_tool_call":
      return assistant({
        type: "tool_call",
        id,
        name: member(item, "name"),
        arguments: member(item, "input"),
      });
    case "function_call_output":
    case "custom_tool_call_output":
      return { role: "tool", parts: [{ type: "tool_call_response", id, response: member(item, "output") }] };
    case "reasoning":
      return assistant({ type: "reasoning", content: textsOf(member(item, "summary")) });
  }
  const role = member(item, "role");
  const parts = [...partsOf(member(item, "content")), ...toolCallsOf(member(item, "tool_calls"))];
  if (role === "tool") {
    const response = member(item, "content");
    return { role, parts: [{ type: "tool_call_response", id: member(item, "tool_call_id"), response }] };
  }
  return { role: typeof role === "string" ? role : fallback, parts };
}

function toolCallsOf(calls: unknown): readonly Part[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call: unknown) => {
    const called = member(call, "function");
    return {
      type: "tool_call",
      id: member(call, "id"),
      name: member(called, "name"),
      arguments: parsed(member(called, "arguments")),
    };
  });
}

function partsOf(content: unknown): readonly Part[] {
  if (typeof content === "string") return [text(content)];
  return Array.isArray(content) ? content.map(partOf) : [];
}

function partOf(part: unknown): Part {
  const type = member(part, "type");
  const own = member(part, "text");
  switch (type) {
    case "tool_use":
      return {
        type: "tool_call",
        id: member(part, "id"),
        name: member(part, "name"),
        arguments: member(part, "input"),
      };
    case "tool_result":
      return {
        type: "tool_call_response",
        id: member(part, "tool_use_id"),
        response: member(part, "content"),
      };
    case "thinking":
      return { type: "reasoning", content: member(part, "thinking") };
  }
  if (typeof own === "string") return text(own);
  return { ...(part as object), type: typeof type === "string" ? type : "unknown" };
}

function text(content: string): Part {
  return { type: "text", content };
}

function assistant(part: Part): Message {
  return { role: "assistant", parts: [part] };
}

function textsOf(parts: unknown): string {
  return Array.isArray(parts) ? parts.map((part: unknown) => textOf(part)).join("\n") : "";
}

function textOf(part: unknown): string {
  const own = member(part, "text");
  return typeof own === "string" ? own : "";
}

/** Arguments as a value where they are JSON. */
function parsed(args: unknown): unknown {
  if (typeof args !== "string") return args;
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}
