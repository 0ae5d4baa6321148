/** The names that Codex's own state gives to what the graph names otherwise. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";

export interface CodexIds {
  readonly item: (id: string) => string;
  readonly cell: (id: string) => string;
  readonly session: (id: string) => string;
  readonly payload: (id: string) => string;
  readonly anchor: (anchor: Anchor) => { readonly [key: string]: string };
}

const BUNDLE_PAYLOAD_ID = /^raw_payload:[1-9]\d{0,8}$/;

export function codexIds(graph: RolloutGraph): CodexIds {
  const cells = cellIds(graph);
  const payloads = payloadIds(graph);
  const item = (id: string): string => id.replace(/^item:/, "conversation_item:");
  return {
    item,
    cell: (id) => cells.get(id) ?? id,
    session: (id) => `terminal_session:${graph.terminal_sessions[id]?.created_by_operation_id ?? id}`,
    payload: (id) => payloads.get(id) ?? id,
    anchor: ({ type, id }) =>
      type === "conversation_item" ? { type, item_id: item(id) } : { type, [`${type}_id`]: id },
  };
}

/** A cell is named by its call. Where two threads use one call id, which the original does not allow, the later has a number. */
function cellIds({ code_cells: cells }: RolloutGraph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const { code_cell_id: id, model_visible_call_id: call } of Object.values(cells)) {
    const count = (taken.get(call) ?? 0) + 1;
    taken.set(call, count);
    names.set(id, `code_cell:${call}${count === 1 ? "" : `#${count}`}`);
  }
  return names;
}

/** Payloads keep the names that a bundle gave them; those of other recordings are numbered in their order. */
function payloadIds({ payloads }: RolloutGraph): ReadonlyMap<string, string> {
  const ids = Object.keys(payloads);
  const areKept = ids.every((id) => BUNDLE_PAYLOAD_ID.test(id));
  return new Map(ids.map((id, index) => [id, areKept ? id : `raw_payload:${index + 1}`]));
}
