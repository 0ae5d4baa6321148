/** What a recording has of a cell that replaying it needs, and what it did then. */
import {
  type CellJournal,
  type ContentItem,
  isJsonObject,
  type JsonValue,
  type NestedCallResult,
  type NestedToolKind,
  type PayloadId,
  type RolloutSource,
} from "@rollout-trace/protocol";
import type { CodeCell, RolloutGraph, ToolCall } from "@rollout-trace/reducer";
import type { RecordedCall } from "@rollout-trace/runtime";
import { z } from "zod";

export interface RecordedCell {
  readonly source: string;
  readonly journal: CellJournal;
  /** The nested calls, in the order of asking. */
  readonly calls: readonly (RecordedCall & { readonly kind: NestedToolKind })[];
  /** All that the script put out, in order; null where the recording does not have all of it. */
  readonly output: readonly ContentItem[] | null;
  readonly status: "completed" | "failed" | "terminated" | "unknown";
  readonly errorText: string | null;
  /** Milliseconds that the cell ran; null for one that never ended. */
  readonly tookMs: number | null;
}

/** `missing` says what there is none of, for a person; untrusted. */
export type CellRecord =
  | { readonly type: "found"; readonly cell: RecordedCell }
  | { readonly type: "missing"; readonly missing: string };

const journalSchema: z.ZodType<CellJournal> = z.object({
  random_seed: z.number(),
  clock_reads: z.array(z.number()),
  deliveries: z.array(
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("tool_result"), runtime_tool_call_id: z.string(), ok: z.boolean() }),
      z.object({ type: z.literal("timer"), timer_id: z.number() }),
    ]),
  ),
  truncated: z.boolean().optional(),
});

const responseSchema = z.object({
  contentItems: z.array(
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("input_text"), text: z.string() }),
      z.object({
        type: z.literal("input_image"),
        image_url: z.string(),
        detail: z.enum(["auto", "low", "high", "original"]),
      }),
    ]),
  ),
  errorText: z.string().optional(),
});

/** Never throws: what is not there, or damaged, is said. */
export function recordedCell(graph: RolloutGraph, source: RolloutSource, cell: CodeCell): CellRecord {
  if (cell.journal_payload_id === null) {
    const why =
      cell.execution.end_cause === "observed"
        ? "its end was recorded without one; imported recordings, and hosts that keep none, have no journals"
        : "its end was not recorded, and the journal comes with the end";
    return { type: "missing", missing: `the journal of the cell: ${why}` };
  }
  const journal = document(source, cell.journal_payload_id);
  if (typeof journal === "string") return { type: "missing", missing: `the journal of the cell: ${journal}` };
  const parsed = journalSchema.safeParse(journal.value);
  if (!parsed.success) {
    return { type: "missing", missing: `the journal of the cell: ${z.prettifyError(parsed.error)}` };
  }
  const calls: RecordedCell["calls"][number][] = [];
  for (const call of nestedCalls(graph, cell)) {
    const recorded = recordedCall(source, call);
    if (typeof recorded === "string") return { type: "missing", missing: recorded };
    calls.push(recorded);
  }
  return {
    type: "found",
    cell: { source: cell.source, journal: parsed.data, calls, ...ended(source, cell) },
  };
}

/** In the order of asking: the session numbers them. */
function nestedCalls(graph: RolloutGraph, cell: CodeCell): readonly ToolCall[] {
  const number = ({ runtime_tool_call_id: id }: ToolCall): number => Number(/\d+$/.exec(id ?? "")?.[0] ?? 0);
  return cell.nested_tool_call_ids
    .flatMap((id) => graph.tool_calls[id] ?? [])
    .filter((call) => call.runtime_tool_call_id !== null)
    .toSorted((left, right) => number(left) - number(right));
}

function recordedCall(source: RolloutSource, call: ToolCall): RecordedCell["calls"][number] | string {
  const id = call.runtime_tool_call_id ?? "";
  if (call.invocation_payload_id === null) return `the input of ${id} (${call.label})`;
  const invocation = document(source, call.invocation_payload_id);
  if (typeof invocation === "string") return `the input of ${id} (${call.label}): ${invocation}`;
  const asked = askedFor(invocation.value);
  if (asked === null) return `the input of ${id} (${call.label}): its payload is no invocation`;
  const result = call.result_payload_id === null ? null : resultOf(source, call.result_payload_id);
  if (typeof result === "string") return `the result of ${id} (${call.label}): ${result}`;
  return { runtimeToolCallId: id, ...asked, result };
}

type Asked = Pick<RecordedCell["calls"][number], "toolName" | "input" | "kind">;

function askedFor(value: JsonValue): Asked | null {
  if (!isJsonObject(value)) return null;
  const { tool_name: name, tool_namespace: namespace, payload } = value;
  if (typeof name !== "string" || payload === undefined || !isJsonObject(payload)) return null;
  const toolName = typeof namespace === "string" ? { name, namespace } : { name };
  const { type, input, value: given } = payload;
  if (type === "custom" && typeof input === "string") return { toolName, kind: "freeform", input };
  // A script that passed nothing is recorded as null, which no tool takes.
  if (type === "json") {
    return given === null || given === undefined
      ? { toolName, kind: "function" }
      : { toolName, kind: "function", input: given };
  }
  return null;
}

function resultOf(source: RolloutSource, payloadId: string): NestedCallResult | string {
  const read = document(source, payloadId);
  if (typeof read === "string") return read;
  if (isJsonObject(read.value)) {
    const { type, value, error } = read.value;
    if (type === "code_mode" && value !== undefined) return { type: "value", value };
    if (type === "error" && typeof error === "string") return { type, error };
  }
  return "its payload is no result of a nested call";
}

function ended(source: RolloutSource, cell: CodeCell): Omit<RecordedCell, "source" | "journal" | "calls"> {
  const { runtime_status: status, execution } = cell;
  const last = response(source, cell.result_payload_id);
  const first = cell.initial_response;
  const observed = [
    ...(first !== null && GOES_ON.has(first.status) ? [{ seq: first.seq, payload: first.payload_id }] : []),
    ...cell.waits
      .filter(({ outcome }) => outcome !== null && GOES_ON.has(outcome))
      .map(({ execution: { ended_seq: seq }, payload_id: payload }) => ({ seq: seq ?? 0, payload })),
  ].toSorted((left, right) => left.seq - right.seq);
  const responses = [...observed.map(({ payload }) => response(source, payload)), last];
  const isWhole = responses.every((each) => each !== null);
  return {
    status: status === "completed" || status === "failed" || status === "terminated" ? status : "unknown",
    output: isWhole ? responses.flatMap((each) => each?.contentItems ?? []) : null,
    errorText: last?.errorText ?? null,
    tookMs: execution.ended_at_us === null ? null : (execution.ended_at_us - execution.started_at_us) / 1_000,
  };
}

/** Observations that gave output of a cell which then went on. */
const GOES_ON: ReadonlySet<string> = new Set(["yielded", "pending"]);

function response(source: RolloutSource, payloadId: string | null): z.infer<typeof responseSchema> | null {
  const read = payloadId === null ? "there is none" : document(source, payloadId);
  if (typeof read === "string") return null;
  const parsed = responseSchema.safeParse(read.value);
  return parsed.success ? parsed.data : null;
}

/** The document, or why there is none. */
function document(source: RolloutSource, payloadId: string): { readonly value: JsonValue } | string {
  const read = source.payloads.json(payloadId as PayloadId);
  return read.ok ? { value: read.value } : `${read.code}: ${read.message}`;
}
