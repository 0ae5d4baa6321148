/** What the dialects' normalisers have in common: the fields of an item, and the usual kinds of parts. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { ItemChannel, ItemKind, ItemRole } from "../graph/conversation.ts";
import {
  codePart,
  jsonPart,
  type NormalItem,
  payloadRefPart,
  type SizedPart,
  textPart,
} from "./normal-item.ts";

const NO_IDS = Object.freeze({ providerItemId: null, callId: null });

/** The fields of a normal item that are not the same for most. */
export interface Shape {
  readonly role: ItemRole;
  readonly channel: ItemChannel | null;
  readonly kind: ItemKind;
  readonly parts: readonly SizedPart[];
  readonly callId?: string | null;
  readonly distinguisher?: string;
  readonly agentMessage?: NormalItem["agentMessage"];
  readonly isReference?: boolean;
  readonly ownTool?: NormalItem["ownTool"];
  readonly oddity?: NormalItem["oddity"];
}

/** `ids` are those of the whole element, where its parts have none of their own. */
export function itemOf(
  shape: Shape,
  ids: Pick<NormalItem, "providerItemId" | "callId"> = NO_IDS,
): NormalItem {
  const { parts } = shape;
  const only = parts.length === 1 ? parts[0] : undefined;
  return {
    providerItemId: ids.providerItemId,
    role: shape.role,
    channel: shape.channel,
    kind: shape.kind,
    callId: ids.callId ?? shape.callId ?? null,
    agentMessage: shape.agentMessage ?? null,
    isReference: shape.isReference ?? false,
    ownTool: shape.ownTool ?? null,
    parts: only === undefined ? parts.map(({ part }) => part) : [only.part],
    distinguisher: shape.distinguisher ?? "",
    hiddenBytes: only?.hiddenBytes ?? parts.reduce((sum, { hiddenBytes }) => sum + hiddenBytes, 0),
    contentId: null,
    normalise: null,
    isHead: false,
    siblings: null,
    oddity: shape.oddity ?? null,
  };
}

/** The tool whose input is a script; its call items are shown as code. */
const EXEC_TOOL_NAME = "exec";

/** What tells calls of different tools apart, in every dialect alike: the tool's name, in the namespace or of the server that has it. */
export function calledTool(name: JsonValue | undefined, namespace?: JsonValue): string {
  return `${stringOf(namespace) ?? ""}\n${stringOf(name) ?? ""}`;
}

/**
 * Arguments as models write them: JSON in a string, unless the model was cut off or got it wrong. A model that has none to give may
 * write nothing, and is sent `{}` for that.
 */
export function argumentsPart(value: JsonValue | undefined, payloadId: string): SizedPart {
  if (isNothing(value)) return jsonPart({}, payloadId);
  if (typeof value !== "string") return jsonPart(value ?? null, payloadId);
  try {
    return jsonPart(JSON.parse(value) as JsonValue, payloadId, value);
  } catch {
    return textPart(value);
  }
}

/** The free-form input of a custom tool. */
export function customInputPart(
  name: JsonValue | undefined,
  input: JsonValue | undefined,
  payloadId: string,
): SizedPart {
  if (typeof input !== "string") return jsonPart(input ?? null, payloadId);
  return name === EXEC_TOOL_NAME ? codePart("javascript", input) : textPart(input);
}

/** An element of a type that the dialect does not define. */
export function unknownShape(element: JsonValue, type: string, payloadId: string): Shape {
  return {
    role: "assistant",
    channel: null,
    kind: "message",
    parts: [jsonPart(element, payloadId)],
    oddity: { code: "unknown_item_type", message: `an element of type ${JSON.stringify(type)} is not known` },
  };
}

/** A reasoning item; one without any content is odd. `whole` is what to show then. */
export function reasoningShape(parts: readonly SizedPart[], whole: JsonValue, payloadId: string): Shape {
  const shape = { role: "assistant", channel: "analysis", kind: "reasoning" } as const;
  if (parts.length > 0) return { ...shape, parts };
  return {
    ...shape,
    parts: readable(parts, whole, payloadId),
    oddity: {
      code: "empty_reasoning",
      message: "a reasoning item has no text, summary or encrypted content",
    },
  };
}

/** `parts`, or where there are none a reference that says so. There are many ways to write nothing, which hosts put for each other. */
export function readable(
  parts: readonly SizedPart[],
  whole: JsonValue,
  payloadId: string,
): readonly SizedPart[] {
  if (parts.length > 0) return parts;
  if (!isNothing(whole)) return [payloadRefPart("empty_content", whole, payloadId)];
  return [{ ...payloadRefPart("empty_content", null, payloadId), hiddenBytes: 0 }];
}

function isNothing(value: JsonValue | undefined): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

/** An object without the named keys: what may differ between two sightings of one element. */
export function without(element: JsonValue, keys: readonly string[]): JsonValue {
  if (!isJsonObject(element)) return element;
  return Object.fromEntries(Object.entries(element).filter(([key]) => !keys.includes(key)));
}

/** The provider's own id of an element. */
export function idOf(element: JsonObject): string | null {
  return nonEmpty(element["id"]);
}

export function nonEmpty(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function stringOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** The elements of an array; none of anything else. */
export function elementsOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}
