/** What an item was produced by. */
import type { ConversationItem, Producer } from "../graph/conversation.ts";
import { appended, type Draft } from "../graph/draft.ts";

const PLACE: { readonly [Type in Producer["type"]]: number } = {
  inference: 0,
  compaction: 0,
  tool: 1,
  code_cell: 2,
  interaction_edge: 3,
};

/** Adds a producer at the place of its kind, and of its id among several edges, whichever of them was recorded first. */
export function addProducer(item: Draft<ConversationItem>, producer: Producer): void {
  const { produced_by: known } = item;
  const at = known.findLastIndex((other) => !comesAfter(other, producer)) + 1;
  item.produced_by = at === known.length ? appended(known, producer) : known.toSpliced(at, 0, producer);
}

function comesAfter(one: Producer, other: Producer): boolean {
  if (one.type === "interaction_edge" && other.type === "interaction_edge")
    return one.edge_id > other.edge_id;
  return PLACE[one.type] > PLACE[other.type];
}
