/** Fields of log lines that may have any type, and previews of their texts. */
import { type JsonValue, PREVIEW_CODE_POINTS } from "@rollout-trace/protocol";

/** RFC 3339 as microseconds since the epoch, or null; also for a time that is no exact number of them. */
export function timeOf(value: JsonValue | undefined): number | null {
  if (typeof value !== "string") return null;
  const us = Date.parse(value) * 1000;
  return Number.isSafeInteger(us) && us >= 0 ? us : null;
}

export function stringOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** An id: a string that is not empty. */
export function idOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function integerOf(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

/** The first code points of a text. */
export function previewOf(text: string): string {
  // No more code units than code points could have.
  const start = Array.from(text.slice(0, PREVIEW_CODE_POINTS * 2));
  if (start.length <= PREVIEW_CODE_POINTS && text.length <= PREVIEW_CODE_POINTS * 2) return text;
  return `${start.slice(0, PREVIEW_CODE_POINTS - 1).join("")}…`;
}
