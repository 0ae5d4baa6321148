/**
 * Canonical JSON: one text for one value, whatever order its keys were written in.
 *
 * Object keys are sorted by UTF-16 code units and numbers and strings are written as `JSON.stringify` does, which together
 * is the scheme of RFC 8785 (JCS). Lone surrogates, which RFC 8785 refuses, come out as `JSON.stringify` writes them
 * (`\udXXX` escapes), so that any recorded string has a canonical form.
 *
 * The walk keeps its own stack: a document nested deeper than the call stack allows is legal input.
 */
import type { JsonValue } from "./json.ts";

type Frame =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly value: JsonValue };

/**
 * The canonical text of a JSON value.
 *
 * Throws `TypeError` for anything that JSON cannot hold (`undefined`, functions, symbols, bigints, NaN and infinities),
 * since a silently changed value would get the identity of another one. A cycle exhausts memory; callers pass parsed JSON.
 */
export function canonicalJson(value: JsonValue): string {
  const out: string[] = [];
  const stack: Frame[] = [{ kind: "value", value }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    if (frame.kind === "text") out.push(frame.text);
    else expand(frame.value, out, stack);
  }
  return out.join("");
}

function expand(value: JsonValue, out: string[], stack: Frame[]): void {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    out.push(JSON.stringify(value));
    return;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot hold the number ${value}`);
    out.push(JSON.stringify(value));
    return;
  }
  if (typeof value !== "object") {
    throw new TypeError(`canonical JSON cannot hold a value of type ${typeof value}`);
  }
  if (isArray(value)) {
    stack.push({ kind: "text", text: "]" });
    for (let index = value.length - 1; index >= 0; index -= 1) {
      stack.push({ kind: "value", value: value[index] as JsonValue });
      if (index > 0) stack.push({ kind: "text", text: "," });
    }
    out.push("[");
    return;
  }
  const keys = Object.keys(value).toSorted(byCodeUnit);
  stack.push({ kind: "text", text: "}" });
  for (let index = keys.length - 1; index >= 0; index -= 1) {
    const key = keys[index] as string;
    stack.push({ kind: "value", value: value[key] as JsonValue });
    stack.push({ kind: "text", text: `${index > 0 ? "," : ""}${JSON.stringify(key)}:` });
  }
  out.push("{");
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
