/** Reads the JSON objects in which models pass options. Every complaint names the field, its value and what is allowed. */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import { CodeModeError } from "../errors.ts";
import { shorten } from "./literal-text.ts";

/** Longest value that an error repeats, in UTF-16 units. */
const MAX_QUOTED_CHARACTERS = 60;

/** The longest delay that a timer can have, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Parses `text` as an object with no other keys than `keys`. `where` begins the error messages. */
export function parseFields(text: string, where: string, keys: readonly string[]): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw invalid(where, `${quote(text)} is not JSON`, cause);
  }
  if (!isJsonObject(value)) throw invalid(where, `${quote(text)} is not a JSON object`);
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) throw invalid(where, `${quote(key)} is not known; it takes ${keys.join(", ")}`);
  }
  return value;
}

/** A delay in milliseconds; undefined when the field is absent or null. */
export function delayField(fields: JsonObject, key: string, where: string): number | undefined {
  return integerField(fields, { key, min: 0, max: MAX_DELAY_MS, where });
}

/** A number of tokens; undefined when the field is absent or null. */
export function tokensField(fields: JsonObject, key: string, where: string): number | undefined {
  return integerField(fields, { key, min: 1, max: Number.MAX_SAFE_INTEGER, where });
}

/** Undefined when the field is absent or null. */
export function booleanField(fields: JsonObject, key: string, where: string): boolean | undefined {
  const value = fields[key] ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(where, `${key} is ${quote(value)}; it must be true or false`);
}

/** A string that is not empty. */
export function stringField(fields: JsonObject, key: string, where: string): string {
  const value = fields[key];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(
    where,
    value === undefined
      ? `${key} is missing`
      : `${key} is ${quote(value)}; it must be a string that is not empty`,
  );
}

export function invalid(where: string, complaint: string, cause?: unknown): CodeModeError {
  return new CodeModeError("invalid_request", `${where}: ${complaint}`, { cause });
}

interface IntegerField {
  readonly key: string;
  readonly min: number;
  readonly max: number;
  readonly where: string;
}

function integerField(fields: JsonObject, { key, min, max, where }: IntegerField): number | undefined {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalid(where, `${key} is ${quote(value)}; it must be an integer from ${min} to ${max}`);
}

function quote(value: JsonValue): string {
  return shorten(JSON.stringify(value), MAX_QUOTED_CHARACTERS);
}
