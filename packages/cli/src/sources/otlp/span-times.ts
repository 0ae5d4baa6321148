/** Times of spans, in whatever unit they were written. */
import type { JsonValue } from "@rollout-trace/protocol";

/**
 * Microseconds since the epoch, or null for none: decimal nanoseconds, numbers of seconds, milliseconds, microseconds or
 * nanoseconds (told apart by their size), `[seconds, nanoseconds]`, or RFC 3339.
 */
export function microsecondsOf(value: JsonValue | undefined): number | null {
  if (Array.isArray(value)) {
    const [seconds, nanoseconds] = value as readonly JsonValue[];
    if (typeof seconds !== "number" || typeof nanoseconds !== "number") return null;
    return checked(seconds * 1_000_000 + Math.floor(nanoseconds / 1000));
  }
  if (typeof value === "string") {
    if (/^\d+$/.test(value))
      return value.length > 15 ? checked(Number(value.slice(0, -3))) : microsecondsOf(Number(value));
    return fromText(value);
  }
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) return null;
  if (value > 1e17) return checked(Math.floor(value / 1000));
  if (value > 1e14) return checked(Math.floor(value));
  if (value > 1e11) return checked(Math.round(value * 1000));
  return checked(Math.round(value * 1_000_000));
}

/** A fraction of a second may have more digits than `Date` reads. */
function fromText(value: string): number | null {
  const [, whole = "", fraction = "", zone = ""] =
    /^(.*?\d{2}:\d{2}:\d{2})(?:\.(\d+))?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(value) ?? [];
  if (whole === "") return null;
  const ms = Date.parse(`${whole.replace(" ", "T")}${zone === "" ? "Z" : zone}`);
  return Number.isNaN(ms) ? null : checked(ms * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6)));
}

function checked(us: number): number | null {
  return Number.isSafeInteger(us) && us > 0 ? us : null;
}
