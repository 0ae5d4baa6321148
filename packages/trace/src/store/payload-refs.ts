/** The payloads that an event names, wherever they stand in it: events of types that nobody knows name theirs as well. */
import { PAYLOAD_KINDS } from "@rollout-trace/protocol";

/** Deeper than any event of a recorder; what is deeper is the host's own data. */
const MAX_DEPTH = 32;

/** What the host put into an event for itself is not looked at. */
export function* payloadRefs(
  value: unknown,
  depth: number = MAX_DEPTH,
): Generator<readonly [id: string, kind: string], void> {
  if (typeof value !== "object" || value === null || depth === 0) return;
  const { payload_id: id, kind } = value as { payload_id?: unknown; kind?: unknown };
  if (typeof id === "string") yield [id, String(kind)];
  for (const [key, field] of Object.entries(value)) {
    if (key !== "metadata" || isRef(field)) yield* payloadRefs(field, depth - 1);
  }
}

/** `metadata` is a payload of a thread's start, and anything at all in early instrumentation. */
function isRef(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return false;
  const { payload_id: id, kind } = value as { payload_id?: unknown; kind?: unknown };
  return typeof id === "string" && (PAYLOAD_KINDS as readonly unknown[]).includes(kind);
}
