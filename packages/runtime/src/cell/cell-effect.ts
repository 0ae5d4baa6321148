/** What a transition asks its shell to do, in order. */
import type { CancelCause, CellLimitName, CodeModeErrorCode, ContentItem } from "@rollout-trace/protocol";
import type { Delivery } from "../isolate/cell-isolate.ts";
import type { CalledTool } from "./cell-message.ts";
import type { CellEnd } from "./cell-state.ts";

export type CellEffect =
  | { readonly type: "deliver"; readonly delivery: Delivery }
  | { readonly type: "invoke"; readonly call: CalledTool }
  | { readonly type: "notify"; readonly text: string }
  | { readonly type: "arm_deadline"; readonly id: number; readonly ms: number }
  | { readonly type: "disarm_deadline" }
  /** Answers one observer; it is not mentioned again. */
  | { readonly type: "respond"; readonly id: number; readonly outcome: ObservedOutcome }
  | {
      readonly type: "refuse";
      readonly id: number;
      readonly code: Extract<CodeModeErrorCode, "busy_observer" | "already_terminating">;
    }
  /** The observer had already gone; nobody gets anything. */
  | { readonly type: "abandon"; readonly id: number }
  | {
      readonly type: "report_cancel";
      readonly cause: CancelCause;
      readonly toolCallId: string | null;
      readonly limit: CellLimitName | null;
    }
  /** Publishes the stored values. At most once, and together with the decision that the script settled. */
  | { readonly type: "commit"; readonly writes: ReadonlyMap<string, string> }
  /** Ends isolate, callbacks and deadline; `stopped` follows. */
  | { readonly type: "stop"; readonly how: StopHow }
  /** The cell is over. At most once. */
  | { readonly type: "report_end"; readonly end: CellEnd; readonly items: readonly ContentItem[] }
  /** The last response is out. At most once, last. */
  | { readonly type: "close" };

/** What somebody who observed a cell gets. */
export type ObservedOutcome =
  | { readonly type: "yielded" | "pending"; readonly items: readonly ContentItem[] }
  | { readonly type: "ended"; readonly end: CellEnd; readonly items: readonly ContentItem[] }
  | { readonly type: "missing" };

/** `settled`: notifications are drained, tool calls cancelled. `cancelled`: both are cancelled, and a running script is stopped. */
export type StopHow =
  | { readonly type: "settled" }
  | { readonly type: "cancelled"; readonly cause: CancelCause };
