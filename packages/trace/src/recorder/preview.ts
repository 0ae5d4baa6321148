/** Short texts in events that stand for what is in a payload. */
import { PREVIEW_CODE_POINTS, type JsonValue } from "@rollout-trace/protocol";

/** The text, cut with `…` to at most 160 code points. */
export function preview(text: string): string {
  if (text.length <= PREVIEW_CODE_POINTS) return text;
  // A code point has at most two units, so that this much has more than 160 however long the text is.
  const points = Array.from(text.slice(0, 2 * PREVIEW_CODE_POINTS + 2));
  return points.length <= PREVIEW_CODE_POINTS
    ? text
    : `${points.slice(0, PREVIEW_CODE_POINTS - 1).join("")}…`;
}

/** A preview of a JSON value: of a string itself, of anything else its JSON. None for what turns out not to be JSON. */
export function previewOfJson(value: JsonValue): string | undefined {
  try {
    return preview(typeof value === "string" ? value : JSON.stringify(value));
  } catch {
    return undefined;
  }
}
