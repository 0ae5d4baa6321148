/**
 * What requests and responses say, read from their JSON alone: a line for each item that made-up rollouts have, in all dialects.
 * `lineOfItem` writes an item of a graph in the same way.
 */
import { canonicalJson, type JsonObject, type JsonValue, type RawEvent } from "@rollout-trace/protocol";
import type { ConversationItem } from "@rollout-trace/reducer";
import type { MemoryPayload } from "@rollout-trace/reducer/testing";

interface Said {
  readonly role: JsonValue | undefined;
  readonly callId?: JsonValue | undefined;
  readonly texts: readonly JsonValue[];
}

export function lineOfItem({ role, call_id: callId, body }: ConversationItem): string {
  const texts = body.parts.map((part) => {
    if (part.type === "text" || part.type === "summary") return part.text;
    if (part.type === "code") return part.source;
    if (part.type === "encoded") return part.value;
    return part.type === "json" ? part.preview : part.label;
  });
  return lineOf({ role, callId, texts });
}

/** The lines of what each request of some modes shows to its model, by the request's payload. */
export function linesShown(
  events: readonly RawEvent[],
  payloads: ReadonlyMap<string, MemoryPayload>,
  has: (mode: string) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const linesIn = (ref: { readonly payload_id: string } | null | undefined): readonly string[] =>
    saidIn(payloads.get(ref?.payload_id ?? "")?.value ?? null).map(lineOf);
  const shown = new Map<string, readonly string[]>();
  const asked = new Map<string, readonly string[]>();
  const answered = new Map<string, readonly string[]>();
  for (const { thread_id: threadId, payload } of events) {
    if (payload.type === "inference_started") {
      const { input_mode: mode, request } = payload;
      const lines = [
        ...(mode.type === "incremental" ? (answered.get(mode.previous_response_id) ?? []) : []),
        ...(mode.type === "incremental_untraced" ? linesIn(mode.prefix) : []),
        ...linesIn(request),
      ];
      if (has(mode.type)) shown.set(request.payload_id, lines);
      asked.set(`${threadId} ${payload.inference_call_id}`, lines);
    } else if (payload.type === "inference_completed" && typeof payload.response_id === "string") {
      const before = asked.get(`${threadId} ${payload.inference_call_id}`) ?? [];
      answered.set(payload.response_id, [...before, ...linesIn(payload.response)]);
    }
  }
  return shown;
}

function lineOf({ role, callId = null, texts }: Said): string {
  return JSON.stringify([role, callId, ...texts]);
}

function saidIn(document: JsonValue): readonly Said[] {
  const { input, messages, system, output_items: output, choices, content } = document as JsonObject;
  return [
    ...(system === undefined ? [] : [{ role: "system", texts: [system] }]),
    ...objectsIn(input ?? output).map(ofElement),
    ...objectsIn(messages).flatMap(ofMessage),
    ...objectsIn(choices).flatMap(({ message }) => ofMessage(message as JsonObject)),
    ...(content === undefined ? [] : ofMessage({ role: "assistant", content })),
  ];
}

function ofElement(element: JsonObject): Said {
  const {
    type,
    role,
    call_id: callId,
    arguments: input,
    content,
    summary,
    encrypted_content: blob,
  } = element;
  switch (type) {
    case "message":
      return { role, texts: textsIn(content) };
    case "agent_message":
      return { role: "assistant", texts: textsIn(content) };
    case "reasoning":
      return { role: "assistant", texts: [...textsIn(summary), blob ?? null] };
    case "function_call":
      return { role: "assistant", callId, texts: [input ?? null] };
    case "custom_tool_call":
      return { role: "assistant", callId, texts: [element["input"] ?? null] };
    default:
      return { role: "tool", callId, texts: textsIn(element["output"]) };
  }
}

function ofMessage(message: JsonObject): readonly Said[] {
  const { role, content, reasoning_content: thought, tool_calls: calls, tool_call_id: callId } = message;
  const blocks = Array.isArray(content)
    ? objectsIn(content).map((block) => ofBlock(block, role))
    : [{ role, callId, texts: [content ?? null] }];
  return [
    ...(thought === undefined ? [] : [{ role, texts: [thought] }]),
    ...blocks,
    ...objectsIn(calls).map(({ id, function: called, custom }) => {
      const { arguments: written, input } = (called ?? custom) as JsonObject;
      return { role, callId: id, texts: [written ?? input ?? null] };
    }),
  ];
}

function ofBlock(
  { type, id, text, thinking, signature, input, ...result }: JsonObject,
  role?: JsonValue,
): Said {
  switch (type) {
    case "thinking":
      return { role, texts: [thinking ?? null, signature ?? null] };
    case "tool_use":
      return { role, callId: id, texts: [canonicalJson(input ?? null)] };
    case "tool_result":
      return { role: "tool", callId: result["tool_use_id"], texts: textsIn(result["content"]) };
    default:
      return { role, texts: [text ?? null] };
  }
}

function textsIn(content: JsonValue | undefined): readonly JsonValue[] {
  return typeof content === "string" ? [content] : objectsIn(content).map(({ text }) => text ?? null);
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}
