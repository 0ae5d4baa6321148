import type { GraphObject } from "./base.ts";

export const ITEM_ROLES = ["system", "developer", "user", "assistant", "tool"] as const;
export type ItemRole = (typeof ITEM_ROLES)[number];

export const ITEM_CHANNELS = ["analysis", "commentary", "final", "summary"] as const;
export type ItemChannel = (typeof ITEM_CHANNELS)[number];

export const ITEM_KINDS = [
  "message",
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "compaction_marker",
] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

/**
 * A piece of an item's body.
 *
 * `json` holds a preview of the canonical text (at most 240 code points, cut with `…`). `content_id` is the SHA-256 (hex) of
 * the whole canonical text and `payload_id` names a payload that it can be read from.
 */
export type BodyPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "summary"; readonly text: string }
  | { readonly type: "code"; readonly language: string; readonly source: string }
  | { readonly type: "encoded"; readonly label: string; readonly value: string }
  | {
      readonly type: "json";
      readonly preview: string;
      readonly content_id: string;
      readonly payload_id: string;
    }
  | {
      readonly type: "payload_ref";
      readonly label: string;
      readonly content_id: string;
      readonly payload_id: string;
    };

export interface ItemBody {
  readonly parts: readonly BodyPart[];
}

/** What made an item. */
export type Producer =
  | { readonly type: "inference"; readonly inference_call_id: string }
  | { readonly type: "tool"; readonly tool_call_id: string }
  | { readonly type: "code_cell"; readonly code_cell_id: string }
  | { readonly type: "interaction_edge"; readonly edge_id: string }
  | { readonly type: "compaction"; readonly compaction_id: string };

/** One item of a model-facing payload, as the model saw it. */
export interface ConversationItem extends GraphObject {
  /** `item:1`, `item:2`, … */
  readonly item_id: string;
  /** The provider's own id (`msg_…`, `fc_…`), where it has one. */
  readonly provider_item_id: string | null;
  readonly thread_id: string;
  /** The turn in which it was first seen. */
  readonly turn_id: string | null;
  /** When it entered the thread's live history, where that was recorded. */
  readonly accepted: { readonly at_us: number; readonly seq: number } | null;
  readonly first_seen_at_us: number;
  readonly role: ItemRole;
  readonly channel: ItemChannel | null;
  readonly kind: ItemKind;
  readonly call_id: string | null;
  readonly body: ItemBody;
  /** Set for a message between agents: agent paths. */
  readonly agent_message: { readonly author: string; readonly recipient: string } | null;
  readonly produced_by: readonly Producer[];
}
