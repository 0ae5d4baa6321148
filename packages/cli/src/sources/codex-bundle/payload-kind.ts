import { PAYLOAD_KINDS, type PayloadKind } from "@rollout-trace/protocol";

/** Our name for a bundle's payload kind, as an event of the given type names it; one that nobody knows is `other`. */
export function payloadKindOf(kind: string, eventType = ""): PayloadKind {
  if (kind === "session_metadata") return "thread_metadata";
  if (kind === "tool_result" && eventType.startsWith("code_cell_")) return "code_cell_response";
  return PAYLOAD_KINDS.find((known) => known === kind) ?? "other";
}
