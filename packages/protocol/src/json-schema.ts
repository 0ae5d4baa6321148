/** Schemas that take whatever somebody wrote without growing with it: one issue for what does not fit, and no recursion. */
import { z } from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Levels. No host's own data is deeper, and whoever walks through it may do so on the call stack. */
const MAX_DEPTH = 1000;

const message = `expected JSON of at most ${MAX_DEPTH} levels`;

export const jsonSchema: z.ZodType<JsonValue> = z.custom<JsonValue>(isJson, message);
export const jsonObjectSchema: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => isJson(value) && isJsonObject(value),
  `${message}, and an object`,
);

/** A list, given up at the first element that does not fit. */
export function listSchema<Element>(element: z.ZodType<Element>): z.ZodType<readonly Element[]> {
  return z.array(z.unknown()).transform((values, context) => {
    const elements: Element[] = [];
    for (const [index, value] of values.entries()) {
      const read = element.safeParse(value);
      if (!read.success) {
        for (const issue of read.error.issues) {
          context.addIssue({ ...issue, path: [index, ...issue.path] });
        }
        return z.NEVER;
      }
      elements.push(read.data);
    }
    return elements;
  });
}

function isJson(root: unknown): root is JsonValue {
  const rest: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, depth } = next;
    if (value === null || typeof value === "string" || typeof value === "boolean") continue;
    if (typeof value === "number" && Number.isFinite(value)) continue;
    if (typeof value !== "object" || depth === MAX_DEPTH) return false;
    if (!Array.isArray(value) && !isPlain(value)) return false;
    for (const inner of Object.values(value)) rest.push({ value: inner, depth: depth + 1 });
  }
  return true;
}

/** Also for an object of another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
