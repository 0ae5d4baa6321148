/** What the evidence of an object has to hold to be about it. */
import type { RolloutGraph } from "@rollout-trace/reducer";
import { itemText } from "../render/item-text.ts";
import { ANYTHING, asNeedle, type Sought } from "./evidence.ts";
import type { ObjectAnchor } from "./graph-objects.ts";

const OUTPUT_KINDS: ReadonlySet<string> = new Set(["function_call_output", "custom_tool_call_output"]);

export function soughtFor(graph: RolloutGraph, { type, id }: ObjectAnchor): Sought {
  switch (type) {
    case "conversation_item":
      return soughtForItem(graph, id);
    case "tool_call":
      return one(graph.tool_calls[id]?.model_visible_call_id ?? graph.tool_calls[id]?.recorded_id);
    case "code_cell":
      return one(graph.code_cells[id]?.model_visible_call_id);
    case "interaction_edge": {
      const carried = graph.interaction_edges[id]?.carried_item_ids[0];
      return carried === undefined ? ANYTHING : soughtForItem(graph, carried);
    }
    default:
      return ANYTHING;
  }
}

/** An item is known by its call id or the provider's id, otherwise by how its text begins. */
export function soughtForItem(graph: RolloutGraph, id: string): Sought {
  const item = graph.conversation_items[id];
  if (item === undefined) return ANYTHING;
  const known = item.call_id ?? item.provider_item_id;
  if (known !== null) {
    return { needles: [JSON.stringify(known)], pick: OUTPUT_KINDS.has(item.kind) ? "last" : "first" };
  }
  return { needles: [asNeedle(itemText(item))], pick: "last" };
}

function one(id: string | null | undefined): Sought {
  return id === null || id === undefined ? ANYTHING : { needles: [JSON.stringify(id)], pick: "last" };
}
