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

/** Adds a producer at the place of its kind, whichever of several was recorded first. */
export function addProducer(item: Draft<ConversationItem>, producer: Producer): void {
  const { produced_by: known } = item;
  const at = known.findIndex(({ type }) => PLACE[type] > PLACE[producer.type]);
  item.produced_by = at === -1 ? appended(known, producer) : known.toSpliced(at, 0, producer);
}
