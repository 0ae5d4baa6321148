/** Reading a value by its shape: what there is of it, and what does not fit, in the words that zod has for it. */
import { isJson, isJsonObject, MAX_JSON_LEVELS } from "../json.ts";
import { type Fields, type Shape, typesOf } from "../shape.ts";

/** One field that does not fit. */
export interface DecodeIssue {
  /** Dotted path from the event, for example `payload.requester.runtime_cell_id`; empty for the event itself. */
  readonly path: string;
  readonly message: string;
}

export type ShapeRead<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly DecodeIssue[] };

/** Paths of issues begin with `path`. Keys that the shape does not have are left out. */
export function readShape<Value>(shape: Shape<Value>, value: unknown, path: string): ShapeRead<Value> {
  const issues: DecodeIssue[] = [];
  const read = readValue(shape, value, { path, issues });
  // What is read without an issue is of the shape.
  return issues.length === 0 ? { ok: true, value: read as Value } : { ok: false, issues };
}

/** Where a value stands, and what was found there and elsewhere. */
interface Place {
  readonly path: string;
  readonly issues: DecodeIssue[];
}

function readValue({ def }: Shape<unknown>, value: unknown, place: Place): unknown {
  switch (def.kind) {
    case "string":
      if (typeof value !== "string") return unexpected("string", value, place);
      if (def.pattern !== null && !def.pattern.test(value)) {
        return issue(place, `Invalid string: must match pattern ${String(def.pattern)}`);
      }
      if (value === "" && !def.isEmptyAllowed) {
        return issue(place, "Too small: expected string to have >=1 characters");
      }
      return value;
    case "integer":
      return readInteger(value, def.least, place);
    case "words":
      return typeof value === "string" && def.words.includes(value) ? value : noneOf(def.words, place);
    case "nullable":
      return value === null ? null : readValue(def.inner, value, place);
    case "nullish":
      return value === null || value === undefined ? value : readValue(def.inner, value, place);
    case "object":
      if (!isObject(value)) return unexpected("object", value, place);
      return def.isOpen
        ? { ...value, ...readFields(def.fields, value, place) }
        : readFields(def.fields, value, place);
    case "union":
      return readUnion(def.options, value, place);
    case "list":
      return readList(def.element, value, place);
    case "json":
      if (isJson(value) && (!def.isObject || isJsonObject(value))) return value;
      return issue(
        place,
        `expected JSON of at most ${MAX_JSON_LEVELS} levels${def.isObject ? ", and an object" : ""}`,
      );
  }
}

function readInteger(value: unknown, least: number | null, place: Place): unknown {
  if (typeof value !== "number" || !Number.isFinite(value)) return unexpected("number", value, place);
  if (!Number.isInteger(value)) return unexpected("int", value, place);
  if (value > Number.MAX_SAFE_INTEGER) {
    return issue(place, `Too big: expected int to be <=${Number.MAX_SAFE_INTEGER}`);
  }
  const bound = least ?? Number.MIN_SAFE_INTEGER;
  if (value >= bound) return value;
  return issue(place, `Too small: expected ${least === null ? "int" : "number"} to be >=${bound}`);
}

function readFields(
  fields: Fields,
  value: Readonly<Record<string, unknown>>,
  { path, issues }: Place,
): Readonly<Record<string, unknown>> {
  const read: Record<string, unknown> = {};
  for (const [key, shape] of Object.entries(fields)) {
    const field = readValue(shape, value[key], { path: below(path, key), issues });
    if (field !== undefined || key in value) read[key] = field;
  }
  return read;
}

function readUnion(options: readonly Shape<unknown>[], value: unknown, place: Place): unknown {
  if (!isObject(value)) return unexpected("object", value, place);
  const { type } = value;
  const option = options.find((each) => typesOf(each).includes(type as string));
  if (option !== undefined) return readValue(option, value, place);
  const types = options.flatMap(typesOf).map((each) => `'${each}'`);
  const message = `Invalid discriminator value. Expected ${types.join(" | ")}`;
  return issue({ ...place, path: below(place.path, "type") }, message);
}

function readList(element: Shape<unknown>, value: unknown, { path, issues }: Place): unknown {
  if (!Array.isArray(value)) return unexpected("array", value, { path, issues });
  const before = issues.length;
  const read: unknown[] = [];
  for (const [index, each] of value.entries()) {
    read.push(readValue(element, each, { path: below(path, String(index)), issues }));
    if (issues.length > before) break;
  }
  return read;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function noneOf(words: readonly string[], place: Place): undefined {
  const [only, another] = words.map((word) => JSON.stringify(word));
  if (another === undefined) return issue(place, `Invalid input: expected ${only}`);
  return issue(
    place,
    `Invalid option: expected one of ${words.map((word) => JSON.stringify(word)).join("|")}`,
  );
}

function unexpected(expected: string, value: unknown, place: Place): undefined {
  return issue(place, `Invalid input: expected ${expected}, received ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : typeof value;
}

function issue({ path, issues }: Place, message: string): undefined {
  issues.push({ path, message });
}
