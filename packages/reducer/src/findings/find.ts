/** Looks over a finished graph for what a person debugging wants to be told. One pass; no finding compares two objects. */
import { sha256Hex } from "../conversation/normal-item.ts";
import { textKey } from "../conversation/text-key.ts";
import type { InferenceState, ToolCallState } from "../state/call-state.ts";
import type { RolloutGraph } from "../graph/rollout-graph.ts";
import type { ToolCall } from "../graph/tool-call.ts";
import type { CodeCell } from "../graph/code-cell.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import { firstEntry } from "../state/several.ts";
import type { Finding, FindingCode } from "./finding.ts";

/** Fewer than this is a retry, not a loop. */
const REPEATED_CALLS = 3;

/** `calls` are the tool calls of `graph` in the order of the state's: looking each of them up costs more than to list them. */
export function findFindings(
  state: ReducerState,
  graph: RolloutGraph,
  calls: readonly ToolCall[],
): readonly Finding[] {
  const isOver = state.end !== null;
  const found: Finding[] = [];
  const add = (findings: Iterable<Finding>): void => {
    for (const each of findings) found.push(each);
  };
  if (isOver) for (const cell of Object.values(graph.code_cells)) add(cellFindings(cell));
  let index = 0;
  for (const of of state.toolCalls.byId.values()) {
    addCallFindings(found, calls[index] as ToolCall, { of, graph, isOver });
    index += 1;
  }
  if (isOver) add(edgeFindings(graph));
  if (isOver) add(acceptanceFindings(state));
  addRepeatedCalls(found, state);
  for (const call of state.inferenceCalls.byId.values()) if (call.dropped > 0) found.push(shrinkage(call));
  return found;
}

function cellFindings(cell: CodeCell): readonly Finding[] {
  if (cell.initial_response?.status !== "yielded" || cell.waits.length > 0) return [];
  return [
    finding("cell_never_observed", "code_cell", cell.code_cell_id, "it yielded and nobody waited for it"),
  ];
}

function addCallFindings(
  found: Finding[],
  call: ToolCall,
  { of, graph, isOver }: { of: ToolCallState; graph: RolloutGraph; isOver: boolean },
): void {
  const { slot, thread } = of;
  const id = call.tool_call_id;
  const { status, end_cause: cause } = call.execution;
  if (cause === "cell_ended" || call.recorded_end_cause === "cell_ended") {
    // A cell that was stopped or that failed may well have been awaiting the call.
    if (cellOf(call, graph)?.runtime_status === "completed")
      found.push(
        finding("nested_call_not_awaited", "tool_call", id, "it was still running when its cell ended"),
      );
  } else if (cause !== null && cause !== "observed") {
    found.push(finding("tool_call_never_ended", "tool_call", id, `it was closed by ${cause}`));
  }
  const isAsked =
    call.requester.type === "model" && slot !== null && thread?.conversation.hasRequests === true;
  if (isOver && isAsked && status === "completed" && !call.visibility.seen_by_model) {
    found.push(
      finding("tool_result_never_seen", "tool_call", id, "it returned, and no request carries its output"),
    );
  }
  const { produced_bytes: produced, to_requester_bytes: returned } = call.visibility;
  if (produced !== null && returned !== null && returned < produced) {
    const message = `${produced} bytes were produced, ${returned} came back`;
    found.push(finding("output_truncated", "tool_call", id, message));
  }
}

function cellOf({ requester }: ToolCall, graph: RolloutGraph): CodeCell | undefined {
  return requester.type === "code_cell" ? graph.code_cells[requester.code_cell_id ?? ""] : undefined;
}

function edgeFindings(graph: RolloutGraph): readonly Finding[] {
  return Object.values(graph.interaction_edges)
    .filter(({ target }) => target === null)
    .map(({ edge_id }) =>
      finding("edge_never_delivered", "interaction_edge", edge_id, "no item of the recipient carries it"),
    );
}

function acceptanceFindings(state: ReducerState): readonly Finding[] {
  return [...state.threads.values()].flatMap(({ draft, conversation }) =>
    [...conversation.acceptedUnseen].map(([id, { seq }]) =>
      finding(
        "accepted_item_never_seen",
        "thread",
        draft.thread_id,
        `item ${JSON.stringify(id)} was accepted at event ${seq}, and no payload has it`,
      ),
    ),
  );
}

function addRepeatedCalls(found: Finding[], state: ReducerState): void {
  const counts = new Map<string, { count: number; last: ToolCallState }>();
  const inputs = new Map<TranscriptItem, string>();
  for (const call of state.toolCalls.byId.values()) {
    // A key is made of the whole input; most turns have too few calls for any to be repeated.
    const isPossible = (call.turn?.toolCallCount ?? 0) >= REPEATED_CALLS;
    const key = isPossible && !isPoll(call) ? sameCallKey(call, inputs) : null;
    if (key === null) continue;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { count: 1, last: call });
    else {
      known.count += 1;
      known.last = call;
    }
  }
  for (const { count, last } of counts.values()) {
    if (count < REPEATED_CALLS) continue;
    const message = `its turn made this call ${count} times`;
    found.push(finding("repeated_identical_call", "tool_call", last.draft.tool_call_id, message));
  }
}

/** Whether a call only looks how far something is: what goes on for long is looked after again and again. */
function isPoll({ draft, asks, operation }: ToolCallState): boolean {
  if (asks !== null || draft.kind.type === "wait_agent") return true;
  const { request } = operation?.draft ?? {};
  // Without an invocation or a runtime's word it is not known what was written.
  const isKnown = draft.invocation_payload_id !== null || draft.runtime_payload_ids.length > 0;
  return isKnown && request?.type === "write_stdin" && request.stdin === "";
}

/**
 * Equal for calls of one turn with the same tool and the whole of the same input, whoever asked for them; null where the input is
 * not known.
 */
function sameCallKey({ draft, slot }: ToolCallState, inputs: Map<TranscriptItem, string>): string | null {
  const { turn_id, label, kind, input_preview: preview } = draft;
  const item = firstEntry(slot?.callItems ?? null);
  const isWhole = preview !== null && !preview.endsWith("…");
  const input = item === undefined ? (isWhole ? `text ${preview}` : null) : inputKey(item, inputs);
  if (input === null || turn_id === null) return null;
  const of =
    kind.type === "mcp"
      ? measured(kind.server) + measured(kind.tool)
      : kind.type === "other"
        ? kind.name
        : "";
  return textKey(measured(turn_id) + measured(kind.type) + measured(of) + measured(label) + input);
}

/** Longer inputs, in code units, are told apart by their hash. */
const LONG_INPUT = 1000;

/** A host may run one call with a long input again and again: that is looked at once. */
function inputKey(item: TranscriptItem, known: Map<TranscriptItem, string>): string {
  let key = known.get(item);
  if (key !== undefined) return key;
  const parts = item.normal.parts.map((part) => (part.type === "json" ? part.content_id : part));
  const input = JSON.stringify(parts);
  key = `item ${input.length > LONG_INPUT ? sha256Hex(input) : input}`;
  known.set(item, key);
  return key;
}

/** So that what follows a text is told apart from it. */
function measured(text: string): string {
  return `${text.length} ${text}`;
}

function shrinkage({ draft, dropped }: InferenceState): Finding {
  const message = `${dropped} items of the request before it are gone, and no compaction says why`;
  return finding("context_shrank_without_compaction", "inference_call", draft.inference_call_id, message);
}

function finding(code: FindingCode, type: Finding["object"]["type"], id: string, message: string): Finding {
  return { code, object: { type, id }, message };
}
