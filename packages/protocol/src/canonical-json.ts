/**
 * Canonical JSON: one text for one value, whatever order its keys were written in.
 *
 * Object keys are sorted by UTF-16 code units and numbers and strings are written as `JSON.stringify` does, which together
 * is the scheme of RFC 8785 (JCS). What RFC 8785 refuses and JSON text can hold has a canonical form all the same: lone
 * surrogates come out as `JSON.stringify` writes them (`\ud800` and so on), and an infinity, which is what a number that no double
 * is large enough for is parsed to, as such a number.
 *
 * The walk keeps its own stack: a document nested deeper than the call stack allows is legal input.
 */
import type { JsonObject, JsonValue } from "./json.ts";

/** An array or object of which the first `next` entries have been written. */
interface Open {
  readonly entries: readonly JsonValue[] | JsonObject;
  /** Those of an object, in order; null for an array. */
  readonly keys: readonly string[] | null;
  readonly length: number;
  next: number;
}

/**
 * The canonical text of a JSON value.
 *
 * Throws for nothing that `JSON.parse` returns. Throws `TypeError` for anything else (`undefined`, functions, symbols, bigints and
 * NaN), since a silently changed value would get the identity of another one. A cycle exhausts memory; callers pass parsed JSON.
 */
export function canonicalJson(value: JsonValue): string {
  const stack: Open[] = [];
  let text = begin(value, stack);
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    const { entries, keys, next } = open;
    if (next === open.length) {
      text += keys === null ? "]" : "}";
      stack.pop();
      continue;
    }
    open.next += 1;
    if (next > 0) text += ",";
    if (keys === null) text += begin((entries as readonly JsonValue[])[next] as JsonValue, stack);
    else {
      const key = keys[next] as string;
      text += `${JSON.stringify(key)}:`;
      text += begin((entries as JsonObject)[key] as JsonValue, stack);
    }
  }
  return text;
}

/** The text of a value without entries; of any other the bracket, and puts it on the stack. */
function begin(value: JsonValue, stack: Open[]): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      return numberText(value);
    case "object":
      break;
    default:
      throw new TypeError(`canonical JSON cannot hold a value of type ${typeof value}`);
  }
  if (value === null) return "null";
  if (isArray(value)) {
    stack.push({ entries: value, keys: null, length: value.length, next: 0 });
    return "[";
  }
  const keys = inOrder(Object.keys(value));
  stack.push({ entries: value, keys, length: keys.length, next: 0 });
  return "{";
}

/** Of a number that is read as an infinity. */
const INFINITE = "1e999";

function numberText(value: number): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  if (Number.isNaN(value)) throw new TypeError("canonical JSON cannot hold NaN");
  return value > 0 ? INFINITE : `-${INFINITE}`;
}

/** So few are in order sooner by hand. */
const FEW_KEYS = 8;

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Most objects have few keys, and many are in order. */
function inOrder(keys: string[]): readonly string[] {
  if (keys.length > FEW_KEYS) return keys.toSorted(byCodeUnit);
  for (let end = 1; end < keys.length; end += 1) {
    const key = keys[end] as string;
    let at = end;
    for (; at > 0 && key < (keys[at - 1] as string); at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
