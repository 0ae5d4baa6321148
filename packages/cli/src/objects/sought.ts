/** What the evidence of an object has to hold to be about it. */
import type { BodyPart, RolloutGraph } from "@rollout-trace/reducer";
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

/**
 * An item is known by its call id or the provider's id, otherwise by how its texts begin. One without a text, such as an image
 * or reasoning that came empty, is known by its content.
 */
export function soughtForItem(graph: RolloutGraph, id: string): Sought {
  const item = graph.conversation_items[id];
  if (item === undefined) return ANYTHING;
  const known = item.call_id ?? item.provider_item_id;
  if (known !== null) {
    return { needles: [JSON.stringify(known)], pick: OUTPUT_KINDS.has(item.kind) ? "last" : "first" };
  }
  const { parts } = item.body;
  const needles = parts.map(recordedText).filter((text) => text !== "");
  if (needles.length > 0) return { needles: needles.slice(0, SOUGHT_PARTS).map(asNeedle), pick: "last" };
  const contents = parts.flatMap((part) => ("content_id" in part ? [part.content_id] : []));
  return { needles: [], contents: contents.slice(0, SOUGHT_PARTS), pick: "last" };
}

/** Parts that are looked for: the first of many tell an item from others. */
const SOUGHT_PARTS = 4;

/** What stands in the recording just so. */
function recordedText(part: BodyPart): string {
  switch (part.type) {
    case "text":
    case "summary":
      return part.text;
    case "code":
      return part.source;
    case "encoded":
      return part.value;
    case "json":
    case "payload_ref":
      return "";
  }
}

function one(id: string | null | undefined): Sought {
  return id === null || id === undefined ? ANYTHING : { needles: [JSON.stringify(id)], pick: "last" };
}
