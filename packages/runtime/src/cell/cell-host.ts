/** What a cell needs of its session, and nothing more. */
import type { CellNotification, JsonValue, NestedToolCall } from "@rollout-trace/protocol";
import type { Lost } from "../isolate/cell-isolate.ts";

export interface CellHost {
  invokeTool(call: NestedToolCall, signal: AbortSignal): Promise<JsonValue>;
  notify(notification: CellNotification, signal: AbortSignal): Promise<void>;
  /** Why these writes cannot be merged, in words for the model; null when they can. */
  refusal(writes: ReadonlyMap<string, string>): string | null;
  /** Merges the writes of a script that settled into the session's stored values. */
  commit(writes: ReadonlyMap<string, string>): void;
  /** The cell's last response is out; called once. */
  closed(cellId: string): void;
  /** The cell ended, but its isolate could not be stopped in order. */
  isolateLost(cellId: string, how: Lost): void;
}

/** How long a delegate may take to answer once its cell is over. */
export interface CallbackGraces {
  /** Milliseconds that notifications of a completed cell may take before they are aborted. */
  readonly notifyDrainMs: number;
  /** Milliseconds that an aborted call or notification is still waited for. */
  readonly abortGraceMs: number;
}
