/** What the recording gives as the cause of a conversation item. */
import type { ConversationItem, Producer, RolloutGraph } from "@rollout-trace/reducer";
import { soughtForItem } from "../objects/sought.ts";
import { itemText } from "../render/item-text.ts";
import { type Cause, leads, missing, type Proof } from "./cause.ts";
import { orUnreadResponse } from "./unreadable.ts";

export function itemCauses(graph: RolloutGraph, id: string): readonly Cause[] | null {
  const item = graph.conversation_items[id];
  if (item === undefined) return null;
  const produced = item.produced_by.map((producer) => producedBy(graph, item, producer));
  const answered = callOf(graph, item);
  if (produced.length > 0 || answered !== null) return answered === null ? produced : [...produced, answered];
  return [unproduced(graph, item)];
}

function shown(graph: RolloutGraph, item: ConversationItem): Proof {
  return { seqs: item.evidence.seqs.toReversed(), sought: soughtForItem(graph, item.item_id) };
}

function producedBy(graph: RolloutGraph, item: ConversationItem, producer: Producer): Cause {
  switch (producer.type) {
    case "inference": {
      const { inference_call_id: id } = producer;
      const seqs = graph.inference_calls[id]?.evidence.seqs.toReversed() ?? [];
      const { sought } = shown(graph, item);
      return leads("was written in the response of", { type: "inference_call", id }, [{ seqs, sought }]);
    }
    case "tool": {
      const to = { type: "tool_call", id: producer.tool_call_id } as const;
      return leads("is the output of", to, [shown(graph, item)]);
    }
    case "code_cell": {
      const to = { type: "code_cell", id: producer.code_cell_id } as const;
      return leads("is the output of", to, [shown(graph, item)]);
    }
    case "interaction_edge": {
      const to = { type: "interaction_edge", id: producer.edge_id } as const;
      return leads("was brought by", to, [shown(graph, item)]);
    }
    case "compaction": {
      const to = { type: "compaction", id: producer.compaction_id } as const;
      return leads("was left by", to, [shown(graph, item)]);
    }
  }
}

const CALL_OF: { readonly [kind: string]: string } = {
  __proto__: null as never,
  function_call_output: "function_call",
  custom_tool_call_output: "custom_tool_call",
};

/** The call item that an output item answers, by their call id: the transcript links them even where no tool call was recorded. */
function callOf(graph: RolloutGraph, item: ConversationItem): Cause | null {
  const kind = CALL_OF[item.kind];
  if (kind === undefined || item.call_id === null) return null;
  const ids = graph.threads[item.thread_id]?.conversation_item_ids ?? [];
  const before = ids.slice(0, ids.indexOf(item.item_id));
  const call = before.findLast((id) => {
    const other = graph.conversation_items[id];
    return other?.call_id === item.call_id && other.kind === kind;
  });
  if (call === undefined) return null;
  return leads("answers", { type: "conversation_item", id: call }, [shown(graph, item)]);
}

function unproduced(graph: RolloutGraph, item: ConversationItem): Cause {
  const proofs = [shown(graph, item)];
  if (item.role === "system" || item.role === "developer") {
    return { type: "host", because: "is an instruction of the host", proofs };
  }
  if (item.role !== "user" || item.kind !== "message") {
    const named = item.call_id === null ? "" : ` with the call id ${item.call_id}`;
    const what = `no recorded response, call or compaction${named} produced this item`;
    const place = { threadId: item.thread_id, seq: item.evidence.seqs[0] ?? 0 };
    return missing(orUnreadResponse(graph, what, place));
  }
  const notified = notificationLike(graph, item);
  if (notified !== null) return missing(notified);
  const thread = graph.threads[item.thread_id];
  if (thread?.origin.type !== "root") {
    return missing(
      "no recorded interaction carries this message, and its agent is not the one a user talks to",
    );
  }
  return { type: "user", because: "is a message of the user", proofs };
}

/** Hosts may hand a cell's notification to the model as a user's message, which nothing recorded tells from a real one. */
function notificationLike(graph: RolloutGraph, item: ConversationItem): string | null {
  const text = itemText(item);
  const [firstSeq = 0] = item.evidence.seqs;
  for (const cell of Object.values(graph.code_cells)) {
    if (cell.thread_id !== item.thread_id) continue;
    const same = cell.notifications.find((note) => note.text === text && note.seq < firstSeq);
    if (same !== undefined) {
      return `nothing links it to its sender; cell ${cell.runtime_cell_id} notified the same text at seq ${same.seq}`;
    }
  }
  return null;
}
