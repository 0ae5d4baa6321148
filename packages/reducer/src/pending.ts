/** What still waits, as diagnostics. Changes nothing. */
import { type Diagnostic, type DiagnosticCode, severityOf, shortMessage } from "./diagnostics.ts";
import type { Anchor } from "./graph/base.ts";
import type { Sessions } from "./linking/sessions.ts";
import type { CallSlot } from "./state/call-state.ts";
import type { ReducerState } from "./state/reducer-state.ts";

/**
 * As long as the rollout runs, the item that asks for a call may still come, which is recorded later than the call. Whatever an event
 * names may still start as long as there is more input.
 */
export function pendingDiagnostics(
  state: ReducerState,
  { sessions, isLast }: { sessions: Sessions; isLast: boolean },
): readonly Diagnostic[] {
  const isOver = state.end !== null;
  return [
    ...nothing(state),
    ...(isOver || isLast ? [...unstarted(state), ...orphans(state), ...strangers(state)] : []),
    ...otherProcesses(sessions),
    ...(isOver ? missingSources(state) : []),
  ];
}

/** A recording without a single event, and without a reason for that. */
function nothing(state: ReducerState): readonly Diagnostic[] {
  if (state.rolloutId !== null || state.diagnostics.length > 0) return [];
  const message = "there is no event; a recording begins with rollout_started";
  return [diagnostic("missing_rollout_start", { seq: null, message, object: null })];
}

function unstarted(state: ReducerState): readonly Diagnostic[] {
  return [...state.waiting].flatMap(([key, events]) => {
    const [kind, id] = JSON.parse(key) as [string, string];
    return events.map(({ seq, payload }) =>
      diagnostic("unknown_reference", {
        seq,
        message: `${payload.type}: ${kind.replaceAll("_", " ")} ${JSON.stringify(id)} never started`,
        object: null,
      }),
    );
  });
}

/** Nested calls whose cell never started. */
function orphans(state: ReducerState): readonly Diagnostic[] {
  return [...state.threads.values()].flatMap((thread) =>
    [...thread.orphans].flatMap(([runtimeCellId, calls]) =>
      calls.map(({ draft }) =>
        diagnostic("unknown_reference", {
          seq: draft.execution.started_seq,
          message: `tool call ${JSON.stringify(draft.recorded_id)} is nested in cell ${JSON.stringify(runtimeCellId)}, which never started`,
          object: { type: "tool_call", id: draft.tool_call_id },
        }),
      ),
    ),
  );
}

/** Interactions with a thread that never started, of which the graph has no edge. */
function strangers(state: ReducerState): readonly Diagnostic[] {
  return [...state.awaitingThread].flatMap(([threadId, interactions]) =>
    [...interactions]
      // A model may ask for what there is not, and be told so.
      .filter(({ edge, ended }) => edge === null && (ended === null || ended.status === "completed"))
      .map(({ kind, call: { draft }, seqs }) =>
        diagnostic("unknown_reference", {
          seq: seqs[0] ?? null,
          message: `${kind} of tool call ${JSON.stringify(draft.tool_call_id)}: thread ${JSON.stringify(threadId)} never started`,
          object: { type: "tool_call", id: draft.tool_call_id },
        }),
      ),
  );
}

/** Writes that named one process and went to another by the host's word. */
function otherProcesses({ conflicts }: Sessions): readonly Diagnostic[] {
  return conflicts.map(({ write, seq, processIds }) =>
    diagnostic("call_id_conflict", {
      seq,
      message: `call ${JSON.stringify(write.draft.tool_call_id)} has two process ids: ${processIds.map(shortMessage).join(" and ")}`,
      object: { type: "tool_call", id: write.draft.tool_call_id },
    }),
  );
}

/** Calls and cells that the model is said to have asked for, in threads with a transcript that does not have them. */
function missingSources(state: ReducerState): readonly Diagnostic[] {
  const missing: Diagnostic[] = [];
  const look = (slot: CallSlot): void => {
    const object = slot.callItems === null ? askedFor(slot) : null;
    if (object === null) return;
    const message = `no recorded item asks for call ${JSON.stringify(slot.callId)}`;
    missing.push(diagnostic("missing_source_item", { seq: null, message, object }));
  };
  for (const { conversation, slots, reusedSlots } of state.threads.values()) {
    if (!conversation.hasRequests) continue;
    for (const first of slots.values()) {
      for (const slot of reusedSlots.get(first.callId)?.all ?? [first]) look(slot);
    }
  }
  return missing;
}

function askedFor({ toolCall, cell }: CallSlot): Anchor | null {
  if (toolCall !== null && toolCall.draft.requester.type === "model") {
    return { type: "tool_call", id: toolCall.draft.tool_call_id };
  }
  return cell === null ? null : { type: "code_cell", id: cell.draft.code_cell_id };
}

function diagnostic(code: DiagnosticCode, rest: Omit<Diagnostic, "code" | "severity">): Diagnostic {
  return { code, severity: severityOf(code), ...rest, message: shortMessage(rest.message) };
}
