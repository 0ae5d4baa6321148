/** Any JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Whether `value` is a JSON object: not null and not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deep the host's own data in an event may be: whoever walks through it may do so on the call stack. */
export const MAX_JSON_LEVELS = 1000;

/** Whether `root` is JSON that an event may hold: it has no more levels than `MAX_JSON_LEVELS`. */
export function isJson(root: unknown): root is JsonValue {
  const rest: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, depth } = next;
    if (value === null || typeof value === "string" || typeof value === "boolean") continue;
    if (typeof value === "number" && Number.isFinite(value)) continue;
    if (typeof value !== "object" || depth === MAX_JSON_LEVELS) return false;
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
