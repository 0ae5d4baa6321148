/** What the host says in the model's name, and errors of the provider. */
import type { JsonObject } from "@rollout-trace/protocol";
import { valueAt } from "../log/document.ts";
import { stringOf } from "../log/fields.ts";
import type { Entry } from "./record.ts";

/** The model of entries that no model made. */
export const SYNTHETIC = "<synthetic>";

/** Whether the host wrote an entry in the model's name: an error, or a filler. */
export function isSynthetic({ value, message }: Entry): boolean {
  return value["isApiErrorMessage"] === true || message["model"] === SYNTHETIC;
}

/** The text of a `system` entry about an error, the most readable one that it has. */
export function errorText(value: JsonObject): string {
  for (const path of TEXTS) {
    const text = stringOf(valueAt(value, path));
    if (text !== null && text !== "") return text;
  }
  const status = valueAt(value, ["error", "status"]);
  return typeof status === "number" ? `status ${status}` : "unknown error";
}

const TEXTS = [
  ["error", "formatted"],
  ["error", "message"],
  ["content"],
  ["error", "error", "message"],
] as const;
