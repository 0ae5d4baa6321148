/** What a graph loses on its way through OTLP/JSON and back: the places, without their ids, where it is another one afterwards. */
import type { RolloutSource } from "@rollout-trace/protocol";
import { type RolloutGraph, reduceRollout } from "@rollout-trace/reducer";
import { otlpPieces } from "../../src/export/otlp/export-otlp.ts";
import { openTraces } from "../../src/sources/otlp/open-traces.ts";
import { readSpans } from "../../src/sources/otlp/read-spans.ts";
import { sessionsOf } from "../../src/sources/otlp/sessions.ts";

export interface RoundTrip {
  readonly before: RolloutGraph;
  readonly after: RolloutGraph;
  /** `collection.field`, sorted. */
  readonly losses: readonly string[];
}

export function roundTrip(rollout: RolloutSource, content: boolean): RoundTrip {
  const before = reduceRollout(rollout);
  const text = [...otlpPieces(rollout, before, { content })].join("");
  const [session] = sessionsOf([readSpans("export.json", text)]);
  if (session === undefined) throw new Error("the export has no session");
  const after = reduceRollout(openTraces(session));
  const losses = new Set<string>();
  for (const [name, left, right] of pairsOf(before, after)) {
    if (!COLLECTIONS.has(name) || typeof left !== "object" || left === null)
      compare(left, right, name, losses);
    else {
      for (const [, one, other] of pairsOf(left, right)) {
        if (one === undefined || other === undefined) losses.add(name);
        else for (const [field, a, b] of pairsOf(one, other)) compare(a, b, `${name}.${field}`, losses);
      }
    }
  }
  return { before, after, losses: [...losses].toSorted() };
}

const COLLECTIONS: ReadonlySet<string> = new Set([
  "threads",
  "turns",
  "conversation_items",
  "inference_calls",
  "tool_calls",
  "code_cells",
  "terminal_sessions",
  "terminal_operations",
  "compactions",
  "compaction_requests",
  "interaction_edges",
  "spans",
]);

function compare(left: unknown, right: unknown, place: string, losses: Set<string>): void {
  if (JSON.stringify(stripped(left)) !== JSON.stringify(stripped(right))) losses.add(place);
}

/** Payloads are others, and so is the evidence: an export has spans, not events. */
function stripped(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, member: unknown) =>
      /^(?:.*payload_ids?|.*_?seq|evidence|provenance)$/.test(key) ? undefined : member,
    ),
  );
}

function pairsOf(left: unknown, right: unknown): readonly (readonly [string, unknown, unknown])[] {
  const [one, other] = [left, right].map((value) =>
    typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {},
  );
  const keys = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
  return [...keys].filter((key) => !IGNORED.has(key)).map((key) => [key, one?.[key], other?.[key]]);
}

const IGNORED: ReadonlySet<string> = new Set([
  "evidence",
  "provenance",
  "payloads",
  "request_payload_id",
  "response_payload_id",
  "invocation_payload_id",
  "result_payload_id",
  "runtime_payload_ids",
  "journal_payload_id",
  "carried_payload_ids",
]);
