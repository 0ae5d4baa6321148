/**
 * What the recording gives as the cause of an object: one step towards the user.
 *
 * Every cause names the events that have to show it and what they have to hold; whoever follows it looks there first. Where
 * the recording gives none, the step says what is missing.
 */
import { expandRequest, type RolloutGraph, type Turn } from "@rollout-trace/reducer";
import type { ObjectAnchor } from "../objects/graph-objects.ts";
import { parentSpan } from "../objects/parent-span.ts";
import { soughtForItem } from "../objects/sought.ts";
import { type Cause, leads, missing, type Proof, proof } from "./cause.ts";
import { itemCauses } from "./item-causes.ts";
import { orUnreadResponse, unreadableRequest } from "./unreadable.ts";

/** The recorded causes of an object, best first. Never empty. */
export function causesOf(graph: RolloutGraph, anchor: ObjectAnchor): readonly Cause[] {
  return CAUSES[anchor.type](graph, anchor.id) ?? [missing("it is not in the graph")];
}

type Causes = (graph: RolloutGraph, id: string) => readonly Cause[] | null;

const CAUSES: { readonly [Type in ObjectAnchor["type"]]: Causes } = {
  conversation_item: itemCauses,
  inference_call(graph, id) {
    const call = graph.inference_calls[id];
    const turn = graph.turns[call?.turn_id ?? ""];
    if (call === undefined) return null;
    if (turn === undefined) return [missing(`the turn ${call.turn_id} that it names`)];
    const isFirst = turn.inference_call_ids[0] === id;
    const membership = isFirst ? [] : [proof([call.execution.started_seq], turn.recorded_id)];
    return [openingOf(graph, turn, "belongs to the turn that was set off by", membership)];
  },
  turn(graph, id) {
    const turn = graph.turns[id];
    return turn === undefined ? null : [openingOf(graph, turn, "was set off by", [])];
  },
  tool_call: toolCallCauses,
  code_cell(graph, id) {
    const cell = graph.code_cells[id];
    if (cell === undefined) return null;
    const started = proof([cell.execution.started_seq, ...cell.evidence.seqs], cell.model_visible_call_id);
    if (cell.exec_tool_call_id !== null) {
      return [leads("was started by", { type: "tool_call", id: cell.exec_tool_call_id }, [started])];
    }
    if (cell.source_item_id !== null) {
      return [leads("runs the code of", { type: "conversation_item", id: cell.source_item_id }, [started])];
    }
    const what = `no exec call and no response carries the call id ${cell.model_visible_call_id}`;
    const place = { threadId: cell.thread_id, seq: cell.execution.started_seq };
    return [missing(orUnreadResponse(graph, what, place))];
  },
  thread(graph, id) {
    const thread = graph.threads[id];
    if (thread === undefined) return null;
    const { origin, evidence, recorded_id } = thread;
    if (origin.type === "root") {
      return [
        {
          type: "host",
          because: "was started by the host as the root agent",
          proofs: [proof(evidence.seqs, recorded_id)],
        },
      ];
    }
    if (origin.type === "unknown") return [missing("the recording names this agent and never starts it")];
    if (origin.spawn_edge_id === null) {
      return [
        missing(`no recorded interaction spawned it; its start names the parent ${origin.parent_thread_id}`),
      ];
    }
    const edge = graph.interaction_edges[origin.spawn_edge_id];
    const seqs = edge?.evidence.seqs ?? [];
    return [
      leads("was spawned by", { type: "interaction_edge", id: origin.spawn_edge_id }, [
        proof(seqs, recorded_id),
      ]),
    ];
  },
  interaction_edge(graph, id) {
    const edge = graph.interaction_edges[id];
    if (edge === undefined) return null;
    const { source, evidence } = edge;
    switch (source.type) {
      case "tool_call": {
        const call = graph.tool_calls[source.id];
        // The call's own start and end name it too, and say nothing of the interaction.
        const own = new Set([call?.execution.started_seq, call?.execution.ended_seq]);
        const seqs = evidence.seqs
          .toReversed()
          .toSorted((left, right) => Number(own.has(left)) - Number(own.has(right)));
        return [
          leads("was made by", { type: "tool_call", id: source.id }, [
            proof(seqs, call?.recorded_id ?? source.id),
          ]),
        ];
      }
      case "conversation_item": {
        const childId = graph.conversation_items[source.id]?.thread_id ?? "";
        const child = graph.threads[childId]?.recorded_id ?? childId;
        return [
          leads("reports", { type: "conversation_item", id: source.id }, [proof(evidence.seqs, child)]),
        ];
      }
      case "thread": {
        const child = graph.threads[source.id]?.recorded_id ?? source.id;
        return [
          leads("reports the end of", { type: "thread", id: source.id }, [proof(evidence.seqs, child)]),
        ];
      }
      default:
        return [missing("the sender")];
    }
  },
  compaction(graph, id) {
    const compaction = graph.compactions[id];
    if (compaction === undefined) return null;
    return [inTurn(graph, compaction.turn_id, compaction.evidence.seqs)];
  },
  compaction_request(graph, id) {
    const request = graph.compaction_requests[id];
    return request === undefined ? null : [inTurn(graph, request.turn_id, request.evidence.seqs)];
  },
  terminal_operation(graph, id) {
    const operation = graph.terminal_operations[id];
    if (operation === undefined) return null;
    const recorded = graph.tool_calls[operation.tool_call_id]?.recorded_id ?? operation.tool_call_id;
    const shown = [proof(operation.evidence.seqs, recorded)];
    return [leads("was run by", { type: "tool_call", id: operation.tool_call_id }, shown)];
  },
  terminal_session(graph, id) {
    const session = graph.terminal_sessions[id];
    if (session === undefined) return null;
    const to = { type: "terminal_operation", id: session.created_by_operation_id } as const;
    return [leads("was opened by", to, [proof(session.evidence.seqs, session.recorded_id)])];
  },
  span(graph, id) {
    const span = graph.spans[id];
    if (span === undefined) return null;
    const parent = parentSpan(graph, span);
    if (parent !== null) {
      return [
        leads("is part of", { type: "span", id: parent.span_id }, [
          proof(span.evidence.seqs, parent.recorded_id),
        ]),
      ];
    }
    return [inTurn(graph, span.turn_id, span.evidence.seqs)];
  },
  payload(graph, id) {
    const users = (
      ["inference_call", "tool_call", "code_cell", "compaction", "compaction_request", "thread"] as const
    ).flatMap((type) =>
      Object.entries(graph[USERS[type]])
        .filter(([, object]) => object.evidence.payload_ids.includes(id))
        .map(([user, object]) =>
          leads("is evidence of", { type, id: user }, [proof(object.evidence.seqs, id)]),
        ),
    );
    return users.length === 0 ? [missing("nothing in the graph names this payload")] : users;
  },
};

const USERS = {
  inference_call: "inference_calls",
  tool_call: "tool_calls",
  code_cell: "code_cells",
  compaction: "compactions",
  compaction_request: "compaction_requests",
  thread: "threads",
} as const;

function toolCallCauses(graph: RolloutGraph, id: string): readonly Cause[] | null {
  const call = graph.tool_calls[id];
  if (call === undefined) return null;
  const { requester, execution, model_visible_call_id: callId } = call;
  switch (requester.type) {
    case "host": {
      const seqs = [execution.started_seq];
      return [{ type: "host", because: "was made by the host itself", proofs: [proof(seqs, "host")] }];
    }
    case "code_cell": {
      const cell = requester.runtime_cell_id;
      if (requester.code_cell_id === null) return [missing(`the start of cell ${cell}, which made the call`)];
      const to = { type: "code_cell", id: requester.code_cell_id } as const;
      return [leads("was made by", to, [proof([execution.started_seq], cell)])];
    }
    case "model": {
      const inference = graph.inference_calls[call.caused_by?.inference_call_id ?? ""];
      if (inference !== undefined && callId !== null) {
        const seqs = inference.evidence.seqs.toReversed();
        const to = { type: "inference_call", id: inference.inference_call_id } as const;
        return [leads("was asked for in the response of", to, [proof(seqs, callId)])];
      }
      const [item] = call.call_item_ids;
      if (item !== undefined) {
        return [
          leads("was asked for by", { type: "conversation_item", id: item }, [
            proof(call.evidence.seqs, callId ?? ""),
          ]),
        ];
      }
      if (callId === null) return [missing("the call id")];
      const what = `no recorded response carries the call id ${callId}`;
      const place = { threadId: call.thread_id, seq: execution.started_seq };
      return [missing(orUnreadResponse(graph, what, place))];
    }
  }
}

/** To the message that set a turn off: the last one to the agent in the turn's first request. */
function openingOf(graph: RolloutGraph, turn: Turn, because: string, proofs: readonly Proof[]): Cause {
  const first = graph.inference_calls[turn.inference_call_ids[0] ?? ""];
  if (first === undefined)
    return missing("the turn has no recorded model request, so what set it off is not known");
  const items = expandRequest(graph, first.inference_call_id).flatMap(
    (id) => graph.conversation_items[id] ?? [],
  );
  const opening = items.findLast(
    (item) => item.kind === "message" && (item.role === "user" || item.agent_message !== null),
  );
  const seq = first.execution.started_seq;
  if (opening === undefined) {
    const unreadable = unreadableRequest(graph, first.inference_call_id);
    if (unreadable !== null) return missing(unreadable);
    return missing(
      `the request at seq ${seq} (payload ${first.request_payload_id}) shows no message to the agent`,
    );
  }
  const shown: Proof = {
    seqs: [seq, ...opening.evidence.seqs.toReversed()],
    sought: soughtForItem(graph, opening.item_id),
  };
  return leads(because, { type: "conversation_item", id: opening.item_id }, [...proofs, shown]);
}

function inTurn(graph: RolloutGraph, turnId: string | null, seqs: readonly number[]): Cause {
  const turn = graph.turns[turnId ?? ""];
  if (turn === undefined) return missing("the turn that it happened in");
  return leads("happened in", { type: "turn", id: turn.turn_id }, [proof(seqs, turn.recorded_id)]);
}
