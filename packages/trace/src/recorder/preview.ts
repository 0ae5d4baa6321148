/** Short texts in events that stand for what is in a payload. */
import { PREVIEW_CODE_POINTS, type JsonValue } from "@rollout-trace/protocol";
import type { Redactor } from "../redact/redactor.ts";

/** UTF-16 units looked at, and those at their end that are not shown: a secret that is cut there may not be known as one. */
const WINDOW = Object.freeze({ looked: 40_000, unshown: 20_000 });

/** The text without its secrets, cut with `…` to at most 160 code points. */
export function preview(asGiven: string, redactor: Redactor): string {
  const text = String(asGiven);
  const isCut = text.length > WINDOW.looked;
  // A secret that was cut would not be known as one any more.
  const looked = redactor.text(isCut ? text.slice(0, WINDOW.looked) : text);
  const redacted = isCut ? looked.slice(0, Math.max(0, looked.length - WINDOW.unshown)) : looked;
  if (redacted.length <= PREVIEW_CODE_POINTS && !isCut) return redacted;
  // A code point has at most two units, so that this much has more than 160 however long the text is.
  const points = Array.from(redacted.slice(0, 2 * PREVIEW_CODE_POINTS + 2));
  if (points.length <= PREVIEW_CODE_POINTS && !isCut) return redacted;
  const kept = points.slice(0, PREVIEW_CODE_POINTS - 1).join("");
  // Half a placeholder means nothing.
  return `${kept.replace(/\[redacted:[^\]]{0,64}$|\[(?:r|re|red|reda|redac|redact|redacte|redacted)?$/, "")}…`;
}

/** The text that a preview of a JSON value is made of: a string itself, of anything else its JSON. None where there is none. */
export function textOfJson(value: JsonValue): string | undefined {
  try {
    return typeof value === "string" ? value : JSON.stringify(value);
  } catch {
    return undefined;
  }
}
