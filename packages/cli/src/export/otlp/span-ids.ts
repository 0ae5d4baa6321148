/** Ids of exported spans: derived from the rollout's own, so that exporting twice gives the same spans. */
import { createHash } from "node:crypto";
import type { RolloutGraph } from "@rollout-trace/reducer";

/** What has a span. */
export type SpanSubject =
  | "rollout"
  | "turn"
  | "inference_call"
  | "compaction_request"
  | "tool_call"
  | "code_cell"
  | "wait"
  | "span";

export class SpanIds {
  readonly traceId: string;
  readonly #recording: string;

  /** Two recordings of one rollout are two traces. */
  constructor({ trace_id, rollout_id }: RolloutGraph) {
    this.#recording = JSON.stringify([rollout_id, trace_id]);
    this.traceId = digest(["trace", this.#recording], 32);
  }

  of(subject: SpanSubject, id: string): string {
    return digest([subject, this.#recording, id], 16);
  }
}

/** The first hexadecimal digits of a SHA-256; never zeros alone, which no id may be. */
function digest(parts: readonly string[], digits: number): string {
  const hex = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, digits);
  return /^0+$/.test(hex) ? `${hex.slice(0, -1)}1` : hex;
}
