/**
 * The OpenAI Chat Completions dialect: `messages` of a request, `choices` of a response.
 *
 * One assistant message may be reasoning, an answer and several calls at once. It becomes one item for each, in the order
 * in which the model made them: reasoning, text, calls. Messages have no ids of their own in this format; where a host
 * gives them one, it names the message's first item, and the others are recognised by their content.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { ITEM_ROLES, type ItemRole } from "../graph/conversation.ts";
import type { DialectReader } from "./dialect.ts";
import {
  encodedPart,
  type Normalise,
  payloadRefPart,
  type SizedPart,
  summaryPart,
  textPart,
} from "./normal-item.ts";
import {
  argumentsPart,
  calledTool,
  customInputPart,
  elementsOf,
  idOf,
  itemOf,
  nonEmpty,
  readable,
  reasoningShape,
  type Shape,
  stringOf,
  unknownShape,
  without,
} from "./shape.ts";

const message: Normalise = (element, payloadId) => {
  const [first, ...rest] = shapesOf(element, payloadId);
  if (first === undefined) return { items: [] };
  const providerItemId = isJsonObject(element) ? idOf(element) : null;
  return { items: [itemOf(first, { providerItemId, callId: null }), ...rest.map((shape) => itemOf(shape))] };
};

/** A choice has its message in `message`, or in `delta` where a host has put a stream together. */
const choice: Normalise = (element, payloadId) => {
  const inner = isJsonObject(element) ? (element["message"] ?? element["delta"]) : undefined;
  if (!isJsonObject(inner)) return message(element, payloadId);
  return message("role" in inner ? inner : { role: "assistant", ...inner }, payloadId);
};

export const openAiChat: DialectReader = {
  head: null,
  history: { keys: ["messages"], normalise: message },
  response: { keys: ["choices"], normalise: choice },
  isOwn: ({ role, tool_calls, function_call }) =>
    role === "tool" || role === "function" || Array.isArray(tool_calls) || isJsonObject(function_call),
};

function shapesOf(element: JsonValue, payloadId: string): readonly Shape[] {
  if (!isJsonObject(element)) return [unknownShape(element, "not an object", payloadId)];
  const { role } = element;
  if (role === "assistant") return assistantShapes(element, payloadId);
  if (role === "tool" || role === "function") return [outputShape(element, payloadId)];
  const known = ITEM_ROLES.find((each) => each === role);
  if (known !== undefined) return [messageShape(known, contentParts(element, payloadId), element, payloadId)];
  return [unknownShape(without(element, ["id"]), "message without a known role", payloadId)];
}

function messageShape(
  role: ItemRole,
  parts: readonly SizedPart[],
  element: JsonObject,
  payloadId: string,
): Shape {
  return {
    role,
    channel: null,
    kind: "message",
    distinguisher: stringOf(element["name"]) ?? "",
    parts: readable(parts, element["content"] ?? null, payloadId),
  };
}

function assistantShapes(element: JsonObject, payloadId: string): readonly Shape[] {
  const thoughts = reasoningParts(element, payloadId);
  const answer = answerParts(element, payloadId);
  const shapes = [
    ...(thoughts.length > 0 ? [reasoningShape(thoughts, null, payloadId)] : []),
    ...(answer.length > 0 ? [messageShape("assistant", answer, element, payloadId)] : []),
    ...elementsOf(element["tool_calls"]).map((call) => callShape(call, payloadId)),
    ...functionCallShapes(element["function_call"], payloadId),
  ];
  return shapes.length > 0 ? shapes : [messageShape("assistant", [], element, payloadId)];
}

/**
 * Providers differ in where they put what the model thought: `reasoning_content` or `reasoning` is text, `reasoning_details`
 * a list of texts, summaries and encrypted blobs that says the same and more.
 */
function reasoningParts(element: JsonObject, payloadId: string): readonly SizedPart[] {
  const details = elementsOf(element["reasoning_details"]);
  if (details.length > 0) return details.flatMap((detail) => reasoningDetail(detail, payloadId));
  const text = nonEmpty(element["reasoning_content"]) ?? nonEmpty(element["reasoning"]);
  return text === null ? [] : [textPart(text)];
}

function reasoningDetail(detail: JsonValue, payloadId: string): readonly SizedPart[] {
  if (!isJsonObject(detail)) return [payloadRefPart("reasoning_detail", detail, payloadId)];
  const text = nonEmpty(detail["text"]);
  const summary = nonEmpty(detail["summary"]);
  const data = nonEmpty(detail["data"]);
  const signature = nonEmpty(detail["signature"]);
  return [
    ...(text === null ? [] : [textPart(text)]),
    ...(summary === null ? [] : [summaryPart(summary)]),
    ...(data === null ? [] : [encodedPart("encrypted_content", data)]),
    ...(signature === null ? [] : [encodedPart("signature", signature)]),
  ];
}

/** What an assistant message says: its content, or why it refuses, or what it says aloud. */
function answerParts(element: JsonObject, payloadId: string): readonly SizedPart[] {
  const refusal = nonEmpty(element["refusal"]);
  const { audio } = element;
  return [
    ...contentParts(element, payloadId).filter(({ part }) => part.type !== "text" || part.text !== ""),
    ...(refusal === null ? [] : [textPart(refusal)]),
    ...(isJsonObject(audio) ? [audioPart(audio, payloadId)] : []),
  ];
}

/** The response has the sound and what it says; a request that sends it again has its id and nothing else. */
function audioPart(audio: JsonObject, payloadId: string): SizedPart {
  const whole = payloadRefPart("audio", audio, payloadId);
  const id = idOf(audio);
  return id === null
    ? whole
    : { ...payloadRefPart("audio", { id }, payloadId), hiddenBytes: whole.hiddenBytes };
}

function callShape(call: JsonValue, payloadId: string): Shape {
  if (!isJsonObject(call)) return unknownShape(call, "tool call that is not an object", payloadId);
  const callId = nonEmpty(call["id"]);
  const { custom, function: called } = call;
  if (isJsonObject(custom)) {
    const { name, input } = custom;
    return {
      ...calling("custom_tool_call", name),
      callId,
      parts: [customInputPart(name, input, payloadId)],
    };
  }
  if (!isJsonObject(called))
    return { ...unknownShape(call, "tool call without a function", payloadId), callId };
  const parts = [argumentsPart(called["arguments"], payloadId)];
  return { ...calling("function_call", called["name"]), callId, parts };
}

/** The form that calls had before there could be several of them; it has no call id. */
function functionCallShapes(call: JsonValue | undefined, payloadId: string): readonly Shape[] {
  if (!isJsonObject(call)) return [];
  const parts = [argumentsPart(call["arguments"], payloadId)];
  return [{ ...calling("function_call", call["name"]), parts }];
}

function calling(kind: Shape["kind"], name: JsonValue | undefined): Omit<Shape, "parts"> {
  return { role: "assistant", channel: "commentary", kind, distinguisher: calledTool(name) };
}

function outputShape(element: JsonObject, payloadId: string): Shape {
  return {
    role: "tool",
    channel: "commentary",
    kind: "function_call_output",
    callId: nonEmpty(element["tool_call_id"]),
    distinguisher: element["role"] === "function" ? (stringOf(element["name"]) ?? "") : "",
    parts: readable(contentParts(element, payloadId), element["content"] ?? null, payloadId),
  };
}

function contentParts({ content }: JsonObject, payloadId: string): readonly SizedPart[] {
  if (typeof content === "string") return [textPart(content)];
  return elementsOf(content).map((part) => contentPart(part, payloadId));
}

function contentPart(part: JsonValue, payloadId: string): SizedPart {
  if (typeof part === "string") return textPart(part);
  if (!isJsonObject(part)) return payloadRefPart("unknown", part, payloadId);
  const text = part["type"] === "refusal" ? part["refusal"] : part["text"];
  if (typeof text === "string") return textPart(text);
  return payloadRefPart(stringOf(part["type"]) ?? "unknown", without(part, CACHE_KEYS), payloadId);
}

/** Providers behind this format mark how far to cache a prompt; hosts move the mark from request to request. */
const CACHE_KEYS = ["cache_control"];
